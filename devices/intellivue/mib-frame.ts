/**
 * The frame of the serial line: C0 | 11 01 | length | user data | FCS, low byte first | C1. "Every C0, C1 or 7D between
 * BOF and EOF, also in header and FCS, is sent as 7D followed by the byte XOR 20."
 */

import type { Grammar, Judgement } from '../framing/parse-stream.ts'
import type { DiscardReason } from '../protocol.ts'
import { fcs16 } from './fcs.ts'

const BOF = 0xc0
const EOF = 0xc1
const ESCAPE = 0x7d
const ESCAPE_BIT = 0x20
const PROTOCOL_ID = 0x11
const MESSAGE_TYPE = 0x01
const HEADER_BYTES = 4
const FCS_BYTES = 2

/** The largest that was seen is 1456. */
export const MAX_USER_BYTES = 1500
const MAX_PLAIN_BYTES = HEADER_BYTES + MAX_USER_BYTES + FCS_BYTES
/** Every byte escaped, between the two flags. */
const MAX_FRAME_BYTES = 2 + 2 * MAX_PLAIN_BYTES

/**
 * The unit is the user data, in a buffer that the next frame uses again. A frame that comes in pieces is looked at once:
 * where the last look ended is remembered, so `reset` must be told when the line begins anew.
 */
export class FrameGrammar implements Grammar<Uint8Array> {
  readonly maxUnitBytes = MAX_FRAME_BYTES
  readonly #plain = new Uint8Array(MAX_PLAIN_BYTES)
  #at = 0
  #size = 0

  reset(): void {
    this.#at = 0
    this.#size = 0
  }

  judge(window: Uint8Array): Judgement<Uint8Array> {
    const judgement = this.#judgeFrame(window)
    if (judgement.kind !== 'more') this.reset()
    return judgement
  }

  #judgeFrame(window: Uint8Array): Judgement<Uint8Array> {
    if (window[0] !== BOF) return discard(toNextFlag(window), 'noise')
    const plain = this.#plain
    let size = this.#size
    let limit = size < HEADER_BYTES ? HEADER_BYTES : wholeSize(plain)
    for (let at = Math.max(1, this.#at); at < window.length; at += 1) {
      let octet = window[at] ?? 0
      if (octet === BOF || octet === EOF || octet === ESCAPE) {
        const next = window[at + 1]
        // "A C0 inside a frame starts a new one."
        if (octet === BOF) return discard(at, 'truncated')
        if (octet === EOF) return judgeContent(plain, size, at + 1)
        if (next === undefined) return this.#more(window, at, size)
        // "7D C1 = abort of the frame in progress."
        if (next === EOF) return discard(at + 2, 'truncated')
        if (next === BOF) return discard(at + 1, 'truncated')
        octet = next ^ ESCAPE_BIT
        at += 1
      }
      plain[size] = octet
      size += 1
      if (size > HEADER_BYTES) {
        if (size > limit) return discard(at + 1, 'malformed')
      } else {
        const fault = headerFault(plain, size)
        if (fault !== undefined) return discard(at + 1, fault)
        if (size === HEADER_BYTES) limit = wholeSize(plain)
      }
    }
    return this.#more(window, window.length, size)
  }

  #more(window: Uint8Array, at: number, size: number): Judgement<Uint8Array> {
    this.#at = at
    this.#size = size
    return { kind: 'more', needBytes: window.length + 1 }
  }
}

/** A header that cannot be is told as soon as its byte is there, so that noise does not keep the line waiting. */
function headerFault(plain: Uint8Array, size: number): DiscardReason | undefined {
  if (size === 1 && plain[0] !== PROTOCOL_ID) return 'malformed'
  if (size === 2 && plain[1] !== MESSAGE_TYPE) return 'malformed'
  return size === HEADER_BYTES && wholeSize(plain) > MAX_PLAIN_BYTES ? 'overflow' : undefined
}

