import { describe, expect, it } from '@jest/globals'
import { CatchUp } from '../../../gateway/broker/catch-up.ts'
import { OutgoingQueue, type QueuedPacket } from '../../../gateway/broker/outgoing-queue.ts'

const packet = (brokerCounter: number): QueuedPacket => ({
  cmd: 'publish',
  brokerId: 'b',
  brokerCounter,
  payload: `${brokerCounter}`,
})

function begin(waiting: readonly number[]) {
  const queue = new OutgoingQueue({ queuedMessages: 100, queuedBytes: 10_000 })
  for (const n of waiting) queue.add(packet(n))
  const catchUp = new CatchUp()
  const connection = {}
  const stream = catchUp.stream(connection, queue)
  const send = (n: number): void => {
    queue.update({ ...packet(n), messageId: n }, connection)
    catchUp.progressed(connection)
  }
  const mayPass = (n: number): boolean => catchUp.mayPass(connection, queue, packet(n))
  return { queue, catchUp, connection, stream, send, mayPass }
}

describe('a session that comes back', () => {
  it('gets what has waited first, and what comes meanwhile behind it, once', async () => {
    const { queue, stream, send, mayPass } = begin([1, 2])
    const order: number[] = []
    for await (const { brokerCounter = 0 } of stream) {
      order.push(brokerCounter)
      if (brokerCounter === 1) {
        queue.add(packet(3))
        expect(mayPass(3)).toBe(false)
      }
      send(brokerCounter)
    }
    expect(order).toEqual([1, 2, 3])
    expect(mayPass(3)).toBe(false)
    queue.add(packet(4))
    expect(mayPass(4)).toBe(true)
  })

  it('is not live before the last of its backlog has been sent', async () => {
    const { queue, stream, send, mayPass } = begin([1])
    const packets = stream[Symbol.asyncIterator]()
    await packets.next()
    const next = packets.next()
    queue.add(packet(2))
    expect(mayPass(2)).toBe(false)
    expect(await next).toMatchObject({ value: { brokerCounter: 2 } })
    send(1)
    const end = packets.next()
    expect(mayPass(2)).toBe(false)
    send(2)
    expect(await end).toMatchObject({ done: true })
    queue.add(packet(3))
    expect(mayPass(3)).toBe(true)
  })

  it('with nothing waiting is live at once, and what is in no queue always passes', async () => {
    const { queue, stream, mayPass } = begin([])
    expect(mayPass(9)).toBe(true)
    expect(await stream[Symbol.asyncIterator]().next()).toMatchObject({ done: true })
    queue.add(packet(1))
    expect(mayPass(1)).toBe(true)
  })

  it('goes on when what was offered may not be delivered and is dropped', async () => {
    const { queue, catchUp, connection, stream } = begin([1])
    const packets = stream[Symbol.asyncIterator]()
    await packets.next()
    queue.settle(packet(1))
    catchUp.progressed(connection)
    expect(await packets.next()).toMatchObject({ done: true })
  })

  it('that goes away in between is not waited for', async () => {
    const { stream } = begin([1, 2])
    await stream[Symbol.asyncIterator]().next()
    const closed = new Promise((resolve) => {
      stream.once('close', resolve)
    })
    stream.destroy()
    await closed
    expect(stream.destroyed).toBe(true)
  })

  it('gets again on its next connection what it has not acknowledged', async () => {
    const { queue, catchUp, stream, send } = begin([1, 2])
    for await (const { brokerCounter = 0 } of stream) send(brokerCounter)
    queue.settle({ cmd: 'puback', messageId: 1 })
    const again: QueuedPacket[] = []
    const connection = {}
    for await (const waiting of catchUp.stream(connection, queue)) {
      again.push(waiting)
      queue.update({ ...waiting, messageId: 2 }, connection)
      catchUp.progressed(connection)
    }
    expect(again).toMatchObject([{ brokerCounter: 2, dup: true }])
  })
})
