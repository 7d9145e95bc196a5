/**
 * The medical floats of IEEE 11073-20601: SFLOAT (exponent 4 bits, mantissa 12 bits) and FLOAT (8 and 24 bits),
 * both two's complement, value = mantissa x 10^exponent.
 */

/** A bit pattern that says "no number". It has exponent 0; the same mantissa with another exponent is a number. */
export type SpecialFloat = 'NaN' | 'NRes' | '+INF' | '-INF' | 'RFU'

/** The parts are kept because the exponent carries the resolution: 2 and 2.00 are different statements. */
export type MedicalFloat =
  | { readonly mantissa: number; readonly exponent: number; readonly value: number }
  | { readonly special: SpecialFloat }

interface FloatFormat {
  readonly mantissaBits: number
  readonly exponentBits: number
}

const SFLOAT: FloatFormat = { mantissaBits: 12, exponentBits: 4 }
const FLOAT: FloatFormat = { mantissaBits: 24, exponentBits: 8 }

export function decodeSfloat(word: number): MedicalFloat {
  return decode(SFLOAT, word)
}

export function decodeFloat(word: number): MedicalFloat {
  return decode(FLOAT, word)
}

/**
 * The word nearest to `value`: exact where it fits, otherwise with as many digits as fit.
 * `decimals` fixes the resolution (2 with one decimal is F014); without it the shortest form is taken.
 * What is too large becomes an infinity.
 */
export function encodeSfloat(value: number | SpecialFloat, decimals?: number): number {
  return encode(SFLOAT, value, decimals)
}

export function encodeFloat(value: number | SpecialFloat, decimals?: number): number {
  return encode(FLOAT, value, decimals)
}

/** `value` x 10^places through its decimal digits: a multiplication by 0.1 would leave binary dust. */
export function shiftDecimal(value: number, places: number): number {
  const [digits, exponent] = value.toExponential().split('e')
  return Number(`${digits}e${Number(exponent) + places}`)
}

/** The five special mantissas sit around the sign change: max, max-1, then -max-1, -max, -max+1. */
function specialMantissas(format: FloatFormat): readonly (readonly [SpecialFloat, number])[] {
  const max = 2 ** (format.mantissaBits - 1) - 1
  return [
    ['NaN', max],
    ['+INF', max - 1],
    ['NRes', -max - 1],
    ['RFU', -max],
    ['-INF', -max + 1],
  ]
}

function decode(format: FloatFormat, word: number): MedicalFloat {
  const mantissa = signed(word, format.mantissaBits)
  const exponent = signed(Math.floor(word / 2 ** format.mantissaBits), format.exponentBits)
  if (exponent === 0) {
    const special = specialMantissas(format).find(([, pattern]) => pattern === mantissa)
    if (special !== undefined) return { special: special[0] }
  }
  return { mantissa, exponent, value: Number(`${mantissa}e${exponent}`) }
}

function encode(format: FloatFormat, value: number | SpecialFloat, decimals?: number): number {
  if (typeof value === 'string') return specialWord(format, value)
  if (Number.isNaN(value)) return specialWord(format, 'NaN')
  const maxExponent = 2 ** (format.exponentBits - 1) - 1
  const wanted = -(decimals ?? decimalsOf(value))
  const first = Math.min(Math.max(wanted, -maxExponent - 1), maxExponent)
  if (Number.isFinite(value)) {
    for (let exponent = first; exponent <= maxExponent; exponent++) {
      const mantissa = roundAwayFromZero(shiftDecimal(value, -exponent))
      if (fits(format, mantissa, exponent)) return pack(format, mantissa, exponent)
    }
  }
  return specialWord(format, value > 0 ? '+INF' : '-INF')
}

function specialWord(format: FloatFormat, name: SpecialFloat): number {
  const [, mantissa] = specialMantissas(format).find(([special]) => special === name) ?? [name, 0]
  return pack(format, mantissa, 0)
}

function decimalsOf(value: number): number {
  if (!Number.isFinite(value)) return 0
  const [digits = '', exponent] = value.toExponential().split('e')
  const fractionDigits = digits.split('.')[1]?.length ?? 0
  return Math.max(0, fractionDigits - Number(exponent))
}

function fits(format: FloatFormat, mantissa: number, exponent: number): boolean {
  const max = 2 ** (format.mantissaBits - 1) - 1
  if (exponent === 0) return Math.abs(mantissa) <= max - 2
  return mantissa >= -max - 1 && mantissa <= max
}

function pack(format: FloatFormat, mantissa: number, exponent: number): number {
  const low = mantissa < 0 ? mantissa + 2 ** format.mantissaBits : mantissa
  const high = exponent < 0 ? exponent + 2 ** format.exponentBits : exponent
  return high * 2 ** format.mantissaBits + low
}

function signed(word: number, bits: number): number {
  const unsigned = word % 2 ** bits
  return unsigned >= 2 ** (bits - 1) ? unsigned - 2 ** bits : unsigned
}

function roundAwayFromZero(value: number): number {
  const rounded = Math.sign(value) * Math.round(Math.abs(value))
  return rounded === 0 ? 0 : rounded
}
