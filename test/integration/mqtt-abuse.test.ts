/** Clients that keep to the letter of MQTT and mean harm: each costs what the limits say, and the others are served. */

import { afterEach, describe, expect, it } from '@jest/globals'
import { WARD_LIMITS, type BrokerLimits } from '../../gateway/broker/limits.ts'
import { Lab, type Wire } from '../support/mqtt-lab.ts'
import {
  connect,
  DISCONNECT,
  PINGREQ,
  publish,
  pubrel,
  subscribe,
  unsubscribe,
} from '../support/mqtt-packets.ts'

let lab: Lab
afterEach(async () => lab.remove())

async function start(limits: Partial<BrokerLimits> = {}): Promise<Wire> {
  lab = new Lab({ limits })
  await lab.start()
  return lab.subscriber('others', 1, { id: 'other' })
}

/** A client that has no part in it still gets its own message. */
async function othersAreServed(other: Wire): Promise<void> {
  const publisher = await lab.client()
  publisher.send(publish('others', 'served', { qos: 1 }))
  expect(await other.message()).toMatchObject({ payload: 'served' })
  publisher.drop()
}

const pause = async (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
  })

describe('a limit', () => {
  it('of filters: one more is refused with 128, one that is there is not, and one ended makes room', async () => {
    await start({ subscriptions: 3 })
    const client = await lab.client({ clean: false })
    expect(await client.subscribe(['a', 0], ['b', 1], ['c', 2], ['d', 0], ['a', 1])).toEqual([
      0, 1, 2, 128, 1,
    ])
    expect(await lab.events.first('subscribe-denied')).toMatchObject({ filter: 'd' })
    client.send(unsubscribe(9, 'b'))
    expect(await client.next()).toMatchObject({ type: 'unsuback' })
    expect(await client.subscribe(['d', 0])).toEqual([0])
  })

  it('of sessions that last: a new one is refused with 3, one that is there comes back, a clean one may come', async () => {
    const other = await start({ durableSessions: 2 })
    for (const id of ['one', 'two']) (await lab.client({ id, clean: false })).send(DISCONNECT)
    const refused = await lab.open()
    refused.send(connect({ id: 'three', clean: false }))
    expect(await refused.closed()).toEqual([{ type: 'connack', sessionPresent: false, code: 3 }])
    expect(await lab.events.first('session-limit')).toMatchObject({ clientId: 'three' })
    expect((await lab.client({ id: 'one', clean: false })).sessionPresent).toBe(true)
    await lab.client({ id: 'three' })
    await othersAreServed(other)
  })

  it('of retained topics: the next one is delivered and not kept, those that are there may change', async () => {
    const other = await start({ retainedTopics: 5 })
    const publisher = await lab.client()
    for (let n = 0; n < 8; n += 1)
      publisher.send(publish(`kept/${n}`, 'x', { qos: 1, retain: true, messageId: n + 1 }))
    for (let n = 0; n < 8; n += 1) await publisher.next()
    publisher.send(publish('kept/0', 'changed', { qos: 1, retain: true }))
    await publisher.next()
    expect(await lab.events.first('retained-limit')).toMatchObject({ topic: 'kept/5', limit: 5 })
    const late = await lab.subscriber('kept/#', 0)
    const found = await late.messages(5)
    expect(found.map(({ topic, payload }) => `${topic} ${payload}`).toSorted()).toEqual([
      'kept/0 changed',
      'kept/1 x',
      'kept/2 x',
      'kept/3 x',
      'kept/4 x',
    ])
    expect(await late.ping()).toEqual([])
    await othersAreServed(other)
  })

  it.each([
    ['length', 'x'.repeat(65)],
    ['depth', 'a/'.repeat(8)],
  ])(
    'of the %s of a topic: its message is acknowledged and dropped, its filter refused with 128',
    async (_name, topic) => {
      const other = await start({ topicBytes: 64, topicLevels: 8 })
      const watcher = await lab.subscriber('#', 1)
      const client = await lab.client({ will: { topic, payload: 'will', retain: true } })
      client.send(publish(topic, 'x', { qos: 1 }))
      expect(await client.next()).toMatchObject({ type: 'puback' })
      expect(await client.subscribe([topic, 0])).toEqual([128])
      client.drop()
      await client.gone
      await othersAreServed(other)
      await lab.settled()
      const seen = (await watcher.ping()).flatMap((packet) =>
        packet.type === 'publish' ? [packet.topic] : [],
      )
      expect(seen).not.toContain(topic)
      expect(lab.events.named('publish-denied')).toHaveLength(2)
    },
  )

  it('of messages at QoS 2 without a release ends the connection, and holds over many of them', async () => {
    const other = await start({ inboundQos2: 20 })
    const options = { id: 'never-releases', clean: false }
    let taken = 0
    for (let n = 0; n < 4; n += 1) {
      const client = await lab.client(options)
      for (let id = 1; id <= 15; id += 1)
        client.send(publish('half', 'x', { qos: 2, messageId: n * 15 + id }))
      client.send(PINGREQ)
      const answers: string[] = []
      for (let answer = await client.next(); ; answer = await client.next()) {
        answers.push(answer.type)
        if (answer.type === 'closed' || answers.length === 16) break
      }
      taken += answers.filter((type) => type === 'pubrec').length
      client.drop()
      await client.gone
    }
    expect(taken).toBeLessThanOrEqual(20)
    expect(await lab.events.first('inbound-limit')).toBeDefined()
    // Released, it may go on.
    const client = await lab.client(options)
    client.send(pubrel(1))
    expect(await client.next()).toMatchObject({ type: 'pubcomp' })
    client.send(publish('half', 'x', { qos: 2, messageId: 100 }))
    expect(await client.next()).toMatchObject({ type: 'pubrec', messageId: 100 })
    await othersAreServed(other)
  })

  it('of the size of a packet holds before a byte of it is kept, for eight at once', async () => {
    const other = await start()
    const clients = await Promise.all(Array.from({ length: 8 }, async () => lab.client()))
    for (const client of clients) client.send(Buffer.from('3080808010', 'hex'), Buffer.alloc(64 * 1024))
    await othersAreServed(other)
    for (const client of clients) await client.gone
    expect(WARD_LIMITS.packetBytes).toBeLessThan(1024 * 1024)
  })
})

