import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import {
  decodeFloat,
  decodeSfloat,
  encodeFloat,
  encodeSfloat,
  shiftDecimal,
} from '../../../../devices/framing/ieee11073-float.ts'

const SEED = 20601

describe('SFLOAT', () => {
  it.each([
    [2, undefined, 0x0002],
    [2, 1, 0xf014],
    [2, 2, 0xe0c8],
    [36.5, undefined, 0xf16d],
    [-17.7, undefined, 0xff4f],
    [0, undefined, 0x0000],
    [0, 3, 0xd000],
    [1.2e-5, 8, 0x84b0],
  ])('writes %p with %p decimals as the word of its resolution', (value, decimals, word) => {
    expect(encodeSfloat(value, decimals)).toBe(word)
  })

  it.each([
    ['NaN', 0x07ff],
    ['NRes', 0x0800],
    ['+INF', 0x07fe],
    ['-INF', 0x0802],
    ['RFU', 0x0801],
  ] as const)('writes and reads the special %s', (special, word) => {
    expect(encodeSfloat(special)).toBe(word)
    expect(decodeSfloat(word)).toEqual({ special })
  })

  it('writes the numbers of JavaScript that are none as specials', () => {
    expect([NaN, Infinity, -Infinity].map((value) => encodeSfloat(value))).toEqual([0x07ff, 0x07fe, 0x0802])
  })

  it('never lets a number fall on a special pattern', () => {
    for (const value of [2046, 2047, -2046, -2047, -2048]) {
      const decoded = decodeSfloat(encodeSfloat(value))
      expect(decoded).toMatchObject({ exponent: 1 })
    }
  })

  it('keeps as many digits as fit, rounded to the nearest', () => {
    expect(decodeSfloat(encodeSfloat(123.456))).toMatchObject({ value: 123 + 0.5 })
    expect(decodeSfloat(encodeSfloat(20_464))).toMatchObject({ value: 20_460 })
    expect(decodeSfloat(encodeSfloat(20_476))).toMatchObject({ value: 20_500 })
  })

  it('answers an infinity for what is too large and zero for what is too small', () => {
    expect(decodeSfloat(encodeSfloat(3e10))).toEqual({ special: '+INF' })
    expect(decodeSfloat(encodeSfloat(-3e10))).toEqual({ special: '-INF' })
    expect(decodeSfloat(encodeSfloat(1e-12))).toMatchObject({ value: 0 })
  })

  it('takes every word that is a number back to the same number', () => {
    for (let word = 0; word <= 0xffff; word++) {
      const decoded = decodeSfloat(word)
      if ('special' in decoded) continue
      const again = decodeSfloat(encodeSfloat(decoded.value))
      if (!('value' in again) || again.value !== decoded.value) throw new Error(`word ${word.toString(16)}`)
    }
  })
})

describe('FLOAT', () => {
  it.each([
    [2, 1, 0xff000014],
    [-1234, undefined, 0x00fffb2e],
    [0.025, undefined, 0xfd000019],
  ])('writes %p with %p decimals', (value, decimals, word) => {
    expect(encodeFloat(value, decimals)).toBe(word)
  })

  it('returns any number of at most six digits exactly', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -999_999, max: 999_999 }),
        fc.integer({ min: 0, max: 9 }),
        (digits, places) => {
          const value = shiftDecimal(digits, -places)
          expect(decodeFloat(encodeFloat(value))).toMatchObject({ value: value === 0 ? 0 : value })
        },
      ),
      { seed: SEED, numRuns: 500 },
    )
  })

  it('comes within half a unit of its last digit for any number', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e12, max: 1e12, noNaN: true }), (value) => {
        const decoded = decodeFloat(encodeFloat(value))
        if (!('value' in decoded)) throw new Error('special')
        expect(Math.abs(decoded.value - value)).toBeLessThanOrEqual(0.5000001 * 10 ** decoded.exponent)
      }),
      { seed: SEED, numRuns: 500 },
    )
  })
})
