/** MQTT 3.1.1, sections 3.3 to 3.7, 4.3 and 4.6: messages in both directions, at each QoS, retained or not, and their order. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Lab, type Publish, type Wire } from '../support/mqtt-lab.ts'
import { puback, pubcomp, publish, pubrec, pubrel, subscribe, type Qos } from '../support/mqtt-packets.ts'

const lab = new Lab()
beforeAll(async () => lab.start())
afterAll(async () => lab.remove())

const QOS: readonly Qos[] = [0, 1, 2]
const payloads = (messages: readonly Publish[]): readonly string[] => messages.map(({ payload }) => payload)

/** A topic of its own, a publisher, and a subscriber of that topic. */
async function pair(qos: Qos, options = {}) {
  const topic = `topic/${lab.id()}`
  return { topic, publisher: await lab.client(), subscriber: await lab.subscriber(topic, qos, options) }
}

/** Takes a message of any QoS to its end; the message. */
async function take(client: Wire): Promise<Publish> {
  const message = await client.message()
  const { qos, messageId = 0 } = message
  if (qos === 1) client.send(puback(messageId))
  if (qos === 2) {
    client.send(pubrec(messageId))
    expect(await client.next()).toEqual({ type: 'pubrel', messageId })
    client.send(pubcomp(messageId))
  }
  return message
}

describe('a message received', () => {
  it('[MQTT-4.3.1-1] at QoS 0 is not acknowledged', async () => {
    const { topic, publisher, subscriber } = await pair(0)
    publisher.send(publish(topic, 'x'))
    expect(await subscriber.message()).toMatchObject({ payload: 'x', qos: 0, messageId: undefined })
    expect(await publisher.ping()).toEqual([])
  })

  it('[MQTT-4.3.2-2] at QoS 1 is answered with a PUBACK of its packet id', async () => {
    const publisher = await lab.client()
    for (const messageId of [1, 255, 256, 65_535]) {
      publisher.send(publish('acknowledged', 'x', { qos: 1, messageId }))
      expect(await publisher.next()).toEqual({ type: 'puback', messageId })
    }
  })

  it('[MQTT-4.3.2-2] at QoS 1 with the packet id of an acknowledged one is a new message', async () => {
    const { topic, publisher, subscriber } = await pair(1)
    for (const dup of [false, true, false]) {
      publisher.send(publish(topic, 'x', { qos: 1, messageId: 5, dup }))
      expect(await publisher.next()).toEqual({ type: 'puback', messageId: 5 })
    }
    expect(await subscriber.messages(3)).toHaveLength(3)
  })

  it('[MQTT-4.3.3-2] at QoS 2 is answered with PUBREC, and its PUBREL with PUBCOMP', async () => {
    const { topic, publisher, subscriber } = await pair(0)
    publisher.send(publish(topic, 'x', { qos: 2, messageId: 9 }))
    expect(await publisher.next()).toEqual({ type: 'pubrec', messageId: 9 })
    publisher.send(pubrel(9))
    expect(await publisher.next()).toEqual({ type: 'pubcomp', messageId: 9 })
    expect(await subscriber.message()).toMatchObject({ payload: 'x' })
  })

  it('[MQTT-4.3.3-2] at QoS 2 and repeated before its release is published once', async () => {
    const { topic, publisher, subscriber } = await pair(2)
    for (const dup of [false, true, true]) {
      publisher.send(publish(topic, 'x', { qos: 2, messageId: 9, dup }))
      expect(await publisher.next()).toEqual({ type: 'pubrec', messageId: 9 })
    }
    publisher.send(pubrel(9))
    expect(await publisher.next()).toEqual({ type: 'pubcomp', messageId: 9 })
    publisher.send(publish(topic, 'y', { qos: 2, messageId: 9 }))
    expect(await publisher.next()).toEqual({ type: 'pubrec', messageId: 9 })
    expect(payloads(await subscriber.messages(2))).toEqual(['x', 'y'])
  })

  it('[MQTT-4.3.3-2] (L) at QoS 2, twice in one segment, is published once and acknowledged twice', async () => {
    const { topic, publisher, subscriber } = await pair(2)
    const twice = publish(topic, 'x', { qos: 2, messageId: 9 })
    publisher.send(twice, twice, publish(topic, 'y', { qos: 2, messageId: 10 }))
    const acknowledged = [await publisher.next(), await publisher.next(), await publisher.next()]
    expect(acknowledged).toEqual([9, 9, 10].map((messageId) => ({ type: 'pubrec', messageId })))
    expect(payloads(await subscriber.messages(2))).toEqual(['x', 'y'])
  })

  it('[MQTT-2.3.1-4] of one client has nothing to do with the packet ids of another', async () => {
    const { topic, publisher, subscriber } = await pair(2)
    const other = await lab.client()
    for (const client of [publisher, other]) client.send(publish(topic, 'x', { qos: 2, messageId: 3 }))
    expect(await subscriber.messages(2)).toHaveLength(2)
  })

  it.each(QOS)('[MQTT-3.3.1-9] at QoS %d with no payload is a message', async (qos) => {
    const { topic, publisher, subscriber } = await pair(2)
    publisher.send(publish(topic, '', { qos }))
    expect(await subscriber.message()).toMatchObject({ topic, payload: '', qos })
  })

  it.each(['$SYS/lab/x', '$x', '$/x'])(
    "[MQTT-4.7.2-1] on %s, which is the server's, reaches nobody",
    async (topic) => {
      const subscriber = await lab.subscriber(topic, 1)
      const publisher = await lab.client()
      publisher.send(publish(topic, 'forged', { qos: 1, retain: true }))
      expect(await publisher.next()).toMatchObject({ type: 'puback' })
      await lab.settled()
      expect(await subscriber.ping()).toEqual([])
    },
  )
})

