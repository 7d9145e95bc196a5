/** Nonin Data Format 8: four bytes once a second, no checksum; only the first byte has bit 7 set. */

import { createStreamDriver } from './framing/parse-stream.ts'
import type { Grammar, Judgement } from './framing/parse-stream.ts'
import { METRICS } from './metrics.ts'
import { HR_MISSING, isPossibleNonin, noninNumeric, SPO2_MISSING } from './nonin-numeric.ts'
import type { NoninFlags } from './nonin-numeric.ts'
import type { DeviceProtocol, DriverOutput } from './protocol.ts'

const FRAME_BYTES = 4
const SYNC = 0x80

/** Bits of the first byte. */
const OUT_OF_TRACK = 0x20
const LOW_PERFUSION = 0x10
const MARGINAL_PERFUSION = 0x08
const ARTIFACT = 0x04
const HR_HIGH = 0x03

/** Bits of the fourth byte. */
const SMARTPOINT = 0x20
const SENSOR_ALARM = 0x08
const LOW_BATTERY = 0x01

interface Df8Frame extends NoninFlags {
  readonly heartRate: number
  readonly spo2: number
  readonly status: number
}

const grammar: Grammar<Df8Frame> = { maxUnitBytes: FRAME_BYTES, judge }

function judge(window: Uint8Array): Judgement<Df8Frame> {
  const start = window.findIndex((byte) => (byte & SYNC) !== 0)
  if (start !== 0) return { kind: 'discard', sizeBytes: start < 0 ? window.length : start, reason: 'noise' }
  const next = window.findIndex((byte, at) => at > 0 && (byte & SYNC) !== 0)
  if (next > 0) return { kind: 'discard', sizeBytes: next, reason: 'truncated', isWhole: true }
  if (window.length < FRAME_BYTES) return { kind: 'more', needBytes: window.length + 1 }
  const frame = readFrame(window)
  if (isPossibleNonin(frame)) return { kind: 'unit', sizeBytes: FRAME_BYTES, unit: frame }
  return { kind: 'discard', sizeBytes: FRAME_BYTES, reason: 'out-of-range', isWhole: true }
}

function readFrame(window: Uint8Array): Df8Frame {
  const [first = 0, rateLow = 0, spo2 = 0, status = 0] = window
  return {
    heartRate: (first & HR_HIGH) * 128 + rateLow,
    spo2,
    status,
    isSensorAlarm: (status & SENSOR_ALARM) !== 0,
    doubts: [
      ...((first & OUT_OF_TRACK) === 0 ? [] : ['out_of_track']),
      ...((first & ARTIFACT) === 0 ? [] : ['artifact']),
      ...((first & LOW_PERFUSION) === 0 ? [] : ['low_perfusion']),
    ],
    isMarginalPerfusion: (first & MARGINAL_PERFUSION) !== 0,
  }
}

function readUnit(frame: Df8Frame): readonly DriverOutput[] {
  return [
    {
      kind: 'observation',
      numerics: [
        noninNumeric(METRICS.MDC_PULS_OXIM_PULS_RATE, frame.heartRate, HR_MISSING, frame),
        noninNumeric(METRICS.MDC_PULS_OXIM_SAT_O2, frame.spo2, SPO2_MISSING, frame),
      ],
    },
    { kind: 'text', name: 'low_battery', value: (frame.status & LOW_BATTERY) !== 0 },
    { kind: 'text', name: 'smartpoint', value: (frame.status & SMARTPOINT) !== 0 },
  ]
}

export const noninDf8: DeviceProtocol = {
  id: 'nonin-df8',
  version: '1.0.0',
  devices: 'Nonin 9560 and modules (Data Format 8)',
  link: {
    kind: 'serial',
    baudRate: 9600,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
    flowControl: 'none',
  },
  source: 'Nonin 9560 specification; no live capture',
  metrics: [METRICS.MDC_PULS_OXIM_PULS_RATE, METRICS.MDC_PULS_OXIM_SAT_O2],
  sends: [],
  ttlMs: 4000,
  uncertaintyMs: 2000,
  silenceMs: 5000,
  createDriver: () => createStreamDriver(grammar, () => readUnit),
}
