import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { decodeChange, encodeChange } from '../../../gateway/broker/change-codec.ts'
import type { SessionChange } from '../../../gateway/broker/session-change.ts'

const clientId = fc.string({ maxLength: 40 })
const messageId = fc.integer({ min: 1, max: 65_535 })
const seq = fc.integer({ min: 1, max: 2 ** 48 - 1 })
const topic = fc.string({ maxLength: 80 })
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const)
const message = fc.record({
  topic,
  payload: fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
  qos,
  retain: fc.boolean(),
})
const change: fc.Arbitrary<SessionChange> = fc.oneof(
  fc.record({ kind: fc.constant('message' as const), message }),
  fc.record({
    kind: fc.constant('message' as const),
    message,
    origin: fc.record({ clientId, messageId }),
  }),
  fc.record({ kind: fc.constantFrom('received' as const, 'released' as const), clientId, messageId }),
  fc.record({
    kind: fc.constant('subscribed' as const),
    clientId,
    subscriptions: fc.array(fc.record({ topic, qos }), { maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant('unsubscribed' as const),
    clientId,
    filters: fc.array(topic, { maxLength: 5 }),
  }),
  fc.record({ kind: fc.constant('forgotten' as const), clientId }),
  fc.record({ kind: fc.constantFrom('sent' as const, 'pubrel' as const), clientId, seq, messageId }),
  fc.record({ kind: fc.constant('settled' as const), clientId, seq }),
)

describe('a change as bytes', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(change, (given) => {
        expect(decodeChange(encodeChange(given))).toEqual(given)
      }),
    )
  })

  it('is nothing when cut short, unless only a payload or a whole item is missing; bytes that are none never throw', () => {
    fc.assert(
      fc.property(change, fc.nat(), (given, cut) => {
        const bytes = encodeChange(given)
        const short = decodeChange(bytes.subarray(0, cut % bytes.length))
        if (short !== undefined) expect(['message', 'subscribed', 'unsubscribed']).toContain(short.kind)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        decodeChange(Buffer.from(bytes))
      }),
    )
  })

  it('of a kind that this version does not know is nothing', () => {
    expect(decodeChange(Buffer.from([200, 0, 0]))).toBeUndefined()
    expect(decodeChange(Buffer.alloc(0))).toBeUndefined()
  })
})