describe('a message delivered', () => {
  const LEVELS = QOS.flatMap((sent) => QOS.map((granted) => [sent, granted] as const))
  it.each(LEVELS)(
    '[MQTT-3.8.4-6] (M) of QoS %d to a subscription of QoS %d has the lower one',
    async (sent, granted) => {
      for (const filter of ['q/+/x', 'q/#', `q/${sent}${granted}/x`]) {
        const subscriber = await lab.subscriber(filter, granted)
        const publisher = await lab.client()
        publisher.send(publish(`q/${sent}${granted}/x`, filter, { qos: sent }))
        expect(await take(subscriber)).toMatchObject({ payload: filter, qos: Math.min(sent, granted) })
        subscriber.drop()
      }
    },
  )

  it('[MQTT-3.3.1-3] (K) has no DUP of its sender', async () => {
    const { topic, publisher, subscriber } = await pair(2)
    for (const qos of [1, 2] as const) {
      publisher.send(publish(topic, 'x', { qos, messageId: qos, dup: true }))
      expect(await take(subscriber)).toMatchObject({ qos, dup: false })
    }
  })

  it('[MQTT-4.3.3-1] at QoS 2 goes through PUBREC, PUBREL and PUBCOMP, also when PUBREC is repeated', async () => {
    const { topic, publisher, subscriber } = await pair(2)
    publisher.send(publish(topic, 'x', { qos: 2 }))
    const { messageId = 0, dup } = await subscriber.message()
    expect(dup).toBe(false)
    subscriber.send(pubrec(messageId), pubrec(messageId))
    expect([await subscriber.next(), await subscriber.next()]).toEqual([
      { type: 'pubrel', messageId },
      { type: 'pubrel', messageId },
    ])
    subscriber.send(pubcomp(messageId), pubcomp(messageId))
    expect(await subscriber.ping()).toEqual([])
  })

  it.each([true, false])(
    '[MQTT-2.3.1-1] has a packet id that no other under way has (clean: %s)',
    async (clean) => {
      const { topic, publisher, subscriber } = await pair(1, { clean })
      for (let n = 1; n <= 50; n += 1) publisher.send(publish(topic, 'x', { qos: 1, messageId: n }))
      const ids = (await subscriber.messages(50)).map(({ messageId }) => messageId)
      expect(new Set(ids).size).toBe(50)
      expect(ids).not.toContain(0)
    },
  )

  it('[MQTT-3.3.5-1] goes to each of its subscribers, and to its own sender too', async () => {
    const { topic, subscriber } = await pair(1)
    const [second, sender] = [await lab.subscriber('topic/#', 0), await lab.subscriber(topic, 2)]
    sender.send(publish(topic, 'x', { qos: 1, messageId: 4 }))
    for (const one of [subscriber, second]) expect(await one.message()).toMatchObject({ payload: 'x' })
    expect(await sender.messages(1)).toHaveLength(1)
    second.drop()
  })
})

describe('order', () => {
  it.each(QOS)('[MQTT-4.6.0-6] of one publisher is kept at QoS %d, acknowledged or not', async (qos) => {
    const { topic, publisher, subscriber } = await pair(qos)
    const texts = Array.from({ length: 60 }, (_, n) => String(n))
    for (const [n, text] of texts.entries()) publisher.send(publish(topic, text, { qos, messageId: n + 1 }))
    expect(payloads(await subscriber.messages(60))).toEqual(texts)
  })

  it.each([1, 2] as const)(
    '[MQTT-4.6.0-2] of acknowledgements is that of the messages at QoS %d',
    async (qos) => {
      const publisher = await lab.client()
      const ids = Array.from({ length: 50 }, (_, n) => n + 1)
      publisher.send(...ids.map((messageId) => publish('in/order', 'x', { qos, messageId })))
      for (const messageId of ids) expect(await publisher.next()).toMatchObject({ messageId })
    },
  )

  it('[MQTT-4.6.0-5] of PUBREL is that of the PUBRECs', async () => {
    const { topic, publisher, subscriber } = await pair(2, { clean: false })
    for (let n = 1; n <= 10; n += 1) publisher.send(publish(topic, 'x', { qos: 2, messageId: n }))
    const ids = (await subscriber.messages(10)).map(({ messageId = 0 }) => messageId).toReversed()
    subscriber.send(...ids.map((messageId) => pubrec(messageId)))
    for (const messageId of ids) expect(await subscriber.next()).toEqual({ type: 'pubrel', messageId })
  })
})

