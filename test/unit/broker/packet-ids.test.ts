import type { AedesPublishPacket } from 'aedes'
import { describe, expect, it } from '@jest/globals'
import { numberFrom, takeMessageId } from '../../../gateway/broker/packet-ids.ts'
import { SessionStore } from '../../../gateway/broker/session-store.ts'
import { MemoryLog } from '../../support/memory-log.ts'

describe('packet ids', () => {
  it('begin behind those of a former connection, and go round from 65,535 to 1', () => {
    const client = { _nextId: 7 }
    numberFrom(client, 65_534)
    expect([takeMessageId(client), takeMessageId(client), takeMessageId(client)]).toEqual([65_534, 65_535, 1])
    numberFrom(client, 65_536)
    expect(takeMessageId(client)).toBe(1)
  })

  it('[MQTT-2.3.1-4] pass over those in use, and come to an end when all are', () => {
    const client = { _nextId: 65_535 }
    const used = new Set([65_535, 1, 2, 4])
    numberFrom(client, 0, (messageId) => used.has(messageId))
    expect([takeMessageId(client), takeMessageId(client), takeMessageId(client)]).toEqual([3, 5, 6])
    numberFrom(client, 0, () => true)
    expect(takeMessageId(client)).toBeUndefined()
  })

  it('[MQTT-2.3.1-4] that Aedes has counted to, and that are in use, are exchanged before anything is sent', async () => {
    const store = new SessionStore({
      queuedMessages: 10,
      queuedBytes: 1000,
      retainedTopics: 10,
      onRetainedFull: () => undefined,
      onOverflow: () => undefined,
      mayKeep: () => true,
      log: new MemoryLog(),
    })
    const client = { id: 'station', clean: false, _nextId: 9 }
    const waiting = (brokerCounter: number): AedesPublishPacket & { messageId?: number } => ({
      cmd: 'publish',
      brokerId: 'b',
      brokerCounter,
      topic: 't',
      payload: Buffer.from('x'),
      qos: 1,
      retain: false,
      dup: false,
    })
    await store.addSubscriptions(client, [{ topic: 't', qos: 1 }])
    store.outgoingStream(client)
    const sent: (number | undefined)[] = []
    for (const [n, messageId] of [9, 9, 9, 12].entries()) {
      store.state.enqueue(client.id, waiting(n + 1))
      const packet = { ...waiting(n + 1), messageId }
      await store.outgoingUpdate(client, packet)
      sent.push(packet.messageId)
    }
    expect(new Set(sent).size).toBe(4)
    // Sent again under its own.
    const again = { ...waiting(1), messageId: 9, dup: true }
    await store.outgoingUpdate(client, again)
    expect(again.messageId).toBe(9)
  })
})
