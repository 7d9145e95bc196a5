/** A record of the Datex-Ohmeda computer interface: a header of 40 bytes and up to eight subrecords. Little-endian. */

import type { DiscardReason } from '../protocol.ts'

export const HEADER_BYTES = 40

const RECORD_NUMBER_AT = 2
const LEVEL_AT = 3
const TIME_AT = 6
const MAIN_TYPE_AT = 14
const DESCRIPTORS_AT = 16
const DESCRIPTOR_BYTES = 3
const DESCRIPTORS = 8
const END_OF_LIST = 0xff

export const MAIN_TYPE = { physiology: 0, waves: 1, alarms: 4, network: 5, recordKeeping: 8 } as const

export interface Subrecord {
  readonly type: number
  readonly bytes: Uint8Array
}

export interface DriRecord {
  readonly number: number
  /** 2 (1995) to 11 (2015); 0 in what a host sends. */
  readonly level: number
  /** The monitor's clock, zone unknown. */
  readonly timeS: number
  readonly mainType: number
  readonly subrecords: readonly Subrecord[]
}

type ReadRecord =
  { readonly ok: true; readonly record: DriRecord } | { readonly ok: false; readonly reason: DiscardReason }

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function readRecord(bytes: Uint8Array): ReadRecord {
  if (bytes.length < HEADER_BYTES) return { ok: false, reason: 'truncated' }
  const view = viewOf(bytes)
  const announced = view.getUint16(0, true)
  if (announced > bytes.length) return { ok: false, reason: 'truncated' }
  if (announced < bytes.length) return { ok: false, reason: 'trailing' }
  const subrecords = readSubrecords(bytes)
  if (subrecords === undefined) return { ok: false, reason: 'malformed' }
  return {
    ok: true,
    record: {
      number: view.getUint8(RECORD_NUMBER_AT),
      level: view.getUint8(LEVEL_AT),
      timeS: view.getUint32(TIME_AT, true),
      mainType: view.getUint16(MAIN_TYPE_AT, true),
      subrecords,
    },
  }
}

/** Undefined when the offsets are not those of parts that follow one another inside the record. */
function readSubrecords(bytes: Uint8Array): readonly Subrecord[] | undefined {
  const view = viewOf(bytes)
  const data = bytes.subarray(HEADER_BYTES)
  const starts: { readonly offset: number; readonly type: number }[] = []
  for (let index = 0; index < DESCRIPTORS; index += 1) {
    const at = DESCRIPTORS_AT + index * DESCRIPTOR_BYTES
    const type = view.getUint8(at + 2)
    if (type === END_OF_LIST) break
    const offset = view.getUint16(at, true)
    const before = starts.at(-1)
    if (offset >= data.length || (before !== undefined && offset <= before.offset)) return undefined
    starts.push({ offset, type })
  }
  // A subrecord ends where the next begins.
  return starts.map(({ offset, type }, index) => ({
    type,
    bytes: data.subarray(offset, starts[index + 1]?.offset ?? data.length),
  }))
}