describe('a retained message', () => {
  it.each(QOS)(
    '[MQTT-3.3.1-5] of QoS %d is kept, replaced, and removed by one without payload',
    async (qos) => {
      const topic = `kept/${lab.id()}`
      const publisher = await lab.client()
      const shown: string[][] = []
      for (const payload of ['old', 'new', '', 'again']) {
        publisher.send(publish(topic, payload, { qos, retain: true }))
        await (qos === 0 ? publisher.ping() : publisher.next())
        if (qos === 2) publisher.send(pubrel(1))
        if (qos === 2) await publisher.next()
        await lab.settled()
        const late = await lab.client()
        await late.subscribe([topic, 0])
        shown.push(
          (await late.ping()).flatMap((packet) => (packet.type === 'publish' ? [packet.payload] : [])),
        )
      }
      expect(shown).toEqual([['old'], ['new'], [], ['again']])
    },
  )

  it('[MQTT-3.3.1-8] has its flag for a new subscription, and [MQTT-3.3.1-9] not for one that is there', async () => {
    const { topic, publisher, subscriber } = await pair(1)
    publisher.send(publish(topic, 'x', { qos: 1, retain: true }))
    expect(await subscriber.message()).toMatchObject({ payload: 'x', retain: false })
    const late = await lab.subscriber(topic, 1)
    expect(await late.message()).toMatchObject({ payload: 'x', retain: true, dup: false })
  })

  it('[MQTT-3.3.1-11] with no payload is delivered to those who are there, and kept for nobody', async () => {
    const { topic, publisher, subscriber } = await pair(0)
    publisher.send(publish(topic, 'x', { retain: true }), publish(topic, '', { retain: true }))
    expect(await subscriber.messages(2)).toMatchObject([{ retain: false }, { payload: '', retain: false }])
    const late = await lab.subscriber(topic, 0)
    expect(await late.ping()).toEqual([])
  })

  it('[MQTT-3.3.1-12] stays when one without the flag comes on its topic', async () => {
    const { topic, publisher } = await pair(0)
    publisher.send(publish(topic, 'kept', { retain: true }), publish(topic, 'passing', { qos: 1 }))
    await publisher.next()
    const late = await lab.subscriber(topic, 0)
    expect(await late.message()).toMatchObject({ payload: 'kept', retain: true })
  })

  it('[MQTT-3.3.1-10] (O) is removed by a QoS 0 message right behind the QoS 1 message that brought it', async () => {
    const { topic, publisher } = await pair(0)
    for (let n = 0; n < 20; n += 1) {
      publisher.send(publish(topic, 'x', { qos: 1, retain: true }), publish(topic, '', { retain: true }))
      await publisher.next()
    }
    await publisher.ping()
    await lab.settled()
    const late = await lab.subscriber(topic, 0)
    expect(await late.ping()).toEqual([])
  })

  it.each(QOS)('[MQTT-3.8.4-6] (M) of QoS 2 comes at QoS %d to a filter of that QoS', async (granted) => {
    const publisher = await lab.client()
    publisher.send(publish(`lowered/${granted}/x`, 'x', { qos: 2, retain: true }))
    await publisher.next()
    for (const filter of [`lowered/${granted}/+`, `lowered/${granted}/x`]) {
      const late = await lab.subscriber(filter, granted)
      expect(await take(late)).toMatchObject({ qos: granted, retain: true })
    }
  })

  it.each([
    ['levels//x', 'levels/+/x'],
    ['/levels', '+/levels'],
    ['levels/', 'levels/+'],
    ['/', '+/+'],
    ['levels/of/#'.replace('/#', ''), 'levels/of/#'],
  ])('[MQTT-4.7.1-3] (F) on %j is found by %j', async (topic, filter) => {
    const publisher = await lab.client()
    publisher.send(publish(topic, 'found', { qos: 1, retain: true }))
    await publisher.next()
    const late = await lab.subscriber(filter, 0)
    while ((await late.message()).topic !== topic);
  })

  it('[MQTT-3.8.4-3] comes again with each SUBSCRIBE of the same filter, and changes its QoS', async () => {
    const { topic, publisher } = await pair(0)
    publisher.send(publish(topic, 'kept', { qos: 2, retain: true }))
    await publisher.next()
    const client = await lab.client()
    for (const qos of [0, 2, 1] as const) {
      client.send(subscribe(qos + 1, [topic, qos]))
      expect(await client.next()).toEqual({ type: 'suback', messageId: qos + 1, granted: [qos] })
      expect(await take(client)).toMatchObject({ payload: 'kept', qos, retain: true })
    }
  })
})
