import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { noninDf13 } from '../../../devices/nonin-df13.ts'
import { noninDf8 } from '../../../devices/nonin-df8.ts'
import { encodeNoninDf13, encodeNoninDf8 } from '../../../simulators/nonin-encoder.ts'
import { decodeChunks, discardedBytes, withoutDiscards } from '../../support/stream-vectors.ts'

const SEED = 20_260_920
const TIME_MS = Date.UTC(2023, 10, 5, 8, 7, 6)

const maybe = (max: number): fc.Arbitrary<number | undefined> =>
  fc.option(fc.integer({ min: 0, max }), { nil: undefined })

function valuesOf(lines: ReturnType<typeof decodeChunks>): readonly unknown[] {
  return lines.filter(({ kind }) => kind === 'numeric').map((line) => line['value'])
}

describe('Nonin Data Format 8', () => {
  it('carries every pulse and saturation that an oximeter shows', () => {
    fc.assert(
      fc.property(maybe(321), maybe(100), (pulseRate, spo2) => {
        const lines = decodeChunks(noninDf8, [encodeNoninDf8({ pulseRate, spo2 })])
        expect(valuesOf(lines)).toEqual([pulseRate ?? null, spo2 ?? null])
        expect(discardedBytes(lines)).toBe(0)
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('loses no more than the frame that lost a byte', () => {
    const frame = encodeNoninDf8({ pulseRate: 72, spo2: 97 })
    const next = encodeNoninDf8({ pulseRate: 80, spo2: 95 })
    for (let at = 0; at < frame.length; at += 1) {
      const cut = Buffer.concat([frame.subarray(0, at), frame.subarray(at + 1)])
      const lines = decodeChunks(noninDf8, [cut, next])
      expect(valuesOf(lines)).toEqual([80, 95])
      expect(discardedBytes(lines)).toBe(3)
    }
  })
})

describe('Nonin Data Format 13', () => {
  it('carries every pulse and saturation with its time, which has no zone', () => {
    fc.assert(
      fc.property(
        maybe(321),
        maybe(100),
        fc.integer({ min: 0, max: 3_155_673_599 }),
        (pulseRate, spo2, secondsFrom2000) => {
          const atMs = Date.UTC(2000, 0, 1) + secondsFrom2000 * 1000
          const [output] = noninDf13
            .createDriver()
            .receive({ kind: 'bytes', bytes: encodeNoninDf13({ pulseRate, spo2 }, atMs) }, 0)
          expect(output).toMatchObject({
            kind: 'observation',
            deviceTime: { epochMs: atMs, zone: 'unknown' },
          })
          expect(output).not.toHaveProperty('isHistory')
          if (output?.kind === 'observation')
            expect(output.numerics.map(({ value }) => value)).toEqual([pulseRate ?? null, spo2 ?? null])
        },
      ),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('refuses a record with any bit of its body flipped, or gives it as the sum allows: never', () => {
    const record = encodeNoninDf13({ pulseRate: 72, spo2: 97 }, TIME_MS)
    for (let at = 6; at < record.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const bad = Uint8Array.from(record)
        bad[at] = (bad[at] ?? 0) ^ (1 << bit)
        expect(withoutDiscards(decodeChunks(noninDf13, [bad]))).toEqual([])
      }
    }
  })

  it('gives the next record without waiting for a third when a length was damaged', () => {
    const record = encodeNoninDf13({ pulseRate: 72, spo2: 97 }, TIME_MS)
    for (let size = 15; size <= 64; size += 1) {
      const bad = Uint8Array.from(record)
      bad[5] = size
      const driver = noninDf13.createDriver()
      driver.receive({ kind: 'bytes', bytes: bad }, 0)
      const outputs = driver.receive({ kind: 'bytes', bytes: record }, 5000)
      // A length that ends inside the next record holds it back until its sum is known to be wrong: that is at once.
      expect(outputs.filter(({ kind }) => kind === 'observation')).toHaveLength(1)
    }
  })
})
