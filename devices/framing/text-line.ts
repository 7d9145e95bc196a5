/** Lines of text on a wire without checksum: each begins with a date and time, and ends with CR, LF or both. */

import type { DiscardReason } from '../protocol.ts'
import type { Grammar, Judgement } from './parse-stream.ts'

const CR = 0x0d
const LF = 0x0a

/** Several times the longest line in any source. */
const MAX_LINE_BYTES = 512
const TIME_STAMP_BYTES = 'MM/DD/YY HH:MM:SS '.length
const TIME_STAMP = /\d{2}\/\d{2}\/\d{2} \d{2}:\d{2}:\d{2} /g

export type LineReading<Unit> =
  { readonly ok: true; readonly unit: Unit } | { readonly ok: false; readonly reason: DiscardReason }

/** `read` gets a line that begins with `MM/DD/YY HH:MM:SS `, without its end. */
export function createLineGrammar<Unit>(read: (line: string) => LineReading<Unit>): Grammar<Unit> {
  return { maxUnitBytes: MAX_LINE_BYTES, judge: (window) => judgeLine(window, read) }
}

function judgeLine<Unit>(window: Uint8Array, read: (line: string) => LineReading<Unit>): Judgement<Unit> {
  const end = lineEnd(window)
  if (end === 0) return { kind: 'skip', sizeBytes: 1 }
  if (end < 0 && window.length < MAX_LINE_BYTES) return { kind: 'more', needBytes: window.length + 1 }
  const text = asciiText(end < 0 ? window : window.subarray(0, end))
  const starts = [...text.matchAll(TIME_STAMP)].map((match) => match.index)
  // A line that lost its end has the next one glued to it: only the last time stamp begins a whole line.
  const start = starts.at(-1)
  if (end < 0) return { kind: 'discard', sizeBytes: overflowBytes(start), reason: 'overflow' }
  if (start === undefined) return { kind: 'discard', sizeBytes: end, reason: 'noise', isWhole: true }
  if (start > 0) {
    const reason = starts.length > 1 ? 'truncated' : 'noise'
    return { kind: 'discard', sizeBytes: start, reason, isWhole: true }
  }
  const reading = read(text)
  if (reading.ok) return { kind: 'unit', sizeBytes: end, unit: reading.unit }
  return { kind: 'discard', sizeBytes: end, reason: reading.reason, isWhole: true }
}

function lineEnd(window: Uint8Array): number {
  for (let at = 0; at < window.length; at += 1) if (window[at] === CR || window[at] === LF) return at
  return -1
}

/** What cannot belong to a line that is still coming; the time stamp itself may be cut at the end of the window. */
function overflowBytes(start: number | undefined): number {
  if (start === undefined) return MAX_LINE_BYTES - TIME_STAMP_BYTES + 1
  return start > 0 ? start : TIME_STAMP_BYTES
}

const decoder = new TextDecoder('latin1')

/** One character per byte; bytes from 0x80 up become characters that no grammar of ours accepts. */
export function asciiText(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}