describe('a deadline', () => {
  it('ends those who take their time with the CONNECT, byte by byte or not at all, and nobody else', async () => {
    const other = await start({ connectMs: 300 })
    const silent = await Promise.all(Array.from({ length: 20 }, async () => lab.open()))
    const slow = await Promise.all(Array.from({ length: 20 }, async () => lab.open()))
    const bytes = connect({ id: 'slow-loris' })
    for (let n = 0; n < 8; n += 1) {
      for (const client of slow) client.send(bytes.subarray(n, n + 1))
      await pause(50)
      await othersAreServed(other)
    }
    await Promise.all([...silent, ...slow].map(async ({ gone }) => gone))
    await othersAreServed(other)
  })
})

describe('a storm', () => {
  it('of connections that come and go leaves the others served and nothing behind', async () => {
    const other = await start()
    const before = lab.broker.connectionCount
    for (let round = 0; round < 10; round += 1) {
      const clients = await Promise.all(Array.from({ length: 20 }, async () => lab.open()))
      for (const [n, client] of clients.entries()) {
        client.send(connect({ id: `storm-${n}`, clean: n % 2 === 0, will: { topic: 'storm', payload: 'x' } }))
        if (n % 3 === 0) client.drop()
      }
      await othersAreServed(other)
      for (const client of clients) client.drop()
    }
    while (lab.broker.connectionCount > before) await pause(10)
    await othersAreServed(other)
  })

  it('of subscriptions to what matches thousands of retained messages keeps nobody waiting', async () => {
    const other = await start()
    const payload = Buffer.alloc(100)
    const many = Array.from({ length: 3_000 }, (_, n) => `many/${n}`)
    await Promise.all(many.map(async (topic) => lab.broker.publish({ topic, payload, qos: 0, retain: true })))
    const greedy = await Promise.all(Array.from({ length: 5 }, async () => lab.client()))
    for (const client of greedy) for (let n = 0; n < 5; n += 1) client.send(subscribe(n + 1, ['many/#', 1]))
    const startedAtMs = performance.now()
    await othersAreServed(other)
    expect(performance.now() - startedAtMs).toBeLessThan(5_000)
  })

  it('of pings and of empty messages keeps nobody waiting', async () => {
    const other = await start()
    const loud = await Promise.all(Array.from({ length: 4 }, async () => lab.client()))
    const pings = Buffer.concat(Array.from({ length: 2_000 }, () => PINGREQ))
    const empties = Buffer.concat(Array.from({ length: 2_000 }, () => publish('noise')))
    for (const client of loud) client.send(pings, empties)
    await othersAreServed(other)
  })
})

