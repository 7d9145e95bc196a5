/**
 * The framing of the Datex-Ohmeda computer interface: `7E | record | sum | 7E`. Record and sum are escaped: a 7E
 * travels as 7D 5E, a 7D as 7D 5D. The sum is that of the record before escaping.
 */

import { sum8 } from '../framing/checksum.ts'
import type { Grammar, Judgement } from '../framing/parse-stream.ts'
import type { DiscardReason } from '../protocol.ts'
import { HEADER_BYTES } from './record.ts'

const FLAG = 0x7e
const ESCAPE = 0x7d
const ESCAPE_XOR = 0x20
const ESCAPED_FLAG = FLAG ^ ESCAPE_XOR
const ESCAPED_ESCAPE = ESCAPE ^ ESCAPE_XOR

/** Several times the 600 samples and four classes that one record of ours can hold. */
export const MAX_RECORD_BYTES = 4096
/** Every byte may be escaped; two flags stand around it. */
const MAX_FRAME_BYTES = 2 * (MAX_RECORD_BYTES + 1) + 2

export const driGrammar: Grammar<Uint8Array> = { maxUnitBytes: MAX_FRAME_BYTES, judge }

function judge(window: Uint8Array, isAligned: boolean): Judgement<Uint8Array> {
  const hasFlag = window[0] === FLAG
  // Flags only separate: what follows a frame without a flag of its own shares the one before it.
  if (!hasFlag && !isAligned) return { kind: 'discard', sizeBytes: noiseBytes(window), reason: 'noise' }
  const end = window.indexOf(FLAG, 1)
  if (end < 0) {
    if (window.length < MAX_FRAME_BYTES) return { kind: 'more', needBytes: window.length + 1 }
    return { kind: 'discard', sizeBytes: window.length, reason: 'overflow' }
  }
  if (hasFlag && end === 1) return { kind: 'discard', sizeBytes: 1, reason: 'noise' }
  const unframed = unframe(window.subarray(hasFlag ? 1 : 0, end))
  // The flag at the end goes too, also that of a bad frame: the next frame may do without it.
  if (unframed.ok) return { kind: 'unit', sizeBytes: end + 1, unit: unframed.record }
  const reason = hasFlag ? unframed.reason : 'noise'
  return { kind: 'discard', sizeBytes: end + 1, reason, isWhole: true }
}

function noiseBytes(window: Uint8Array): number {
  const flag = window.indexOf(FLAG)
  return flag < 0 ? window.length : flag
}

type Unframed =
  { readonly ok: true; readonly record: Uint8Array } | { readonly ok: false; readonly reason: DiscardReason }

/** `escaped` is what stands between two flags. */
export function unframe(escaped: Uint8Array): Unframed {
  const plain = new Uint8Array(escaped.length)
  let size = 0
  for (let at = 0; at < escaped.length; at += 1) {
    let byte = escaped[at] ?? 0
    if (byte === ESCAPE) {
      at += 1
      const next = escaped[at]
      if (next !== ESCAPED_FLAG && next !== ESCAPED_ESCAPE) return { ok: false, reason: 'malformed' }
      byte = next ^ ESCAPE_XOR
    }
    plain[size] = byte
    size += 1
  }
  const recordBytes = size - 1
  if (recordBytes < HEADER_BYTES) return { ok: false, reason: 'truncated' }
  if (sum8(plain, 0, recordBytes) !== plain[recordBytes]) return { ok: false, reason: 'checksum' }
  return { ok: true, record: plain.slice(0, recordBytes) }
}

export function frame(record: Uint8Array): Uint8Array {
  const framed = [FLAG]
  for (const byte of [...record, sum8(record, 0, record.length)]) {
    if (byte === FLAG || byte === ESCAPE) framed.push(ESCAPE, byte ^ ESCAPE_XOR)
    else framed.push(byte)
  }
  return Uint8Array.from([...framed, FLAG])
}
