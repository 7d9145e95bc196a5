/**
 * MLLP: `0B message 1C 0D`. "A 0B inside an unfinished block starts over." What is thrown away may hold the name of a
 * patient, so it is told by length and structure only: letters, digits and the rest become `x`.
 */

import { DiscardRun } from '../framing/discard-run.ts'
import type { DiscardReason, DriverOutput } from '../protocol.ts'

const START = 0x0b
const END = 0x1c
const CR = 0x0d
const MAX_BLOCK_BYTES = 256 * 1024
const FIRST_ROOM_BYTES = 4096

/** Takes the content of a block, without its frame; the bytes are reused afterwards. */
export type TakeBlock = (block: Uint8Array) => void

export class MllpFramer {
  readonly #run = new DiscardRun()
  #room = new Uint8Array(FIRST_ROOM_BYTES)
  /** Bytes of the block so far, its start byte included; 0 outside a block. */
  #used = 0

  get isInsideBlock(): boolean {
    return this.#used > 0
  }

  push(bytes: Uint8Array, out: DriverOutput[], take: TakeBlock): void {
    let at = 0
    while (at < bytes.length)
      at = this.#used === 0 ? this.#seek(bytes, at, out) : this.#fill(bytes, at, out, take)
  }

  /** Gives up what is unfinished. */
  abandon(out: DriverOutput[]): void {
    this.#run.flush(out)
    this.discard(this.#room.subarray(0, this.#used), 'truncated', out)
    this.#used = 0
  }

  /** Whole blocks that were not understood are told the same way. */
  discard(bytes: Uint8Array, reason: DiscardReason, out: DriverOutput[]): void {
    this.#run.flush(out)
    this.#run.add(masked(bytes), reason, out)
    this.#run.flush(out)
  }

  #seek(bytes: Uint8Array, from: number, out: DriverOutput[]): number {
    const start = bytes.indexOf(START, from)
    const end = start < 0 ? bytes.length : start
    this.#run.add(masked(bytes.subarray(from, end)), 'noise', out)
    if (start < 0) return end
    this.#run.flush(out)
    this.#append(bytes.subarray(start, start + 1))
    return start + 1
  }

  #fill(bytes: Uint8Array, from: number, out: DriverOutput[], take: TakeBlock): number {
    const stop = nextMark(bytes, from, this.#room[this.#used - 1] === END)
    const piece = bytes.subarray(from, Math.min(stop, from + MAX_BLOCK_BYTES + 1 - this.#used))
    this.#append(piece)
    if (this.#used > MAX_BLOCK_BYTES) {
      this.discard(this.#room.subarray(0, this.#used), 'overflow', out)
      this.#used = 0
    } else if (from + piece.length < bytes.length) {
      if (bytes[stop] === START) this.abandon(out)
      else this.#finish(take)
      return bytes[stop] === START ? stop : stop + 1
    }
    return from + piece.length
  }

  /** The block is whole but for its last byte, which is not kept. */
  #finish(take: TakeBlock): void {
    const block = this.#room.subarray(1, this.#used - 1)
    this.#used = 0
    take(block)
  }

  #append(piece: Uint8Array): void {
    if (this.#used + piece.length > this.#room.length) {
      const larger = new Uint8Array(Math.max(this.#room.length * 2, this.#used + piece.length))
      larger.set(this.#room.subarray(0, this.#used))
      this.#room = larger
    }
    this.#room.set(piece, this.#used)
    this.#used += piece.length
  }
}

/** The place of the next start byte, or of the CR that follows an end byte; the length when there is none. */
function nextMark(bytes: Uint8Array, from: number, isAfterEnd: boolean): number {
  if (isAfterEnd && bytes[from] === CR) return from
  for (let at = from; at < bytes.length; at += 1) {
    if (bytes[at] === START) return at
    if (bytes[at] === CR && at > from && bytes[at - 1] === END) return at
  }
  return bytes.length
}

const DELIMITERS = '|^~\\&'
const SHOWN: ReadonlySet<number> = new Set([
  START,
  END,
  CR,
  0x0a,
  ...Array.from(DELIMITERS, (sign) => sign.charCodeAt(0)),
])
const HIDDEN = 'x'.charCodeAt(0)

function masked(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (SHOWN.has(byte) ? byte : HIDDEN))
}
