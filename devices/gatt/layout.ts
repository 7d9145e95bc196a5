/** The vocabulary in which a characteristic is written down: a list of fields in the order of their octets. */

import type { ByteReader } from '../framing/byte-reader.ts'
import { type MedicalFloat, shiftDecimal } from '../framing/ieee11073-float.ts'

export type Fields = Record<string, unknown>

/** Reads one field and notes it under its name. */
export type Field = (reader: ByteReader, out: Fields) => void

/** Names of bits, lowest first; null is a reserved bit, which is read as if it were 0. */
export type BitNames = readonly (string | null)[]

export type Codes = Readonly<Record<number, string>>

export type IntegerWidth = 'u8' | 's8' | 'u16' | 's16' | 'u24' | 'u32' | 's32'

export function fields(...list: readonly Field[]): Field {
  return (reader, out) => {
    for (const field of list) field(reader, out)
  }
}

export function integer(key: string, width: IntegerWidth): Field {
  return (reader, out) => {
    out[key] = reader[width]()
  }
}

/** `shift` moves the decimal point from the unit on the wire to the unit of the name. */
export function sfloat(key: string, shift = 0): Field {
  return (reader, out) => {
    out[key] = plain(reader.sfloat(), shift)
  }
}

export function float(key: string): Field {
  return (reader, out) => {
    out[key] = plain(reader.float(), 0)
  }
}

/** A code of a table; outside the table it is the word `rfu`. */
export function code(key: string, codes: Codes): Field {
  return (reader, out) => {
    out[key] = codes[reader.u8()] ?? 'rfu'
  }
}

export function bits(key: string, width: IntegerWidth, names: BitNames): Field {
  return (reader, out) => {
    out[key] = bitWords(reader[width](), names)
  }
}

/** Tells the fields behind a flags octet which of them are there. */
export interface Flags {
  readonly raw: number
  readonly has: (bit: number) => boolean
  /** The fields, when the bit is set. */
  readonly when: (bit: number, ...list: readonly Field[]) => Field
  /** The bit itself as a true or false. */
  readonly mark: (key: string, bit: number) => Field
}

export function flagged(layout: (flags: Flags) => readonly Field[], width: 'u8' | 'u16' = 'u8'): Field {
  return (reader, out) => {
    const raw = reader[width]()
    const has = (bit: number): boolean => ((raw >>> bit) & 1) === 1
    const flags: Flags = {
      raw,
      has,
      when: (bit, ...list) => (has(bit) ? fields(...list) : () => undefined),
      mark: (key, bit) => (_reader, target) => {
        target[key] = has(bit)
      },
    }
    fields(...layout(flags))(reader, out)
  }
}

/** Fields that belong together under one name. */
export function group(key: string, ...list: readonly Field[]): Field {
  return (reader, out) => {
    const inner: Fields = {}
    fields(...list)(reader, inner)
    out[key] = inner
  }
}

/** Octets that are there and mean nothing to a collector. */
export function skip(sizeBytes: number): Field {
  return (reader) => {
    reader.bytes(sizeBytes)
  }
}

export function bitWords(word: number, names: BitNames): string[] {
  return names.filter((name, bit): name is string => name !== null && ((word >>> bit) & 1) === 1)
}

/** The number, or the word of the special pattern. */
export function plain(value: MedicalFloat, shift: number): number | string {
  if ('special' in value) return value.special
  return shift === 0 ? value.value : shiftDecimal(value.mantissa, value.exponent + shift)
}