function judgeContent(plain: Uint8Array, size: number, sizeBytes: number): Judgement<Uint8Array> {
  if (size < HEADER_BYTES || size < wholeSize(plain)) return discard(sizeBytes, 'truncated')
  const checkAt = size - FCS_BYTES
  const sent = (plain[checkAt] ?? 0) | ((plain[checkAt + 1] ?? 0) << 8)
  if (fcs16(plain, 0, checkAt) !== sent) return discard(sizeBytes, 'checksum')
  return { kind: 'unit', sizeBytes, unit: plain.subarray(HEADER_BYTES, checkAt) }
}

function wholeSize(plain: Uint8Array): number {
  return HEADER_BYTES + (((plain[2] ?? 0) << 8) | (plain[3] ?? 0)) + FCS_BYTES
}

function toNextFlag(window: Uint8Array): number {
  const at = window.indexOf(BOF)
  return at < 0 ? window.length : at
}

function discard(sizeBytes: number, reason: DiscardReason): Judgement<Uint8Array> {
  return { kind: 'discard', sizeBytes, reason }
}

export function encodeFrame(userData: Uint8Array): Uint8Array {
  const plain = new Uint8Array(HEADER_BYTES + userData.length + FCS_BYTES)
  plain.set([PROTOCOL_ID, MESSAGE_TYPE, userData.length >>> 8, userData.length & 0xff])
  plain.set(userData, HEADER_BYTES)
  const check = fcs16(plain, 0, plain.length - FCS_BYTES)
  plain.set([check & 0xff, check >>> 8], plain.length - FCS_BYTES)
  const frame = new Uint8Array(2 + 2 * plain.length)
  let size = 0
  frame[size++] = BOF
  for (const octet of plain) {
    const isEscaped = octet === BOF || octet === EOF || octet === ESCAPE
    if (isEscaped) frame[size++] = ESCAPE
    frame[size++] = isEscaped ? octet ^ ESCAPE_BIT : octet
  }
  frame[size++] = EOF
  return frame.slice(0, size)
}

/** The user data of exactly one whole frame; undefined for anything else, also for one byte more. */
export function decodeFrame(frame: Uint8Array): Uint8Array | undefined {
  if (frame.length > MAX_FRAME_BYTES) return undefined
  const judgement = new FrameGrammar().judge(frame)
  const isWhole = judgement.kind === 'unit' && judgement.sizeBytes === frame.length
  return isWhole ? judgement.unit : undefined
}

/** Every byte between the flags may need an escape. */
export function maxFrameBytes(userBytes: number): number {
  return 2 + 2 * (HEADER_BYTES + userBytes + FCS_BYTES)
}

/** A frame without header: what the check is, or why it is none. */
export function readBareFrame(
  frame: Uint8Array,
): { readonly fcs: number } | { readonly reason: DiscardReason } {
  if (frame[0] !== BOF || frame.at(-1) !== EOF)
    return { reason: frame.at(-1) === EOF ? 'noise' : 'truncated' }
  if (frame.length > MAX_FRAME_BYTES) return { reason: 'overflow' }
  const plain: number[] = []
  for (let at = 1; at < frame.length - 1; at += 1) {
    const octet = frame[at] ?? 0
    const next = frame[at + 1] ?? 0
    if (octet === BOF || octet === EOF) return { reason: 'malformed' }
    if (octet !== ESCAPE) plain.push(octet)
    else if (next === EOF || next === BOF) return { reason: 'truncated' }
    else {
      plain.push(next ^ ESCAPE_BIT)
      at += 1
    }
  }
  if (plain.length <= FCS_BYTES) return { reason: 'truncated' }
  const [low = 0, high = 0] = plain.splice(-FCS_BYTES)
  const fcs = fcs16(Uint8Array.from(plain))
  return fcs === (low | (high << 8)) ? { fcs } : { reason: 'checksum' }
}
