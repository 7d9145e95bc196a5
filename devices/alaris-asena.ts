/**
 * Alaris Asena and GH syringe pumps: `!TEXT|CCCC` CR, where CCCC is the CRC-16/CCITT-FALSE of TEXT in upper-case hex.
 * One public driver is all that is known. The same line takes commands that start, stop and change an infusion; of
 * these nothing is here but the refusal.
 */

import { cleanText } from './framing/clean-text.ts'
import { crc16CcittFalse } from './framing/crc16.ts'
import { createStreamDriver } from './framing/parse-stream.ts'
import type { Grammar, Judgement } from './framing/parse-stream.ts'
import { createPolledDriver } from './framing/polled-stream.ts'
import { asciiText } from './framing/text-line.ts'
import { hexOf } from './framing/hex.ts'
import { METRICS } from './metrics.ts'
import type { DeviceProtocol, DriverOutput, Numeric, SendRule, Text } from './protocol.ts'

const START = 0x21
const CR = 0x0d
const CHECK_SIGN = 0x7c
const CHECK_BYTES = 4
const MAX_FRAME_BYTES = 512

function judgeFrame(window: Uint8Array): Judgement<string> {
  if (window[0] !== START) {
    const start = window.indexOf(START)
    return { kind: 'discard', sizeBytes: start < 0 ? window.length : start, reason: 'noise' }
  }
  const end = window.findIndex((byte, at) => at > 0 && (byte === CR || byte === START))
  if (end < 0) return { kind: 'more', needBytes: window.length + 1 }
  if (window[end] === START) return { kind: 'discard', sizeBytes: end, reason: 'truncated' }
  const text = window.subarray(1, end - CHECK_BYTES - 1)
  if (end < CHECK_BYTES + 3 || window[end - CHECK_BYTES - 1] !== CHECK_SIGN)
    return { kind: 'discard', sizeBytes: end + 1, reason: 'malformed', isWhole: true }
  const check = crc16CcittFalse(text).toString(16).toUpperCase().padStart(CHECK_BYTES, '0')
  if (asciiText(window.subarray(end - CHECK_BYTES, end)) !== check)
    return { kind: 'discard', sizeBytes: end + 1, reason: 'checksum', isWhole: true }
  return { kind: 'unit', sizeBytes: end + 1, unit: asciiText(text) }
}

const grammar: Grammar<string> = { maxUnitBytes: MAX_FRAME_BYTES, judge: judgeFrame }

/** Split at `^`, counted from 1 after the command's own word. Field 6 is not known. */
const FIELD = {
  serial: 1,
  alarm: 2,
  mode: 3,
  rate: 4,
  rateUnit: 5,
  infused: 7,
  pressure: 9,
  timeLeft: 11,
} as const
const LOG_TYPE = 12
const LOG_ID = 13

const UNITS: ReadonlyMap<string, string> = new Map([
  ['ml/h', 'mL/h'],
  ['ml', 'mL'],
  ['mmhg', 'mm[Hg]'],
  ['kpa', 'kPa'],
])
const NUMBER = /^\d{1,6}(\.\d{1,4})?$/

function readFrame(text: string): readonly DriverOutput[] {
  const [word = '', ...rest] = text.split('^')
  if (rest.length === 0) return [{ kind: 'text', name: 'query', value: cleanText(word) }]
  if (word !== 'INF') return [{ kind: 'text', name: cleanText(word), value: cleanText(rest.join('^')) }]
  const field = (number: number): string => rest[number - 1]?.trim() ?? ''
  const rate = readRate(field(FIELD.rate), field(FIELD.rateUnit))
  return [
    ...(rate === undefined ? [] : [{ kind: 'observation' as const, numerics: [rate] }]),
    ...(rate === undefined ? words('rate', field(FIELD.rate), field(FIELD.rateUnit)) : []),
    ...words('volume_infused', field(FIELD.infused), field(FIELD.infused + 1)),
    ...words('pressure', field(FIELD.pressure), field(FIELD.pressure + 1)),
    ...identity(field(FIELD.serial)),
    ...words('alarm_field', field(FIELD.alarm)),
    ...words('mode', field(FIELD.mode)),
    ...words('time_remaining', field(FIELD.timeLeft)),
    ...words('log_type', field(LOG_TYPE)),
    ...words('log_id', field(LOG_ID)),
  ]
}

/** A rate in another unit than mL/h, or none, is not this metric. */
function readRate(text: string, unit: string): Numeric | undefined {
  const metric = METRICS.MDC_FLOW_FLUID_PUMP
  if (UNITS.get(unit.toLowerCase()) !== metric.unit) return undefined
  if (text === '') return { metric, value: null, quality: 'absent', why: ['missing'] }
  if (!NUMBER.test(text)) return { metric, value: null, quality: 'invalid', why: ['not_a_number'] }
  const value = Number(text)
  const isPossible = value <= metric.possible[1]
  return {
    metric,
    value,
    quality: isPossible ? 'valid' : 'invalid',
    ...(!isPossible && { why: ['out_of_range'] }),
  }
}

function words(name: string, value: string, unit?: string): readonly Text[] {
  if (value === '') return []
  const ucum = UNITS.get(unit?.toLowerCase() ?? '')
  if (ucum !== undefined && NUMBER.test(value))
    return [{ kind: 'text', name, value: Number(value), unit: ucum }]
  return [
    { kind: 'text', name, value: cleanText(unit === undefined || unit === '' ? value : `${value} ${unit}`) },
  ]
}

function identity(serial: string): readonly Text[] {
  if (!/^[0-9A-Za-z-]{1,32}$/.test(serial)) return words('serial', serial)
  return [{ kind: 'text', name: 'serial', value: serial, isIdentity: true }]
}

/** The three questions that only read, with the check that the public driver has for them. */
const QUERIES = { protocol: 'COMMS_PROTOCOL|E8DA', serial: 'INST_SERIALNO|457D', status: 'INF|4961' } as const

function queryBytes(query: string): Uint8Array {
  return Uint8Array.from(`!${query}\r`, (sign) => sign.charCodeAt(0))
}

function exactly(query: string, meaning: string): SendRule {
  const bytes = queryBytes(query)
  const prefixHex = hexOf(bytes)
  return { kind: 'send', prefixHex, maxBytes: bytes.length, meaning }
}

const createReader = () => readFrame

export const alarisAsena: DeviceProtocol = {
  id: 'alaris-asena',
  version: '1.0.0',
  devices: 'Alaris Asena and GH syringe pumps (low confidence)',
  link: { kind: 'serial', baudRate: 38400, dataBits: 8, parity: 'none', stopBits: 1, flowControl: 'none' },
  source: 'one public driver; check constants verified; words for mode and alarm unknown; no capture',
  metrics: [METRICS.MDC_FLOW_FLUID_PUMP],
  sends: [
    exactly(QUERIES.protocol, 'ask for the protocol version'),
    exactly(QUERIES.serial, 'ask for the serial number'),
    exactly(QUERIES.status, 'ask for the infusion status'),
  ],
  ttlMs: 7_500,
  uncertaintyMs: 3_000,
  silenceMs: 15_000,
  createDriver: () =>
    createPolledDriver({
      grammar,
      createReader,
      first: [queryBytes(QUERIES.protocol), queryBytes(QUERIES.serial)],
      round: [queryBytes(QUERIES.status)],
      periodMs: 2_500,
    }),
  createDecoder: () => createStreamDriver(grammar, createReader),
}
