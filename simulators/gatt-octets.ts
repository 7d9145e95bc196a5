/** Fields of a characteristic as octets, least significant first. */

import { decodeSfloat, encodeFloat, encodeSfloat } from '../devices/framing/ieee11073-float.ts'

export function u16(value: number): readonly number[] {
  return [value & 0xff, (value >>> 8) & 0xff]
}

export function u24(value: number): readonly number[] {
  return [...u16(value), (value >>> 16) & 0xff]
}

/** A value that is not there is NaN. */
export function sfloat(value: number | undefined): readonly number[] {
  return u16(encodeSfloat(value ?? 'NaN'))
}

export function float(value: number | undefined): readonly number[] {
  const word = encodeFloat(value ?? 'NaN')
  return [...u24(word), (word >>> 24) & 0xff]
}

/** What is left of `value` in the twelve bits of an SFLOAT mantissa. */
export function sfloatValue(value: number | undefined): number | undefined {
  if (value === undefined) return undefined
  const shown = decodeSfloat(encodeSfloat(value))
  return 'special' in shown ? undefined : shown.value
}
