/** MQTT 3.1.1, sections 3.1.2.4, 3.2.2.2, 4.1 and 4.4: sessions that last, over lost connections and over a new start of the broker. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Lab, type Publish, type Wire } from '../support/mqtt-lab.ts'
import {
  connect,
  DISCONNECT,
  puback,
  pubcomp,
  publish,
  pubrec,
  pubrel,
  type Qos,
} from '../support/mqtt-packets.ts'

const lab = new Lab()
beforeAll(async () => lab.start())
afterAll(async () => lab.remove())

const payloads = (messages: readonly Publish[]): readonly string[] => messages.map(({ payload }) => payload)
const published = async (client: Wire): Promise<readonly Publish[]> =>
  (await client.ping()).flatMap((packet) => (packet.type === 'publish' ? [packet] : []))

interface Kept {
  readonly topic: string
  readonly options: { readonly id: string; readonly clean: false }
  readonly client: Wire
}

/** A session that lasts, with one subscription. */
async function kept(qos: Qos = 1): Promise<Kept> {
  const id = lab.id()
  const options = { id, clean: false } as const
  return { topic: `kept/${id}`, options, client: await lab.subscriber(`kept/${id}`, qos, options) }
}

async function leave(client: Wire): Promise<void> {
  client.send(DISCONNECT)
  await client.closed()
}

/** Publishes and sees each of them acknowledged. */
async function send(topic: string, texts: readonly string[], qos: 1 | 2 = 1): Promise<void> {
  const publisher = await lab.client()
  for (const [n, text] of texts.entries()) {
    publisher.send(publish(topic, text, { qos, messageId: n + 1 }))
    expect(await publisher.next()).toMatchObject({ messageId: n + 1 })
  }
  publisher.drop()
}

/** How a session may be away: the connection only, or the broker too. */
const AWAY: readonly (readonly [string, () => Promise<void>])[] = [
  ['a lost connection', async () => undefined],
  ['a new start of the broker', async () => lab.restart()],
]

describe('session present', () => {
  it('[MQTT-3.2.2-3] is 0 for a session that is new, [MQTT-3.2.2-2] and 1 for one that is there', async () => {
    const options = { id: lab.id(), clean: false }
    for (const isThere of [false, true, true]) {
      const client = await lab.client(options)
      expect(client.sessionPresent).toBe(isThere)
      await leave(client)
    }
  })

  it('[MQTT-3.2.2-2] (B) is 1 without any subscription, and when the last one was ended', async () => {
    const { client, topic, options } = await kept()
    client.send(Buffer.concat([Buffer.of(0xa2, topic.length + 4, 0, 9, 0, topic.length), Buffer.from(topic)]))
    expect(await client.next()).toMatchObject({ type: 'unsuback' })
    await leave(client)
    expect((await lab.client(options)).sessionPresent).toBe(true)
  })

  it('[MQTT-3.2.2-1] is 0 for a clean session, [MQTT-3.1.2-6] which discards what was there', async () => {
    const { client, topic, options } = await kept()
    await leave(client)
    await send(topic, ['waiting'])
    const clean = await lab.client({ ...options, clean: true })
    expect(clean.sessionPresent).toBe(false)
    await send(topic, ['live'])
    expect(await published(clean)).toEqual([])
    await leave(clean)
    const again = await lab.client(options)
    expect(again.sessionPresent).toBe(false)
    expect(await published(again)).toEqual([])
  })

  it('[MQTT-3.2.2-4] is 0 in a refusal', async () => {
    const client = await lab.open()
    client.send(connect({ clean: false }))
    expect(await client.next()).toEqual({ type: 'connack', sessionPresent: false, code: 2 })
  })
})

