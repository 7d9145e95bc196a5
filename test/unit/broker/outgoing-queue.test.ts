import { describe, expect, it } from '@jest/globals'
import { OutgoingQueue } from '../../../gateway/broker/outgoing-queue.ts'

const publish = (brokerCounter: number, text = 'x') => ({
  cmd: 'publish',
  brokerId: 'b',
  brokerCounter,
  payload: Buffer.from(text),
})
const BOUNDS = { queuedMessages: 3, queuedBytes: 10 }

describe('the queue of a durable session', () => {
  it('gives back in order what was not acknowledged, marking what was sent before', () => {
    const queue = new OutgoingQueue(BOUNDS)
    for (const n of [1, 2, 3]) queue.add(publish(n))
    queue.update({ ...publish(1), messageId: 11 })
    queue.update({ ...publish(2), messageId: 12 })
    expect(queue.settle({ cmd: 'puback', messageId: 11 })).toMatchObject({ brokerCounter: 1 })
    expect(queue.redeliveries()).toMatchObject([
      { brokerCounter: 2, messageId: 12, dup: true },
      { brokerCounter: 3, dup: false },
    ])
  })

  it('goes on with the PUBREL where the PUBLISH was received', () => {
    const queue = new OutgoingQueue(BOUNDS)
    queue.add(publish(1))
    queue.update({ ...publish(1), messageId: 11 })
    queue.update({ cmd: 'pubrel', messageId: 11 })
    expect(queue.redeliveries()).toEqual([{ cmd: 'pubrel', messageId: 11 }])
    queue.settle({ cmd: 'pubcomp', messageId: 11 })
    expect(queue.redeliveries()).toEqual([])
  })

  it('drops a message that may not be delivered, and no other', () => {
    const queue = new OutgoingQueue(BOUNDS)
    for (const n of [1, 2]) queue.add(publish(n))
    queue.settle(publish(2))
    queue.settle({ cmd: 'puback', messageId: 99 })
    expect(queue.redeliveries()).toMatchObject([{ brokerCounter: 1 }])
  })

  it('lets the oldest make room, by number and by bytes, and says so once until it was empty', () => {
    const queue = new OutgoingQueue(BOUNDS)
    expect([1, 2, 3, 4, 5].map((n) => queue.add(publish(n)))).toEqual([
      'queued',
      'queued',
      'queued',
      'overflow',
      'queued',
    ])
    queue.add(publish(6, '123456789'))
    expect(queue.redeliveries()).toMatchObject([{ brokerCounter: 5 }, { brokerCounter: 6 }])
    for (const n of [5, 6]) queue.settle(publish(n))
    expect([7, 8, 9, 10].map((n) => queue.add(publish(n)))).toEqual([
      'queued',
      'queued',
      'queued',
      'overflow',
    ])
  })
})
