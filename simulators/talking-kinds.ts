/** Every simulated device that is spoken to, one row each. */

import type { TalkingKind } from './device-kinds.ts'
import { createDriMonitor } from './dri-monitor.ts'
import { createMedibusVentilator } from './medibus-ventilator.ts'

export const TALKING_KINDS: readonly TalkingKind[] = [
  {
    protocol: 'datex-dri',
    link: 'talking',
    over: 'serial',
    rhythm: { kind: 'messages-per-second', count: 1 },
    plays: ['heartRate', 'pulseRate', 'respRate', 'spo2', 'nibpSystolic', 'nibpDiastolic', 'nibpMean'],
    createTalker: createDriMonitor,
  },
  {
    protocol: 'medibus',
    link: 'talking',
    over: 'serial',
    rhythm: { kind: 'messages-per-second', count: 1 },
    plays: ['spo2', 'pulseRate'],
    createTalker: createMedibusVentilator,
  },
]
