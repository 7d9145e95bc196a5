/** MQTT 3.1.1: statements about what a server owes its clients when something is refused, fails, or is done in one go. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { allowAll } from '../support/lab-rules.ts'
import { Lab } from '../support/mqtt-lab.ts'
import {
  connect,
  DISCONNECT,
  puback,
  pubcomp,
  publish,
  pubrec,
  pubrel,
  subscribe,
  unsubscribe,
} from '../support/mqtt-packets.ts'

let isDiskFull = false
const DENIED = { allowed: false, reason: 'forbidden' } as const
const lab = new Lab({
  limits: { keepAliveS: 60 },
  contest: ({ waitedMs }) => (waitedMs > 100 ? { kind: 'take-over' } : { kind: 'wait', reason: 'listening' }),
  rules: {
    ...allowAll,
    mayConnect: (_identity, clientId) => (clientId === 'forbidden' ? DENIED : { allowed: true }),
    mayPublish: (_identity, topic) => (topic.startsWith('forbidden') ? DENIED : { allowed: true }),
    maySubscribe: (_identity, filter) => (filter.startsWith('forbidden') ? DENIED : { allowed: true }),
    mayReceive: (_identity, topic) => (topic.endsWith('hidden') ? DENIED : { allowed: true }),
    async admit(_identity, message) {
      if (isDiskFull) throw new Error('the disk is full')
      return { instead: message, also: [] }
    },
  },
})
beforeAll(async () => lab.start())
afterAll(async () => lab.remove())

const KEEP = { keepAliveS: 30 }

describe('a refusal', () => {
  it('[MQTT-3.1.3-9] [MQTT-3.2.2-5] of a client id is CONNACK 2, and then the connection ends', async () => {
    const client = await lab.open()
    client.send(connect({ id: 'forbidden', ...KEEP }), publish('behind', 'x'))
    expect(await client.closed()).toEqual([{ type: 'connack', sessionPresent: false, code: 2 }])
  })

  it('[MQTT-3.2.2-6] that no code of CONNACK names is an end without a CONNACK', async () => {
    for (const keepAliveS of [0, 61, 65_535]) {
      const client = await lab.open()
      client.send(connect({ id: lab.id(), keepAliveS }))
      expect(await client.closed()).toEqual([])
    }
    expect(await lab.events.first('keep-alive-refused')).toMatchObject({ role: 'operator' })
  })

  it('[MQTT-3.1.4-1] of a CONNECT out of order is an end without a CONNACK', async () => {
    const client = await lab.open()
    client.send(connect({ id: 'x', protocolName: 'HTTP', ...KEEP }))
    expect(await client.closed()).toEqual([])
  })

  it.each([1, 2] as const)(
    '[MQTT-3.3.5-2] of a message at QoS %d is acknowledged like any other, and nobody gets it',
    async (qos) => {
      const reader = await lab.subscriber('#', 2, KEEP)
      const client = await lab.client(KEEP)
      client.send(publish('forbidden/topic', 'x', { qos, retain: true }))
      expect(await client.next()).toEqual({ type: qos === 1 ? 'puback' : 'pubrec', messageId: 1 })
      if (qos === 2) client.send(pubrel(1))
      if (qos === 2) expect(await client.next()).toEqual({ type: 'pubcomp', messageId: 1 })
      await lab.settled()
      const seen = (await reader.ping()).filter((one) => one.type === 'publish' && one.payload === 'x')
      expect(seen).toEqual([])
      reader.drop()
    },
  )

  it('[MQTT-3.8.4-5] [MQTT-3.9.3-1] of a filter is the code 128 in its place', async () => {
    const client = await lab.client({ ...KEEP, clean: false })
    expect(await client.subscribe(['a', 1], ['forbidden/x', 2], ['b', 2])).toEqual([1, 128, 2])
  })

  it("[MQTT-4.7.3-4] of a reader's right holds for live, retained and waiting messages", async () => {
    const options = { ...KEEP, id: lab.id(), clean: false }
    const client = await lab.subscriber('right/#', 1, options)
    client.send(DISCONNECT)
    await client.gone
    const publisher = await lab.client(KEEP)
    for (const [n, level] of ['hidden', 'shown'].entries()) {
      publisher.send(publish(`right/${level}`, 'x', { qos: 1, retain: true, messageId: n + 1 }))
      await publisher.next()
    }
    const back = await lab.client(options)
    expect(await back.message()).toMatchObject({ topic: 'right/shown' })
    await back.subscribe(['right/#', 1])
    expect(await back.message()).toMatchObject({ topic: 'right/shown', retain: true })
    expect(await back.ping()).toEqual([])
  })
})

describe('a CONNECT that has to wait for its answer', () => {
  it('[MQTT-4.6.0-2] keeps the order of what came with it and of what came while it waited', async () => {
    const options = { ...KEEP, id: 'contested', clean: false }
    const [reader, former] = [await lab.subscriber('early', 1, KEEP), await lab.client(options)]
    const texts = Array.from({ length: 30 }, (_, n) => String(n))
    const packets = texts.map((text, n) => publish('early', text, { qos: 1, messageId: n + 1 }))
    const client = await lab.open()
    client.send(connect(options), ...packets.slice(0, 10))
    for (let n = 10; n < 30; n += 5) {
      await new Promise((resolve) => {
        setTimeout(resolve, 20)
      })
      client.send(...packets.slice(n, n + 5))
    }
    expect(await client.next()).toEqual({ type: 'connack', sessionPresent: true, code: 0 })
    expect((await reader.messages(30)).map(({ payload }) => payload)).toEqual(texts)
    for (const n of texts.keys()) expect(await client.next()).toEqual({ type: 'puback', messageId: n + 1 })
    await former.gone
  })

  it('[MQTT-3.1.4-5] loses nothing of what came while it waited, however many packets they are', async () => {
    const options = { ...KEEP, id: 'contested-by-much', clean: false }
    const [reader, former] = [await lab.subscriber('much', 1, KEEP), await lab.client(options)]
    const client = await lab.open()
    const payload = 'x'.repeat(20)
    const packets = Array.from({ length: 300 }, (_, n) =>
      publish('much', payload, { qos: 1, messageId: n + 1 }),
    )
    client.send(connect(options), ...packets)
    expect(await reader.messages(300)).toHaveLength(300)
    await former.gone
  })
})

describe('a fault of the server', () => {
  it('[MQTT-4.8.0-2] while a message is stored ends the connection: nothing is acknowledged that is not kept', async () => {
    const client = await lab.client({ ...KEEP, id: 'unlucky', clean: false })
    isDiskFull = true
    client.send(publish('stored', 'x', { qos: 1 }), publish('stored', 'y', { qos: 2, messageId: 2 }))
    expect(await client.closed()).toEqual([])
    isDiskFull = false
    const reader = await lab.subscriber('stored', 2, KEEP)
    const again = await lab.client({ ...KEEP, id: 'unlucky', clean: false })
    again.send(
      publish('stored', 'x', { qos: 1, dup: true }),
      publish('stored', 'y', { qos: 2, messageId: 2, dup: true }),
    )
    expect(await again.next()).toEqual({ type: 'puback', messageId: 1 })
    expect(await again.next()).toEqual({ type: 'pubrec', messageId: 2 })
    expect((await reader.messages(2)).map(({ payload }) => payload)).toEqual(['x', 'y'])
  })
})

describe('the parts of a packet', () => {
  it('[MQTT-2.3.1-5] [MQTT-3.3.4-1] of a PUBLISH at QoS 0 are a topic and a payload, no packet id', async () => {
    const reader = await lab.subscriber('parts', 0, KEEP)
    const publisher = await lab.client(KEEP)
    publisher.send(Buffer.from('3008', 'hex'), Buffer.from('\u0000\u0005parts!'))
    expect(await reader.message()).toMatchObject({ topic: 'parts', payload: '!', messageId: undefined })
  })

  it('[MQTT-2.3.1-6] [MQTT-2.3.1-7] of an acknowledgement are the packet id it answers, for each kind of packet', async () => {
    const client = await lab.client(KEEP)
    const asked: readonly (readonly [Buffer, string])[] = [
      [publish('ids', 'x', { qos: 1, messageId: 0x0102 }), 'puback'],
      [publish('ids', 'x', { qos: 2, messageId: 0x0102 }), 'pubrec'],
      [pubrel(0x0102), 'pubcomp'],
      [subscribe(0x0102, ['ids/never', 0]), 'suback'],
      [unsubscribe(0x0102, 'ids/never'), 'unsuback'],
    ]
    for (const [bytes, type] of asked) {
      client.send(bytes)
      expect(await client.next()).toMatchObject({ type, messageId: 0x0102 })
    }
  })

  it('[MQTT-3.1.3-1] [MQTT-3.1.3-2] of a CONNECT come in their order: id, will topic, will, user name, password', async () => {
    const reader = await lab.subscriber('order/will', 0, KEEP)
    const will = { topic: 'order/will', payload: 'the will' }
    const client = await lab.client({
      ...KEEP,
      id: 'order/id',
      will,
      userName: 'order/user',
      password: 'order/pass',
    })
    expect(lab.broker.sessions().map(({ clientId }) => clientId)).toContain('order/id')
    client.drop()
    expect(await reader.message()).toMatchObject({ payload: 'the will' })
  })

  it('[MQTT-3.10.4-5] of an UNSUBACK are sent also when no filter was ended', async () => {
    const client = await lab.client(KEEP)
    client.send(unsubscribe(5, 'never', 'neither'))
    expect(await client.next()).toEqual({ type: 'unsuback', messageId: 5 })
  })
})

describe('state', () => {
  it('[MQTT-3.1.2-7] that is retained is no part of a session: it stays when the session is discarded', async () => {
    const publisher = await lab.client({ ...KEEP, id: 'retainer' })
    publisher.send(publish('no/part', 'x', { qos: 1, retain: true }))
    await publisher.next()
    publisher.drop()
    const clean = await lab.client({ ...KEEP, id: 'retainer' })
    await clean.subscribe(['no/part', 0])
    expect(await clean.message()).toMatchObject({ payload: 'x', retain: true })
  })

  it('[MQTT-3.3.1-7] that is retained is replaced at QoS 0 as well, from QoS 2', async () => {
    const publisher = await lab.client(KEEP)
    publisher.send(publish('lesser', 'old', { qos: 2, retain: true }))
    await publisher.next()
    publisher.send(publish('lesser', 'new', { retain: true }))
    await publisher.ping()
    await lab.settled()
    const late = await lab.subscriber('lesser', 2, KEEP)
    expect(await late.message()).toMatchObject({ payload: 'new', qos: 0, retain: true })
  })

  it('[MQTT-4.5.0-1] of every durable session takes a message, connected or not, at the QoS it was granted', async () => {
    const sessions = [1, 2, 1].map((qos) => ({
      qos: qos as 1 | 2,
      options: { ...KEEP, id: lab.id(), clean: false },
    }))
    for (const { qos, options } of sessions)
      (await lab.subscriber('every/one', qos, options)).send(DISCONNECT)
    const present = await lab.subscriber('every/one', 1, { ...KEEP, clean: false })
    const publisher = await lab.client(KEEP)
    publisher.send(publish('every/one', 'x', { qos: 2 }))
    await publisher.next()
    expect(await present.message()).toMatchObject({ qos: 1 })
    for (const { qos, options } of sessions)
      expect(await (await lab.client(options)).message()).toMatchObject({ payload: 'x', qos })
  })

  it('[MQTT-4.3.2-1] [MQTT-4.3.3-1] of a delivery ends with its acknowledgement, and not before', async () => {
    const options = { ...KEEP, id: lab.id(), clean: false }
    const [publisher, first] = [await lab.client(KEEP), await lab.subscriber('ends', 2, options)]
    publisher.send(publish('ends', '1', { qos: 1 }), publish('ends', '2', { qos: 2, messageId: 2 }))
    const ids = (await first.messages(2)).map(({ messageId = 0 }) => messageId)
    const [one = 0, two = 0] = ids
    // What is expected of each connection, and what the client says to it before it is lost.
    const rounds: readonly (readonly [readonly object[], readonly Buffer[]])[] = [
      [
        [
          { type: 'publish', messageId: one },
          { type: 'publish', messageId: two },
        ],
        [puback(one)],
      ],
      [[{ type: 'publish', messageId: two, dup: true }], [pubrec(two)]],
      [[{ type: 'pubrel', messageId: two }], []],
      [[{ type: 'pubrel', messageId: two }], [pubcomp(two)]],
      [[], []],
    ]
    for (const [expected, said] of rounds) {
      const client = await lab.client(options)
      for (const packet of expected) expect(await client.next()).toMatchObject(packet)
      client.send(...said)
      const answers = await client.ping()
      expect(answers.filter(({ type }) => type !== 'pubrel')).toEqual([])
      client.drop()
      await client.gone
    }
  })
})
