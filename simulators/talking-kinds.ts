/** Every simulated device that is spoken to, one row each. */

import { createContecTalker } from './contec-talker.ts'
import type { TalkingKind } from './device-kinds.ts'

export const TALKING_KINDS: readonly TalkingKind[] = [
  {
    protocol: 'contec-v7',
    link: 'talking',
    over: 'serial',
    rhythm: { kind: 'messages-per-second', count: 1 },
    plays: ['spo2', 'pulseRate'],
    createTalker: createContecTalker,
  },
]
