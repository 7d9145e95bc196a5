/** Where a command looks for the state when it is not told. */
export const DEFAULT_STATE_DIR = './wardgate-state'
