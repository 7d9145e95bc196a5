/** Every simulated device that is spoken to, one row each. */

import { createAs50Pump } from './as50-pump.ts'
import { createAsenaPump } from './asena-pump.ts'
import { createBccRack } from './bcc-rack.ts'
import type { TalkingKind } from './device-kinds.ts'
import { createHl7Gateway } from './hl7-gateway.ts'

export const TALKING_KINDS: readonly TalkingKind[] = [
  {
    protocol: 'hl7-mllp',
    link: 'talking',
    over: 'tcp-caller',
    rhythm: { kind: 'messages-per-second', count: 1 },
    plays: ['heartRate', 'pulseRate', 'respRate', 'spo2', 'nibpSystolic', 'nibpDiastolic', 'nibpMean'],
    createTalker: createHl7Gateway,
  },
  {
    protocol: 'bbraun-bcc',
    link: 'talking',
    over: 'serial',
    rhythm: { kind: 'messages-per-second', count: 1 },
    plays: [],
    createTalker: createBccRack,
  },
  {
    protocol: 'alaris-asena',
    link: 'talking',
    over: 'serial',
    rhythm: { kind: 'messages-per-second', count: 1 },
    plays: [],
    createTalker: createAsenaPump,
  },
  {
    protocol: 'baxter-as50',
    link: 'talking',
    over: 'serial',
    rhythm: { kind: 'messages-per-second', count: 1 },
    plays: [],
    createTalker: createAs50Pump,
  },
]