/** What four advisories for Aedes describe; version 1.2.0 has the cures, and they must stay. */
describe('an advisory', () => {
  const NAMES = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '__defineGetter__',
  ]

  it.each(NAMES)(
    'of names that every object has: %s is a client id, a topic and a filter like any other',
    async (name) => {
      const other = await start()
      const client = await lab.client({
        id: name,
        clean: false,
        will: { topic: name, payload: 'will', qos: 1 },
      })
      expect(await client.subscribe([name, 1], [`${name}/+`, 2])).toEqual([1, 2])
      for (const topic of [name, `${name}/${name}`]) {
        client.send(publish(topic, 'x', { qos: 2, retain: true }))
        const packets = [await client.next(), await client.next()]
        expect(packets.map(({ type }) => type).toSorted()).toEqual(['publish', 'pubrec'])
        client.send(pubrel(1))
        expect(await client.next()).toMatchObject({ type: 'pubcomp' })
      }
      client.drop()
      await lab.restart()
      const back = await lab.client({ id: name, clean: false })
      expect(back.sessionPresent).toBe(true)
      expect(({} as Record<string, unknown>)['retain']).toBeUndefined()
      other.drop()
    },
  )

  it.each([100, 101, 5_000])(
    'of deep topics: %d levels end nobody but at most their sender',
    async (levels) => {
      const other = await start()
      const deep = Array.from({ length: levels }, () => 'a').join('/')
      const attacks = [
        publish(deep, 'x', { qos: 1 }),
        publish(deep, 'x', { retain: true }),
        subscribe(1, [deep, 1]),
        subscribe(1, [deep.replaceAll('a', '+'), 1]),
        Buffer.concat([subscribe(1, ['a', 1]), publish(deep)]),
      ]
      for (const attack of attacks) {
        const client = await lab.client({ clean: false })
        client.send(attack, PINGREQ)
        await Promise.race([client.closed().catch(() => []), client.gone, pause(100)])
        client.drop()
      }
      const withWill = await lab.client({ will: { topic: deep, payload: 'x', qos: 1, retain: true } })
      withWill.drop()
      await othersAreServed(other)
      await lab.restart()
      await othersAreServed(await lab.subscriber('others', 1))
    },
  )

  it('of half-open QoS 2: a flood of new packet ids without PUBREL is cut off, in one segment or in many', async () => {
    const other = await start()
    const ids = Array.from({ length: 2_000 }, (_, n) => n + 1)
    const flood = ids.map((messageId) => publish('flood', 'x', { qos: 2, messageId }))
    const [atOnce, oneByOne] = [await lab.client(), await lab.client()]
    atOnce.send(...flood)
    for (const one of flood) oneByOne.send(one)
    for (const client of [atOnce, oneByOne]) {
      const answers = (await client.closed()).filter(({ type }) => type === 'pubrec')
      expect(answers.length).toBeLessThanOrEqual(WARD_LIMITS.inboundQos2)
    }
    await othersAreServed(other)
  })

  it('of settling twice: a PUBREL, a PUBREC or a PUBACK that comes again, and a will behind it, ends nothing', async () => {
    const other = await start()
    const watcher = await lab.subscriber('twice/will', 1)
    for (let n = 0; n < 20; n += 1) {
      const client = await lab.client({
        id: 'twice',
        clean: n % 2 === 0,
        will: { topic: 'twice/will', payload: String(n) },
      })
      const message = publish('twice', 'x', { qos: 2, messageId: 1 })
      client.send(message, message, pubrel(1), pubrel(1), pubrel(1), message, pubrel(1))
      await client.ping()
      client.drop()
      expect(await watcher.message()).toMatchObject({ payload: String(n) })
    }
    await othersAreServed(other)
  })
})
