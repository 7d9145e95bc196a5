/**
 * Packets of Contec V7.0, in both directions: a type byte with bit 7 clear, a byte that holds bit 7 of each data byte,
 * and up to seven data bytes that are sent with bit 7 set. There is no checksum.
 */

import { type ContecFlag, type ContecPacket, faultsIn, isPossibleContec } from './contec-reading.ts'
import type { Grammar, Judgement } from './framing/parse-stream.ts'
import { hexOf } from './framing/hex.ts'
import type { DiscardReason, Text } from './protocol.ts'

export const PACKET_BYTES = 9
const MARK = 0x80
const DATA_AT = 2
const DATA_BYTES = 7

const COMMAND = 0x7d
const LIVE = 0x01
const DISCONNECTS = 0x0d
/** Answers to questions of the host: their data is in no document that was read, and shorter packets are legal. */
const FIRST_ANSWER = 0x02
const LAST_ANSWER = 0x0f

/** What the host may say, by its first data byte. */
export const COMMANDS = {
  startLive: { code: 0xa1, words: 'start live' },
  stopLive: { code: 0xa2, words: 'stop live' },
  keepAlive: { code: 0xaf, words: 'keep alive' },
  deviceId: { code: 0xaa, words: 'device id' },
  perfusionSupport: { code: 0xac, words: 'PI support' },
} as const

export type ContecCommand = keyof typeof COMMANDS

const FLAGS: readonly ContecFlag[] = [
  { at: 0, mask: 0x80, word: 'probe_error' },
  { at: 1, mask: 0x80, word: 'searching' },
  { at: 0, mask: 0x10, word: 'searching_too_long' },
]
const SPO2_DROPPING = 0x20
const SIGNAL_STRENGTH = 0x0f
const PLETH = 0x7f
/** Set means invalid; a public library names it the wrong way round. */
const PERFUSION_INVALID = 0x10

const RATE_MISSING = 0xff
const SPO2_MISSING = 0x7f
const PERFUSION_MISSING = 0xffff

export type ContecUnit = { readonly kind: 'live'; readonly packet: ContecPacket } | Text

export function encodeCommand(command: ContecCommand): Uint8Array {
  const packet = new Uint8Array(PACKET_BYTES).fill(MARK)
  packet.set([COMMAND, MARK | 0x01, COMMANDS[command].code])
  return packet
}

/** `hears` says whose bytes are expected: a capture may hold both directions. */
export function createContecGrammar(hears: 'device' | 'both'): Grammar<ContecUnit> {
  const data = new Uint8Array(DATA_BYTES)
  return {
    maxUnitBytes: PACKET_BYTES,
    judge: (window, isAligned) => judge(window, isAligned, { hears, data }),
  }
}

interface Ear {
  readonly hears: 'device' | 'both'
  /** The data bytes of the packet at hand, used again for each: sixty a second need no array of their own. */
  readonly data: Uint8Array
}

function judge(window: Uint8Array, isAligned: boolean, ear: Ear): Judgement<ContecUnit> {
  const start = nextType(window, 0)
  if (start > 0) return { kind: 'discard', sizeBytes: start, reason: 'noise' }
  const end = Math.min(nextType(window, 1), PACKET_BYTES)
  const type = window[0] ?? 0
  const isFixed = type === LIVE || type === COMMAND
  if (end < PACKET_BYTES && end === window.length) return { kind: 'more', needBytes: window.length + 1 }
  if (isFixed ? end < PACKET_BYTES : end <= DATA_AT)
    return { kind: 'discard', sizeBytes: end, reason: 'truncated' }
  const unit = readUnit(window.subarray(0, end), isAligned, ear)
  if (typeof unit === 'string') return { kind: 'discard', sizeBytes: end, reason: unit }
  return { kind: 'unit', sizeBytes: end, unit }
}

function nextType(window: Uint8Array, from: number): number {
  let at = from
  while (at < window.length && ((window[at] ?? 0) & MARK) !== 0) at += 1
  return at
}

function readUnit(bytes: Uint8Array, isAligned: boolean, { hears, data }: Ear): ContecUnit | DiscardReason {
  const [type = 0, high = 0] = bytes
  const size = bytes.length - DATA_AT
  for (let at = 0; at < size; at += 1)
    data[at] = ((bytes[DATA_AT + at] ?? 0) & PLETH) | ((high >>> at) & 1 ? MARK : 0)
  if (type === LIVE) {
    const packet = readLive(data)
    return isPossibleContec(packet) ? { kind: 'live', packet } : 'out-of-range'
  }
  if (type === COMMAND) return hears === 'both' ? readCommand(data) : 'unsupported'
  // Bytes behind wreckage that look like an answer may be anything.
  if (!isAligned || type < FIRST_ANSWER || type > LAST_ANSWER) return 'unsupported'
  if (type === DISCONNECTS) return { kind: 'text', name: 'disconnect_reason', value: data[0] ?? 0 }
  const name = `packet_${type.toString(16).padStart(2, '0')}_hex`
  const value = hexOf(data.subarray(0, size))
  return { kind: 'text', name, value }
}

function readCommand(data: Uint8Array): Text | DiscardReason {
  const command = Object.values(COMMANDS).find(({ code }) => code === data[0])
  if (command === undefined) return 'unsupported'
  if (data.subarray(1).some((byte) => byte !== 0)) return 'malformed'
  return { kind: 'text', name: 'command', value: command.words }
}

function readLive(data: Uint8Array): ContecPacket {
  const [state = 0, wave = 0, bars = 0, pulseRate = 0, spo2 = 0] = data
  const perfusion = (data[5] ?? 0) + (data[6] ?? 0) * 256
  const hasPerfusion = (bars & PERFUSION_INVALID) === 0 && perfusion !== PERFUSION_MISSING
  return {
    pulseRate: pulseRate === RATE_MISSING ? null : pulseRate,
    spo2: spo2 === SPO2_MISSING ? null : spo2,
    perfusionIndexPct: hasPerfusion ? perfusion / 100 : null,
    pleth: wave & PLETH,
    signalStrength: state & SIGNAL_STRENGTH,
    faults: faultsIn(data, FLAGS),
    isDropping: (state & SPO2_DROPPING) !== 0,
  }
}
