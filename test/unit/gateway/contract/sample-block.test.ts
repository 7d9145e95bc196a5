import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { MAX_SAMPLES, packSamples, unpackSamples } from '../../../../gateway/contract/sample-block.ts'
import { packed } from '../../../support/relayed.ts'

const INT16 = fc.integer({ min: -0x7fff, max: 0x7fff })
const INT32 = fc.integer({ min: -0x7fffffff, max: 0x7fffffff })

describe('a block of samples', () => {
  it('comes back as it was sent, gaps included, in two bytes a sample', () => {
    fc.assert(
      fc.property(fc.array(fc.option(INT16), { minLength: 1, maxLength: 300 }), (samples) => {
        const block = packed(samples)
        expect(block).toMatchObject({ format: 'int16', n: samples.length })
        expect(Buffer.from(block.samples, 'base64')).toHaveLength(2 * samples.length)
        expect(unpackSamples(block)).toEqual(samples)
      }),
      { seed: 11 },
    )
  })

  it('comes back as it was sent where one value needs four bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(INT32), { maxLength: 100 }),
        fc.integer({ min: 0x8000, max: 0x7fffffff }),
        fc.boolean(),
        (others, large, isNegative) => {
          const samples = [...others, isNegative ? -large : large]
          const block = packed(samples)
          expect(block.format).toBe('int32')
          expect(unpackSamples(block)).toEqual(samples)
        },
      ),
      { seed: 12 },
    )
  })

  it('is little-endian, and a gap is the most negative number of the format', () => {
    expect(Buffer.from(packed([1, null, -2]).samples, 'base64').toString('hex')).toBe('01000080feff')
    expect(Buffer.from(packed([0x12345678, null]).samples, 'base64').toString('hex')).toBe('7856341200000080')
  })

  it('takes four bytes for the value that means a gap in two', () => {
    expect(packed([-0x8000])).toMatchObject({ format: 'int32' })
    expect(unpackSamples(packed([-0x8000]))).toEqual([-0x8000])
    expect(packed([-0x7fff, 0x7fff]).format).toBe('int16')
    expect(packed([0x8000]).format).toBe('int32')
  })

  it.each([
    ['nothing', []],
    ['a fraction', [1.5]],
    ['no number', [Number.NaN]],
    ['more than 32 bits', [2 ** 31]],
    ['the value that means a gap in 32 bits', [-(2 ** 31)]],
    ['more samples than a block may have', Array.from({ length: MAX_SAMPLES + 1 }, () => 0)],
  ])('is not made of %s: nothing is rounded or clipped', (_, samples) => {
    expect(packSamples(samples)).toBeUndefined()
  })

  it.each([
    ['bytes that are too few', 'AQA='],
    ['bytes that are too many', 'AQACAAMA'],
    ['base64 without its end', 'AQACAA'],
    ['the alphabet of URLs', '-_ACAA=='],
    ['white space', 'AQAC AA=='],
  ])('is refused with %s', (_, samples) => {
    expect(unpackSamples({ format: 'int16', n: 2, samples: 'AQACAA==' })).toEqual([1, 2])
    expect(unpackSamples({ format: 'int16', n: 2, samples })).toBeUndefined()
  })
})
