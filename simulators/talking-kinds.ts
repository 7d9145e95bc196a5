/** Every simulated device that is spoken to, one row each. */

import { createContecTalker } from './contec-talker.ts'
import type { TalkingKind } from './device-kinds.ts'
import { createDriMonitor } from './dri-monitor.ts'
import { createIntellivueLan, createIntellivueSerial } from './intellivue-talkers.ts'
import { createMedibusVentilator } from './medibus-ventilator.ts'
import type { RecordedField } from './recording.ts'
import type { Rhythm } from './timeline.ts'

/** "Results came 8192 ticks (1.024 s) apart." */
const INTELLIVUE_RHYTHM: Rhythm = { kind: 'messages-per-second', count: 8000 / 8192 }
const MONITOR: readonly RecordedField[] = [
  'heartRate',
  'spo2',
  'pulseRate',
  'respRate',
  'nibpSystolic',
  'nibpDiastolic',
  'nibpMean',
]

export const TALKING_KINDS: readonly TalkingKind[] = [
  {
    protocol: 'contec-v7',
    link: 'talking',
    over: 'serial',
    rhythm: { kind: 'messages-per-second', count: 1 },
    plays: ['spo2', 'pulseRate'],
    createTalker: createContecTalker,
  },
  {
    protocol: 'datex-dri',
    link: 'talking',
    over: 'serial',
    rhythm: { kind: 'messages-per-second', count: 1 },
    plays: ['heartRate', 'pulseRate', 'respRate', 'spo2', 'nibpSystolic', 'nibpDiastolic', 'nibpMean'],
    createTalker: createDriMonitor,
  },
  {
    protocol: 'intellivue-lan',
    link: 'talking',
    over: 'udp',
    rhythm: INTELLIVUE_RHYTHM,
    plays: MONITOR,
    createTalker: createIntellivueLan,
  },
  {
    protocol: 'intellivue-rs232',
    link: 'talking',
    over: 'serial',
    rhythm: INTELLIVUE_RHYTHM,
    plays: MONITOR,
    createTalker: createIntellivueSerial,
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
