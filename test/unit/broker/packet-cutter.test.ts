import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { PacketCutter, type Cut } from '../../../gateway/broker/packet-cutter.ts'

/** MQTT 3.1.1, 2.2.3, the algorithm as the standard prints it. */
function remainingLength(length: number): number[] {
  const bytes: number[] = []
  let left = length
  do {
    const digit = left % 128
    left = Math.floor(left / 128)
    bytes.push(left > 0 ? digit | 0x80 : digit)
  } while (left > 0)
  return bytes
}
const packet = (length: number): number[] => [
  0x30,
  ...remainingLength(length),
  ...Array<number>(length).fill(0xff),
]

const cutWhole = (max: number, bytes: readonly number[]): Cut => new PacketCutter(max).cut(Buffer.from(bytes))

describe('the cutter of packets', () => {
  it.each([0, 1, 127, 128, 16_383, 16_384])(
    'gives out packets with a remaining length of %d, and not a larger one',
    (length) => {
      const { packets, fault } = cutWhole(16_384, [...packet(length), ...packet(length)])
      expect(packets.map(({ body }) => body.length)).toEqual([length, length])
      expect(fault).toBeUndefined()
      expect(cutWhole(16_384, [0x30, ...remainingLength(16_385)])).toEqual({
        packets: [],
        fault: { kind: 'packet-too-large', announcedBytes: 16_385 },
      })
    },
  )

  it('refuses a length of more than four bytes, and what announces too much before a byte of it', () => {
    expect(cutWhole(100, [0x30, 0x80, 0x80, 0x80, 0x80]).fault?.kind).toBe('malformed-header')
    expect(cutWhole(100, [0x30, 0xff, 0xff, 0xff, 0x7f]).fault).toEqual({
      kind: 'packet-too-large',
      announcedBytes: 268_435_455,
    })
  })

  it('gives out what was whole before a fault', () => {
    const { packets, fault } = cutWhole(100, [...packet(3), 0x30, 0x80, 0x80, 0x80, 0x80])
    expect(packets).toHaveLength(1)
    expect(fault).toBeDefined()
  })

  it('cuts the same packets however the bytes come', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 8 })
    fc.assert(
      fc.property(lengths, fc.array(fc.integer({ min: 1, max: 50 })), (sizes, cuts) => {
        const bytes = Buffer.from(sizes.flatMap(packet))
        const whole = new PacketCutter(300).cut(bytes)
        const cutter = new PacketCutter(300)
        const found: Buffer[] = []
        let fault: unknown
        let at = 0
        for (const size of [...cuts, bytes.length]) {
          if (fault !== undefined) break
          const cut = cutter.cut(bytes.subarray(at, at + size))
          found.push(...cut.packets.map((one) => one.bytes))
          fault = cut.fault
          at += size
        }
        expect(found).toEqual(whole.packets.map((one) => one.bytes))
        expect(fault).toEqual(whole.fault)
        expect(fault === undefined).toBe(sizes.every((size) => size <= 300))
      }),
      { seed: 9, numRuns: 500 },
    )
  })
})
