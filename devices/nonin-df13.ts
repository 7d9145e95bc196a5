/**
 * Nonin Data Format 13: one record for each spot check, `00 02 00 0D | length | body | sum of the body | 03`.
 * The oximeter stores what it could not hand over and sends it later, marked as coming from memory.
 */

import { readBcd } from './framing/bcd.ts'
import { sum8 } from './framing/checksum.ts'
import { epochMsOf } from './framing/civil-time.ts'
import { createStreamDriver } from './framing/parse-stream.ts'
import type { Grammar, Judgement } from './framing/parse-stream.ts'
import { METRICS } from './metrics.ts'
import type { Metric } from './metrics.ts'
import { HR_MISSING, isPossibleNonin, SPO2_MISSING } from './nonin-numeric.ts'
import type { DeviceProtocol, DiscardReason, DriverOutput, Numeric } from './protocol.ts'

const HEADER = [0x00, 0x02, 0x00, 0x0d] as const
const BODY_AT = HEADER.length + 2
const TRAILER_BYTES = 2
const END = 0x03
const MIN_BODY_BYTES = 14
/** A longer body has further fields at its end; more than this is no record but a damaged length. */
const MAX_BODY_BYTES = 64
const MIN_RECORD_BYTES = BODY_AT + MIN_BODY_BYTES + TRAILER_BYTES

/** Places in the body. */
const FIELD = { century: 0, year: 1, month: 2, day: 3, hour: 4, minute: 5, second: 6 } as const
const STATUS_HIGH = 8
const STATUS_LOW = 9
const RATE_AT = 10
const SPO2_AT = 13
/** "20": the records know no other century. */
const CENTURY = 20

const SMARTPOINT = 0x02
const NO_MEASUREMENT = 0x01
const FROM_MEMORY = 0x10
const LOW_BATTERY = 0x01

interface SpotCheck {
  readonly epochMs: number
  readonly heartRate: number
  readonly spo2: number
  readonly statusHigh: number
  readonly statusLow: number
}

type Verdict =
  | { readonly kind: 'more' }
  | { readonly kind: 'record'; readonly sizeBytes: number; readonly record: SpotCheck }
  /** `sizeBytes` is how much of it is certainly lost: one byte unless the sum says that the record is whole. */
  | { readonly kind: 'bad'; readonly sizeBytes: number; readonly reason: DiscardReason }

const grammar: Grammar<SpotCheck> = {
  maxUnitBytes: BODY_AT + MAX_BODY_BYTES + TRAILER_BYTES,
  judge,
}

function judge(window: Uint8Array): Judgement<SpotCheck> {
  const start = findHeader(window, 0)
  if (start > 0) return { kind: 'discard', sizeBytes: start, reason: 'noise' }
  // A damaged length would hold the next spot check back until the one after it.
  const inner = findWholeRecord(window)
  if (inner !== undefined) return { kind: 'discard', sizeBytes: inner, reason: 'truncated' }
  const verdict = readRecord(window)
  if (verdict.kind === 'more')
    return {
      kind: 'more',
      needBytes: window.length < BODY_AT ? window.length + 1 : Math.max(MIN_RECORD_BYTES, window.length + 1),
    }
  if (verdict.kind === 'record') return { kind: 'unit', sizeBytes: verdict.sizeBytes, unit: verdict.record }
  return {
    kind: 'discard',
    sizeBytes: verdict.sizeBytes,
    reason: verdict.reason,
    isWhole: verdict.sizeBytes > 1,
  }
}

/** Where the header, or what may become one at the end of the window, begins. */
function findHeader(window: Uint8Array, from: number): number {
  let at = from
  while (
    at < window.length &&
    !HEADER.every((byte, index) => at + index >= window.length || window[at + index] === byte)
  )
    at += 1
  return at
}

/** The start of a good record that ends where the one at the front still goes on, or with it. */
function findWholeRecord(window: Uint8Array): number | undefined {
  if (window.length < BODY_AT || !isBodySize(bodyBytes(window))) return undefined
  const limit = Math.min(window.length, BODY_AT + bodyBytes(window) + TRAILER_BYTES)
  for (let at = findHeader(window, 1); at + MIN_RECORD_BYTES <= limit; at = findHeader(window, at + 1)) {
    if (readRecord(window.subarray(at, limit)).kind === 'record') return at
  }
  return undefined
}

