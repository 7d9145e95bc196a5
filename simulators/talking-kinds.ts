/** Every simulated device that is spoken to, one row each. */

import type { TalkingKind } from './device-kinds.ts'

export const TALKING_KINDS: readonly TalkingKind[] = []