describe.each(AWAY)('over %s', (_name, away) => {
  it('[MQTT-3.1.2-4] a session keeps its subscriptions', async () => {
    const { client, topic, options } = await kept()
    client.drop()
    await away()
    const back = await lab.client(options)
    expect(back.sessionPresent).toBe(true)
    await send(topic, ['x'])
    expect(await back.message()).toMatchObject({ payload: 'x' })
  })

  it.each([1, 2] as const)(
    '[MQTT-3.1.2-5] a session gets what was published at QoS %d meanwhile, in order',
    async (qos) => {
      const { client, topic, options } = await kept(qos)
      await leave(client)
      const texts = Array.from({ length: 20 }, (_, n) => String(n))
      await send(topic, texts, qos)
      await away()
      const back = await lab.client(options)
      const found = await back.messages(20)
      expect(payloads(found)).toEqual(texts)
      expect(found.every(({ dup, retain }) => !dup && !retain)).toBe(true)
    },
  )

  it('[MQTT-4.4.0-1] (C) what was not acknowledged comes again: same packet id, DUP, in order', async () => {
    const { client, topic, options } = await kept()
    await send(topic, ['1', '2', '3', '4'])
    const first = await client.messages(4)
    client.send(puback(first[1]?.messageId ?? 0))
    await client.ping()
    client.drop()
    await away()
    const again = await (await lab.client(options)).messages(3)
    expect(payloads(again)).toEqual(['1', '3', '4'])
    expect(again.map(({ messageId }) => messageId)).toEqual([0, 2, 3].map((n) => first[n]?.messageId))
    expect(again.every(({ dup }) => dup)).toBe(true)
  })

  it('[MQTT-4.4.0-1] (C) a QoS 2 delivery goes on where it was: PUBLISH again before PUBREC, PUBREL after it', async () => {
    const { client, topic, options } = await kept(2)
    await send(topic, ['1', '2'], 2)
    const [first, second] = await client.messages(2)
    client.send(pubrec(first?.messageId ?? 0))
    expect(await client.next()).toMatchObject({ type: 'pubrel' })
    client.drop()
    await away()
    const back = await lab.client(options)
    const packets = [await back.next(), await back.next()]
    expect(packets).toMatchObject([
      { type: 'pubrel', messageId: first?.messageId },
      { type: 'publish', messageId: second?.messageId, payload: '2', dup: true },
    ])
    back.send(pubcomp(first?.messageId ?? 0), pubrec(second?.messageId ?? 0))
    expect(await back.next()).toEqual({ type: 'pubrel', messageId: second?.messageId })
    back.send(pubcomp(second?.messageId ?? 0))
    expect(await back.ping()).toEqual([])
    await leave(back)
    expect(await (await lab.client(options)).ping()).toEqual([])
  })

  it('[MQTT-4.3.3-2] a QoS 2 message that was sent again is not published again, and may be released', async () => {
    const { client, topic } = await kept(2)
    const options = { id: lab.id(), clean: false }
    const publisher = await lab.client(options)
    publisher.send(publish(topic, 'once', { qos: 2, messageId: 7 }))
    expect(await publisher.next()).toEqual({ type: 'pubrec', messageId: 7 })
    expect(await client.message()).toMatchObject({ payload: 'once' })
    publisher.drop()
    await leave(client)
    await away()
    const again = await lab.client(options)
    again.send(publish(topic, 'once', { qos: 2, messageId: 7, dup: true }))
    expect(await again.next()).toEqual({ type: 'pubrec', messageId: 7 })
    again.send(pubrel(7))
    expect(await again.next()).toEqual({ type: 'pubcomp', messageId: 7 })
    again.send(publish(topic, 'next', { qos: 2, messageId: 7 }))
    expect(await again.next()).toEqual({ type: 'pubrec', messageId: 7 })
    const reader = await lab.client({ ...optionsOf(topic), clean: false })
    expect(payloads((await reader.messages(2)).filter(({ dup }) => dup))).toEqual(['once'])
  })

  it('[MQTT-3.3.1-5] a retained message stays, with its QoS', async () => {
    const topic = `stays/${lab.id()}`
    const publisher = await lab.client()
    publisher.send(publish(topic, 'x', { qos: 2, retain: true }))
    await publisher.next()
    await away()
    const late = await lab.subscriber(topic, 2)
    expect(await late.message()).toMatchObject({ payload: 'x', qos: 2, retain: true })
  })

  it('[MQTT-4.4.0-1] a retained message that was not acknowledged comes again too', async () => {
    const id = lab.id()
    const topic = `unacknowledged/${id}`
    const publisher = await lab.client()
    publisher.send(publish(topic, 'x', { qos: 1, retain: true }))
    await publisher.next()
    const client = await lab.subscriber(topic, 1, { id, clean: false })
    const { messageId } = await client.message()
    client.drop()
    await away()
    const back = await lab.client({ id, clean: false })
    expect(await back.message()).toMatchObject({ payload: 'x', messageId, dup: true })
    await send(topic, ['live'])
    expect(await back.message()).toMatchObject({ payload: 'live', dup: false })
    back.send(puback(messageId ?? 0))
    await leave(back)
    expect(payloads(await published(await lab.client({ id, clean: false })))).toEqual(['live'])
  })

  it('[MQTT-3.10.4-2] what was unsubscribed stays so', async () => {
    const { client, topic, options } = await kept()
    client.send(Buffer.concat([Buffer.of(0xa2, topic.length + 4, 0, 9, 0, topic.length), Buffer.from(topic)]))
    expect(await client.next()).toMatchObject({ type: 'unsuback' })
    client.drop()
    await away()
    await send(topic, ['x'])
    expect(await published(await lab.client(options))).toEqual([])
  })
})

