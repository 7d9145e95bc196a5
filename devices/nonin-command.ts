/**
 * What a host says to a Nonin oximeter and what it answers: `02 | op code | length | data | 03`, or one byte 06 or 15.
 * wardgate sends none of these: two of them change settings of the device. A capture of a set-up may hold them.
 */

import { epochMsOf } from './framing/civil-time.ts'
import { createStreamDriver } from './framing/parse-stream.ts'
import type { Grammar, Judgement } from './framing/parse-stream.ts'
import { hexOf } from './framing/hex.ts'
import type { CaptureFormat, DiscardReason, DriverOutput } from './protocol.ts'

const START = 0x02
const END = 0x03
const ACK = 0x06
const NAK = 0x15
const DATA_AT = 3
/** The longest of them is an answer with a serial number. */
const MAX_DATA_BYTES = 32

type Data = Uint8Array
type Reading = readonly DriverOutput[] | DiscardReason

/** Data formats by their number in the command. */
const FORMATS: ReadonlySet<number> = new Set([0x02, 0x07, 0x08, 0x0d])

const READERS: ReadonlyMap<number, (data: Data) => Reading> = new Map<number, (data: Data) => Reading>([
  [0x70, readSelectFormat],
  [0x72, (data) => (data.length === 0 ? command('get_time') : readTime('set_time', data))],
  [0xf2, (data) => readTime(undefined, data)],
  [0x73, () => command('get_device_type')],
  [0xf3, (data) => answer('device_type', data)],
  [0x74, () => command('get_serial_number')],
  [0xf4, (data) => answer('serial_number', data)],
])

function readSelectFormat(data: Data): Reading {
  const [kind, format = 0] = data
  if (data.length !== 2 || kind !== 0x02) return 'malformed'
  return FORMATS.has(format) ? command(`set_format ${format}`) : 'unsupported'
}

/** "Plain binary": not the decimal digits of Data Format 13. */
function readTime(name: string | undefined, data: Data): Reading {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = data
  if (data.length !== 6) return 'malformed'
  const epochMs = year > 99 ? undefined : epochMsOf({ year: 2000 + year, month, day, hour, minute, second })
  if (epochMs === undefined) return 'invalid-datetime'
  const time: DriverOutput = { kind: 'observation', numerics: [], deviceTime: { epochMs, zone: 'unknown' } }
  return [...(name === undefined ? [] : command(name)), time]
}

function command(value: string): readonly DriverOutput[] {
  return [{ kind: 'text', name: 'command', value }]
}

/** How the data of these two is laid out is in no document: they go out as they came. */
function answer(name: string, data: Data): readonly DriverOutput[] {
  const value = hexOf(data)
  return [{ kind: 'text', name: `${name}_hex`, value }]
}

const grammar: Grammar<readonly DriverOutput[]> = { maxUnitBytes: DATA_AT + MAX_DATA_BYTES + 1, judge }

function judge(window: Uint8Array): Judgement<readonly DriverOutput[]> {
  const [first] = window
  if (first === ACK || first === NAK)
    return { kind: 'unit', sizeBytes: 1, unit: [{ kind: 'text', name: 'ack', value: first === ACK }] }
  if (first !== START) return { kind: 'discard', sizeBytes: noiseBytes(window), reason: 'noise' }
  if (window.length < DATA_AT) return { kind: 'more', needBytes: DATA_AT }
  const [, opCode = 0, size = 0] = window
  if (size > MAX_DATA_BYTES) return { kind: 'discard', sizeBytes: 1, reason: 'malformed' }
  const sizeBytes = DATA_AT + size + 1
  if (window.length < sizeBytes) return { kind: 'more', needBytes: sizeBytes }
  if (window[sizeBytes - 1] !== END) return { kind: 'discard', sizeBytes: 1, reason: 'malformed' }
  const reading = READERS.get(opCode)?.(window.subarray(DATA_AT, sizeBytes - 1)) ?? 'unsupported'
  if (typeof reading === 'string') return { kind: 'discard', sizeBytes, reason: reading, isWhole: true }
  return { kind: 'unit', sizeBytes, unit: reading }
}

function noiseBytes(window: Uint8Array): number {
  const end = window.findIndex((byte) => byte === START || byte === ACK || byte === NAK)
  return end < 0 ? window.length : end
}

export const noninCommand: CaptureFormat = {
  id: 'nonin-command',
  meaning: 'what a host says to a Nonin oximeter, and its answers',
  createDecoder: () => createStreamDriver(grammar, () => (outputs) => outputs),
}
