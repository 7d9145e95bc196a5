/** Every simulated device that is spoken to, one row each. */

import { createAs50Pump } from './as50-pump.ts'
import { createAsenaPump } from './asena-pump.ts'
import { createBccRack } from './bcc-rack.ts'
import { createContecTalker } from './contec-talker.ts'
import type { TalkingKind } from './device-kinds.ts'
import { createDriMonitor } from './dri-monitor.ts'
import { createHl7Gateway } from './hl7-gateway.ts'
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
