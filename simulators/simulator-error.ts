/** The operator's fault: a recording, a scenario or a device name that cannot be played. Exit code 78. */
export class SimulatorError extends Error {
  readonly code = 'WG_CONFIG'

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'SimulatorError'
  }
}
