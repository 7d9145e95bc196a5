import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import {
  ATT_CHANNEL,
  createL2capReassembler,
  encodeL2capFrame,
  type L2capFrame,
} from '../../../../devices/framing/l2cap.ts'

const CAP_BYTES = 64

const frames = fc.array(
  fc.record({ channel: fc.nat(0xffff), payload: fc.uint8Array({ maxLength: CAP_BYTES }) }),
  { maxLength: 8 },
)

function streamOf(list: readonly L2capFrame[]): Uint8Array {
  return Uint8Array.from(list.flatMap((frame) => [...encodeL2capFrame(frame)]))
}

describe('L2CAP basic frames', () => {
  it('are a length and a channel, little-endian, before the payload', () => {
    const frame = encodeL2capFrame({ channel: ATT_CHANNEL, payload: Uint8Array.of(0x02, 0x05, 0x02) })
    expect(Buffer.from(frame).toString('hex')).toBe('03000400020502')
  })

  it('come out the same, however the stream is cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (list, cuts) => {
        const stream = streamOf(list)
        const reassembler = createL2capReassembler(CAP_BYTES)
        const seen: L2capFrame[] = []
        let at = 0
        for (let turn = 0; at < stream.length; turn++) {
          const sizeBytes = cuts[turn % cuts.length] ?? 1
          seen.push(...reassembler.push(stream.subarray(at, at + sizeBytes)).frames)
          at += sizeBytes
        }
        expect(seen).toEqual(list)
      }),
      { seed: 7, numRuns: 500 },
    )
  })

  it('take a frame of exactly the cap and refuse one octet more as soon as it is announced', () => {
    const whole = encodeL2capFrame({ channel: 4, payload: new Uint8Array(CAP_BYTES) })
    expect(createL2capReassembler(CAP_BYTES).push(whole).frames).toHaveLength(1)
    expect(createL2capReassembler(CAP_BYTES).push(Uint8Array.of(CAP_BYTES + 1, 0, 4, 0))).toEqual({
      frames: [],
      oversizeBytes: CAP_BYTES + 1,
    })
  })

  it('gives the frames before an oversize one and nothing after it', () => {
    const reassembler = createL2capReassembler(CAP_BYTES)
    const good = encodeL2capFrame({ channel: 4, payload: Uint8Array.of(1) })
    const { frames, oversizeBytes } = reassembler.push(Uint8Array.of(...good, 0xff, 0xff, 4, 0, 9, 9))
    expect(frames).toEqual([{ channel: 4, payload: Uint8Array.of(1) }])
    expect(oversizeBytes).toBe(0xffff)
    expect(reassembler.push(good)).toEqual({ frames: [] })
  })
})