function bodyBytes(window: Uint8Array): number {
  return (window[BODY_AT - 2] ?? 0) * 256 + (window[BODY_AT - 1] ?? 0)
}

function isBodySize(size: number): boolean {
  return size >= MIN_BODY_BYTES && size <= MAX_BODY_BYTES
}

function readRecord(window: Uint8Array): Verdict {
  if (window.length < BODY_AT) return { kind: 'more' }
  const size = bodyBytes(window)
  if (!isBodySize(size)) return { kind: 'bad', sizeBytes: 1, reason: 'malformed' }
  const checkAt = BODY_AT + size
  const sizeBytes = checkAt + TRAILER_BYTES
  if (window.length < sizeBytes) return { kind: 'more' }
  if (sum8(window, BODY_AT, size) !== window[checkAt] || window[checkAt + 1] !== END)
    return { kind: 'bad', sizeBytes: 1, reason: 'checksum' }
  const record = readBody(window.subarray(BODY_AT, checkAt))
  return typeof record === 'string'
    ? { kind: 'bad', sizeBytes, reason: record }
    : { kind: 'record', sizeBytes, record }
}

function readBody(body: Uint8Array): SpotCheck | DiscardReason {
  const digits = (field: keyof typeof FIELD): number => readBcd(body[FIELD[field]] ?? 0) ?? Number.NaN
  const epochMs = epochMsOf({
    year: CENTURY * 100 + digits('year'),
    month: digits('month'),
    day: digits('day'),
    hour: digits('hour'),
    minute: digits('minute'),
    second: digits('second'),
  })
  // A spot check belongs to its time: without one it cannot be told from any other.
  if (digits('century') !== CENTURY || epochMs === undefined || Number.isNaN(epochMs))
    return 'invalid-datetime'
  const record = {
    epochMs,
    // "Only bit 0 of the high byte is used": not the seven-bit halves of the other formats.
    heartRate: ((body[RATE_AT] ?? 0) & 0x01) * 256 + (body[RATE_AT + 1] ?? 0),
    spo2: body[SPO2_AT] ?? 0,
    statusHigh: body[STATUS_HIGH] ?? 0,
    statusLow: body[STATUS_LOW] ?? 0,
  }
  return isPossibleNonin(record) ? record : 'out-of-range'
}

function readUnit(record: SpotCheck): readonly DriverOutput[] {
  return [
    {
      kind: 'observation',
      numerics: [
        toNumeric(METRICS.MDC_PULS_OXIM_PULS_RATE, record.heartRate, HR_MISSING, record),
        toNumeric(METRICS.MDC_PULS_OXIM_SAT_O2, record.spo2, SPO2_MISSING, record),
      ],
      deviceTime: { epochMs: record.epochMs, zone: 'unknown' },
      ...((record.statusLow & FROM_MEMORY) === 0 ? {} : { isHistory: true }),
    },
    { kind: 'text', name: 'low_battery', value: (record.statusLow & LOW_BATTERY) !== 0 },
    { kind: 'text', name: 'smartpoint', value: (record.statusHigh & SMARTPOINT) !== 0 },
  ]
}

function toNumeric(metric: Metric, raw: number, missing: number, { statusHigh }: SpotCheck): Numeric {
  const isMeasured = (statusHigh & NO_MEASUREMENT) === 0
  if (raw === missing)
    return { metric, value: null, quality: 'absent', why: [isMeasured ? 'missing' : 'no_measurement'] }
  return {
    metric,
    value: raw,
    ...(isMeasured ? { quality: 'valid' } : { quality: 'invalid', why: ['no_measurement'] }),
  }
}

export const noninDf13: DeviceProtocol = {
  id: 'nonin-df13',
  version: '1.0.0',
  devices: 'Nonin 9560 spot check (Data Format 13)',
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
  // A spot check is no stream: it may be shown as what was measured just now for a few minutes.
  ttlMs: 300_000,
  uncertaintyMs: 10_000,
  silenceMs: 86_400_000,
  createDriver: () => createStreamDriver(grammar, () => readUnit),
}
