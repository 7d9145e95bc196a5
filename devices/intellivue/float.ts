/**
 * FLOAT32 as monitors send it: signed 8-bit exponent, signed 24-bit mantissa, value = mantissa x 10^exponent. The special
 * mantissas are taken as such with any exponent: no measurement comes near them.
 */

const NOT_A_NUMBER = 0x7fffff
const NOT_AT_THIS_RESOLUTION = -0x800000
const RESERVED = -0x7fffff
const PLUS_INFINITY = 0x7ffffe
const MINUS_INFINITY = -0x7ffffe

/** Ten to this power is still an exact double, so that one division rounds as reading the decimals would. */
const MAX_EXACT_POWER = 22
const POWERS = Float64Array.from({ length: MAX_EXACT_POWER + 1 }, (_, power) => Number(`1e${power}`))

/** NaN for "no number"; the infinities stand for over and under. */
export function float32(word: number): number {
  const mantissa = (word << 8) >> 8
  if (mantissa >= PLUS_INFINITY || mantissa <= MINUS_INFINITY) return special(mantissa)
  const exponent = (word / 0x1000000) | 0
  if (exponent === 0) return mantissa
  return exponent < 0x80 ? scaleUp(mantissa, exponent) : scaleDown(mantissa, 0x100 - exponent)
}

function special(mantissa: number): number {
  if (mantissa === PLUS_INFINITY) return Infinity
  if (mantissa === MINUS_INFINITY) return -Infinity
  const known = [NOT_A_NUMBER, NOT_AT_THIS_RESOLUTION, RESERVED]
  return known.includes(mantissa) ? NaN : mantissa
}

function scaleUp(mantissa: number, power: number): number {
  return power <= MAX_EXACT_POWER ? mantissa * (POWERS[power] ?? 1) : Number(`${mantissa}e${power}`)
}

function scaleDown(mantissa: number, power: number): number {
  if (mantissa === 0) return 0
  return power <= MAX_EXACT_POWER ? mantissa / (POWERS[power] ?? 1) : Number(`${mantissa}e-${power}`)
}
