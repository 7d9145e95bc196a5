import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { PacketHeaders } from '../../../gateway/broker/packet-headers.ts'

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

describe('the headers of packets', () => {
  it.each([0, 1, 127, 128, 16_383, 16_384])(
    'with a remaining length of %d are followed to the next packet',
    (length) => {
      const headers = new PacketHeaders(16_384)
      expect(headers.follow(Uint8Array.from([...packet(length), ...packet(length)]))).toBeUndefined()
      expect(headers.follow(Uint8Array.from([0x30, ...remainingLength(16_385)]))).toEqual({
        kind: 'packet-too-large',
        announcedBytes: 16_385,
      })
    },
  )

  it('say where the first packet ends, in whatever pieces it comes', () => {
    const pieces = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.array(fc.integer({ min: 1, max: 50 })))
    fc.assert(
      fc.property(pieces, ([length, sizes]) => {
        const headers = new PacketHeaders(16_384)
        const bytes = Uint8Array.from([...packet(length), ...packet(7), ...packet(0)])
        const first = packet(length).length
        let at = 0
        for (const size of [...sizes, bytes.length]) {
          headers.follow(bytes.subarray(at, at + size))
          at = Math.min(bytes.length, at + size)
          expect(headers.firstPacketBytes).toBe(at >= first ? first : undefined)
        }
      }),
    )
  })

  it('longer than four bytes are malformed', () => {
    expect(new PacketHeaders(100).follow(Uint8Array.from([0x30, 0x80, 0x80, 0x80, 0x80]))).toMatchObject({
      kind: 'malformed-header',
    })
    expect(new PacketHeaders(100).follow(Uint8Array.from([0x30, 0xff, 0xff, 0xff, 0x7f]))).toEqual({
      kind: 'packet-too-large',
      announcedBytes: 268_435_455,
    })
  })

  it('mean the same however the bytes are cut', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 8 })
    fc.assert(
      fc.property(lengths, fc.array(fc.integer({ min: 1, max: 50 })), (sizes, cuts) => {
        const bytes = Uint8Array.from(sizes.flatMap(packet))
        const whole = new PacketHeaders(300).follow(bytes)
        const cut = new PacketHeaders(300)
        let fault: unknown
        let at = 0
        for (const size of [...cuts, bytes.length]) {
          fault ??= cut.follow(bytes.subarray(at, at + size))
          at += size
        }
        expect(fault).toEqual(whole)
        expect(whole === undefined).toBe(sizes.every((size) => size <= 300))
      }),
      { seed: 9, numRuns: 500 },
    )
  })
})