describe('a session that comes back', () => {
  it('[MQTT-4.6.0-6] (N) gets what has waited first and what is new after it', async () => {
    const { client, topic, options } = await kept()
    await leave(client)
    const texts = Array.from({ length: 200 }, (_, n) => String(n))
    await send(topic, texts.slice(0, 100))
    const sending = send(topic, texts.slice(100))
    const back = await lab.client(options)
    expect(payloads(await back.messages(200))).toEqual(texts)
    await sending
  })

  it('[MQTT-2.3.1-4] gets new messages under packet ids that nothing unacknowledged has', async () => {
    const { client, topic, options } = await kept()
    await send(topic, ['1', '2', '3'])
    const old = new Set((await client.messages(3)).map(({ messageId }) => messageId))
    client.drop()
    const back = await lab.client(options)
    await back.messages(3)
    await send(
      topic,
      Array.from({ length: 50 }, () => 'new'),
    )
    const ids = (await back.messages(50)).map(({ messageId }) => messageId)
    expect(ids.filter((id) => old.has(id))).toEqual([])
  })

  it('[MQTT-3.1.4-2] while its former connection is open takes it over, and ends that one', async () => {
    for (const clean of [false, true]) {
      const options = { id: lab.id(), clean }
      const former = await lab.client(options)
      const latter = await lab.client(options)
      expect(await former.closed()).toEqual([])
      expect(latter.sessionPresent).toBe(!clean)
      expect(await latter.ping()).toEqual([])
    }
  })

  it('[MQTT-3.1.4-2] twenty times at once leaves one connection, and it is served', async () => {
    const options = { id: lab.id(), clean: false }
    const clients = await Promise.all(Array.from({ length: 20 }, async () => lab.open()))
    for (const client of clients) client.send(connect(options))
    const ended = new Set<Wire>()
    const ends = clients.map(async (client) => {
      await client.gone
      ended.add(client)
    })
    const hasEnded = (n: number): boolean => clients.slice(n, n + 1).every((client) => ended.has(client))
    while (ended.size < 19) await Promise.race(ends.filter((_end, n) => !hasEnded(n)))
    const left = clients.filter((client) => !ended.has(client))
    expect(left).toHaveLength(1)
    const answers = await left[0]?.ping()
    expect(answers?.map(({ type }) => type)).toEqual(['connack'])
    expect(lab.broker.sessions().filter(({ clientId }) => clientId === options.id)).toHaveLength(1)
  })

  it('[MQTT-4.1.0-1] as clean or not, what it did at QoS 0 is not kept', async () => {
    const { client, topic, options } = await kept(0)
    await leave(client)
    await send(topic, ['x'])
    expect(await published(await lab.client(options))).toEqual([])
  })
})

describe('a clean session', () => {
  it('[MQTT-3.1.2-6] ends with its connection: its packet ids at QoS 2 are forgotten', async () => {
    const reader = await lab.subscriber('forgotten/#', 2)
    const id = lab.id()
    for (const payload of ['first', 'second']) {
      const client = await lab.client({ id })
      client.send(publish('forgotten/x', payload, { qos: 2, messageId: 3 }))
      expect(await client.next()).toEqual({ type: 'pubrec', messageId: 3 })
      client.drop()
      await client.closed()
    }
    expect(payloads(await reader.messages(2))).toEqual(['first', 'second'])
  })
})

function optionsOf(topic: string) {
  return { id: topic.replace('kept/', '') }
}
