/**
 * The blocks of B. Braun BCC: `SOH LLLLL STX bedId/1/1>information ETX|ETB CCCCC EOT`. LLLLL is the length of the whole
 * message before stuffing, CCCCC the sum of all bytes from SOH to ETX or ETB, modulo 256.
 */

import { sum8 } from '../framing/checksum.ts'
import { utf8Text } from '../framing/clean-text.ts'
import type { Grammar, Judgement } from '../framing/parse-stream.ts'
import { asciiText } from '../framing/text-line.ts'
import { unstuffed } from './stuffing.ts'

const SOH = 0x01
const STX = 0x02
const ETX = 0x03
const EOT = 0x04
const ACK = 0x06
const NAK = 0x15
const ETB = 0x17

const LENGTH_AT = 1
const DIGITS = 5
const STX_AT = LENGTH_AT + DIGITS
/** ETX or ETB, five digits and EOT. */
const TAIL_BYTES = DIGITS + 2
const SHORTEST_BYTES = STX_AT + 1 + TAIL_BYTES
/** Several times the block of one pump with every parameter stuffed. */
const MAX_BLOCK_BYTES = 16 * 1024

export interface BccBlock {
  readonly kind: 'block'
  /** `bedId/1/1`, to be used in requests from then on. */
  readonly address: string
  readonly information: string
  /** ETB: there is more, and an ACK asks for it. */
  readonly isLast: boolean
  readonly isStuffed: boolean
}

export type BccUnit = BccBlock | { readonly kind: 'control'; readonly name: 'ACK' | 'NAK' }

function judge(window: Uint8Array, isAligned: boolean): Judgement<BccUnit> {
  const [first] = window
  if (isAligned && (first === ACK || first === NAK))
    return { kind: 'unit', sizeBytes: 1, unit: { kind: 'control', name: first === ACK ? 'ACK' : 'NAK' } }
  if (first !== SOH) {
    const start = window.indexOf(SOH)
    return { kind: 'discard', sizeBytes: start < 0 ? window.length : start, reason: 'noise' }
  }
  const stop = window.findIndex((byte, at) => at > 0 && (byte === EOT || byte === SOH))
  if (stop < 0) return { kind: 'more', needBytes: window.length + 1 }
  if (window[stop] === SOH) return { kind: 'discard', sizeBytes: stop, reason: 'truncated' }
  const sizeBytes = stop + 1
  const block = readBlock(window.subarray(0, sizeBytes))
  if (typeof block === 'object') return { kind: 'unit', sizeBytes, unit: block }
  return { kind: 'discard', sizeBytes, reason: block, isWhole: true }
}

export const bccGrammar: Grammar<BccUnit> = { maxUnitBytes: MAX_BLOCK_BYTES, judge }

function readBlock(raw: Uint8Array): BccBlock | 'malformed' | 'checksum' {
  const length = readDigits(raw, LENGTH_AT)
  if (length === undefined || raw[STX_AT] !== STX) return 'malformed'
  // What was not stuffed has the length it says; whoever stuffs without need sends the same bytes.
  const isStuffed = length !== raw.length
  const bytes = isStuffed ? unstuffed(raw) : raw
  if (bytes === undefined || bytes.length !== length || length < SHORTEST_BYTES) return 'malformed'
  const endAt = length - TAIL_BYTES
  const end = bytes[endAt]
  if (end !== ETX && end !== ETB) return 'malformed'
  const check = readDigits(bytes, endAt + 1)
  if (check === undefined) return 'malformed'
  if (check !== sum8(bytes, 0, endAt + 1)) return 'checksum'
  const content = utf8Text(bytes.subarray(STX_AT + 1, endAt))
  const mark = content.indexOf('>')
  if (mark < 0) return 'malformed'
  return {
    kind: 'block',
    address: content.slice(0, mark),
    information: content.slice(mark + 1),
    isLast: end === ETX,
    isStuffed,
  }
}

function readDigits(bytes: Uint8Array, at: number): number | undefined {
  const text = asciiText(bytes.subarray(at, at + DIGITS))
  return /^\d{5}$/.test(text) ? Number(text) : undefined
}

/** One whole message, for whoever must judge it before it is sent; undefined when it is no good block. */
export function parseBlock(bytes: Uint8Array): BccBlock | undefined {
  if (bytes[0] !== SOH || bytes.indexOf(EOT) !== bytes.length - 1) return undefined
  const block = readBlock(bytes)
  return typeof block === 'object' ? block : undefined
}
