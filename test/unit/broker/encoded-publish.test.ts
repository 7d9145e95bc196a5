import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { copyWithId, encodePublish } from '../../../gateway/broker/encoded-publish.ts'
import { PacketCutter } from '../../../gateway/broker/packet-cutter.ts'

describe('the bytes of a PUBLISH', () => {
  it('say topic, packet id and payload, whatever their lengths, and are whole', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }),
        fc.constantFrom(0, 1, 90, 127, 128, 300, 16_383, 16_384, 200_000),
        fc.constantFrom(0 as const, 1 as const),
        fc.integer({ min: 1, max: 0xffff }),
        (topic, length, qos, id) => {
          const payload = Buffer.alloc(length, 0x61)
          const encoded = encodePublish({ topic, payload }, qos)
          const target = Buffer.alloc(encoded.bytes.length + 2)
          expect(copyWithId(encoded, id, target, 2)).toBe(target.length)
          const { packets, fault } = new PacketCutter(300_000).cut(target.subarray(2))
          expect(fault).toBeUndefined()
          const [packet] = packets
          const body = packet?.body ?? Buffer.alloc(0)
          const topicEnd = 2 + body.readUInt16BE(0)
          expect(packet?.firstByte).toBe(qos === 0 ? 0x30 : 0x32)
          expect(body.subarray(2, topicEnd).toString()).toBe(topic)
          if (qos === 1) expect(body.readUInt16BE(topicEnd)).toBe(id)
          expect(body.subarray(topicEnd + (qos === 0 ? 0 : 2)).equals(payload)).toBe(true)
        },
      ),
      { seed: 20_261_130 },
    )
  })

  it('are not changed by the packet id of a copy', () => {
    const encoded = encodePublish({ topic: 'a/b', payload: Buffer.from('x') }, 1)
    const before = Buffer.from(encoded.bytes)
    copyWithId(encoded, 0xffff, Buffer.alloc(encoded.bytes.length), 0)
    expect(encoded.bytes.equals(before)).toBe(true)
  })
})
