/**
 * Values of the Generic Health Sensor Service, for reading captures only: the text of the service was not available,
 * so what has not been seen is refused and no driver reads it.
 */

import { ByteReader } from '../framing/byte-reader.ts'
import { hexOf } from '../framing/hex.ts'
import { elapsedTime } from './elapsed-time.ts'
import { type Field, type Fields, flagged, float, group, integer } from './layout.ts'

const NUMERIC = 1
const BUNDLE = 0xff

// Duration, status, id, derived-from, member-of and TLVs: their widths are not known.
const UNKNOWN_FIELDS = (1 << 2) | (1 << 3) | (1 << 4) | (1 << 7) | (1 << 8) | (1 << 9)

/** 2BF3 Health Sensor Features: which observations it makes, as MDC codes. */
export const healthSensorFeatures: Field = flagged(({ has }) => [
  (reader, out) => {
    const count = reader.u8()
    const types = reader.bytes(4 * count)
    out['observationTypes'] = words(types)
    // Specializations follow the codes in a form that was not seen.
    if (has(0)) reader.refuse('unsupported')
  },
])

/** 2B8B and 2BDD: a segment; one that is first and last is a whole observation. */
export const healthObservation: Field = (reader, out) => {
  const header = reader.u8()
  const isFirst = (header & 1) === 1
  const isLast = (header & 2) === 2
  out['first'] = isFirst
  out['last'] = isLast
  out['counter'] = header >>> 2
  if (!isFirst || !isLast) {
    out['segment'] = hexOf(reader.rest())
    return
  }
  const found: Fields = {}
  observation(reader, found)
  out['observation'] = found
}

/** Class, length of all that follows it, and that. */
function observation(reader: ByteReader, out: Fields): void {
  const kind = reader.u8()
  const inner = new ByteReader(reader.bytes(reader.u16()))
  if (reader.fault !== undefined) return
  out['class'] = kind
  content(kind)(inner, out)
  const fault = inner.finish()
  if (fault !== undefined) reader.refuse(fault)
}

function content(kind: number): Field {
  return flagged(
    ({ raw, when }) => [
      (reader) => {
        if ((raw & UNKNOWN_FIELDS) !== 0) reader.refuse('unsupported')
      },
      when(0, integer('type', 'u32')),
      when(1, group('time', elapsedTime)),
      when(5, integer('patient', 'u8')),
      when(6, (reader, out) => {
        const count = reader.u8()
        out['supplemental'] = words(reader.bytes(4 * count))
      }),
      valueOf(kind),
    ],
    'u16',
  )
}

function valueOf(kind: number): Field {
  return (reader, out) => {
    if (kind === BUNDLE) out['observations'] = bundle(reader)
    else if (kind === NUMERIC) {
      integer('unit', 'u16')(reader, out)
      float('value')(reader, out)
    } else reader.refuse('unsupported')
  }
}

function bundle(reader: ByteReader): readonly Fields[] {
  const members: Fields[] = []
  for (let left = reader.u8(); left > 0 && reader.fault === undefined; left--) {
    const member: Fields = {}
    // A bundle in a bundle was not seen, and could be nested without end.
    if (reader.peek() === BUNDLE) reader.refuse('unsupported')
    else observation(reader, member)
    members.push(member)
  }
  return members
}

function words(octets: Uint8Array): readonly number[] {
  const view = new ByteReader(octets)
  return Array.from({ length: octets.length / 4 }, () => view.u32())
}
