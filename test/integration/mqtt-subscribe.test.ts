/** MQTT 3.1.1, sections 3.8 to 3.11 and 4.7: subscriptions, the filters they are made of, and their end. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Lab, type Publish, type Wire } from '../support/mqtt-lab.ts'
import { publish, subscribe, unsubscribe } from '../support/mqtt-packets.ts'

const lab = new Lab()
beforeAll(async () => lab.start())
afterAll(async () => lab.remove())

const published = async (client: Wire): Promise<readonly Publish[]> =>
  (await client.ping()).flatMap((packet) => (packet.type === 'publish' ? [packet] : []))

describe('a SUBSCRIBE', () => {
  it('[MQTT-3.8.4-1] is answered with a SUBACK [MQTT-3.8.4-2] of its packet id', async () => {
    const client = await lab.client()
    for (const messageId of [1, 256, 65_535]) {
      client.send(subscribe(messageId, ['a', 0]))
      expect(await client.next()).toEqual({ type: 'suback', messageId, granted: [0] })
    }
  })

  it.each([true, false])(
    '[MQTT-3.8.4-5] of many filters is answered with a code for each, in their order (clean: %s)',
    async (clean) => {
      const client = await lab.client({ clean })
      const filters = ['many/0', 'many/1', 'many/+', '#', 'many/2/#', '__proto__', 'constructor/+']
      const granted = await client.subscribe(...filters.map((filter, n) => [filter, n % 3] as const))
      expect(granted).toEqual([0, 1, 2, 0, 1, 2, 0])
    },
  )

  it.each([true, false])(
    '[MQTT-3.8.4-4] that names a filter twice counts as two of them: two codes, and the last QoS (clean: %s)',
    async (clean) => {
      const topic = `twice/${lab.id()}`
      const client = await lab.client({ clean })
      expect(await client.subscribe([topic, 2], ['other', 1], [topic, 0])).toEqual([2, 1, 0])
      const publisher = await lab.client()
      publisher.send(publish(topic, 'x', { qos: 2 }))
      await publisher.next()
      await lab.settled()
      expect(await published(client)).toMatchObject([{ qos: 0 }])
    },
  )

  it('[MQTT-3.8.4-3] of a filter that is there takes its place: one copy, and no message lost', async () => {
    const topic = `again/${lab.id()}`
    const client = await lab.subscriber(topic, 1)
    const publisher = await lab.client()
    for (let n = 1; n <= 30; n += 1) {
      publisher.send(publish(topic, String(n), { qos: 1, messageId: n }))
      if (n % 10 === 0) client.send(subscribe(n, [topic, n % 20 === 0 ? 1 : 2]))
    }
    const texts = (await client.messages(30)).map(({ payload }) => payload)
    expect(texts).toEqual(Array.from({ length: 30 }, (_, n) => String(n + 1)))
    expect(await published(client)).toEqual([])
  })

  it('[MQTT-3.8.4-2] takes effect before its SUBACK', async () => {
    const publisher = await lab.client()
    for (let n = 0; n < 10; n += 1) {
      const topic = `effect/${n}`
      const client = await lab.subscriber(topic, 1, { clean: n % 2 === 0 })
      publisher.send(publish(topic, 'x', { qos: 1 }))
      expect(await client.message()).toMatchObject({ topic })
    }
  })
})

describe('overlapping filters', () => {
  const GRANTS = [
    ['o/#', 0, 'o/x', 2],
    ['o/#', 2, 'o/x', 0],
    ['o/+', 1, 'o/x', 0],
    ['o/x', 1, 'o/+', 2],
    ['+/x', 0, '#', 1],
  ] as const
  it.each(GRANTS.flatMap((grant) => [true, false].map((clean) => [...grant, clean] as const)))(
    '[MQTT-3.3.5-1] %s at %d and %s at %d bring a message once, at the higher QoS (clean: %s)',
    async (...[first, firstQos, second, secondQos, clean]) => {
      const client = await lab.client({ clean })
      await client.subscribe([first, firstQos])
      await client.subscribe([second, secondQos])
      const publisher = await lab.client()
      publisher.send(publish('o/x', 'x', { qos: 2 }))
      await publisher.next()
      expect(await client.message()).toMatchObject({ topic: 'o/x', qos: Math.max(firstQos, secondQos) })
      await lab.settled()
      const more = await published(client)
      expect(more.filter(({ topic }) => topic === 'o/x')).toEqual([])
      client.drop()
    },
  )

  it('[MQTT-3.3.5-1] go back to the lower QoS when the higher one ends', async () => {
    const client = await lab.client()
    await client.subscribe(['back/#', 1], ['back/x', 2])
    client.send(unsubscribe(2, 'back/x'))
    expect(await client.next()).toMatchObject({ type: 'unsuback' })
    const publisher = await lab.client()
    publisher.send(publish('back/x', 'x', { qos: 2 }))
    expect(await client.message()).toMatchObject({ qos: 1 })
  })
})

describe('a filter', () => {
  const TOPICS = [
    'f',
    'f/',
    '/f',
    '/',
    '//',
    'f/g',
    'f/g/h',
    'f//h',
    'f/g/',
    'F',
    'g',
    '$f',
    '$f/g',
    '$',
    'f/$g',
    '/finance',
  ]
  // MQTT 3.1.1, 4.7: what each of them matches of the above.
  const MATCHES: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'MQTT-4.7.1-2',
      '#',
      ['f', 'f/', '/f', '/', '//', 'f/g', 'f/g/h', 'f//h', 'f/g/', 'F', 'g', 'f/$g', '/finance'],
    ],
    ['MQTT-4.7.1-2', 'f/#', ['f', 'f/', 'f/g', 'f/g/h', 'f//h', 'f/g/', 'f/$g']],
    ['MQTT-4.7.1-2', 'f/g/#', ['f/g', 'f/g/h', 'f/g/']],
    ['MQTT-4.7.1-3', '+', ['f', 'F', 'g']],
    ['MQTT-4.7.1-3', '+/+', ['f/', '/f', '/', 'f/g', 'f/$g', '/finance']],
    ['MQTT-4.7.1-3', 'f/+', ['f/', 'f/g', 'f/$g']],
    ['MQTT-4.7.1-3', '/+', ['/f', '/', '/finance']],
    ['MQTT-4.7.1-3', 'f/+/h', ['f/g/h', 'f//h']],
    ['MQTT-4.7.1-3', '+/+/#', ['f/', '/f', '/', '//', 'f/g', 'f/g/h', 'f//h', 'f/g/', 'f/$g', '/finance']],
    ['MQTT-4.7.1-3', '+/g/+', ['f/g/h', 'f/g/']],
    ['MQTT-4.7.2-1', '$f/#', ['$f', '$f/g']],
    ['MQTT-4.7.2-1', '$f/+', ['$f/g']],
    ['MQTT-4.7.3-4', 'F', ['F']],
    ['MQTT-4.7.3-1', '/', ['/']],
    ['MQTT-4.7.3-1', 'f/', ['f/']],
  ]
  it.each(MATCHES)('[%s] %s matches these and no others', async (_id, filter, topics) => {
    const client = await lab.subscriber(filter, 1)
    for (const topic of TOPICS)
      await lab.broker.publish({ topic, payload: Buffer.from('live'), qos: 1, retain: false })
    const found = (await published(client)).filter(({ payload }) => payload === 'live')
    expect(found.map(({ topic }) => topic)).toEqual(TOPICS.filter((topic) => topics.includes(topic)))
    client.drop()
  })

  it('[MQTT-4.7.2-1] of # gets nothing of $SYS, and $SYS/# does', async () => {
    const [all, system] = [await lab.subscriber('#', 0), await lab.subscriber('$SYS/#', 0)]
    const publisher = await lab.client()
    expect((await system.message()).topic).toMatch(/^\$SYS\/lab\//)
    publisher.send(publish('plain', 'x'))
    expect((await all.message()).topic).toBe('plain')
    for (const client of [all, system]) client.drop()
  })
})

describe('an UNSUBSCRIBE', () => {
  it.each([true, false])(
    '[MQTT-3.10.4-4] is answered with an UNSUBACK of its packet id (clean: %s)',
    async (clean) => {
      const client = await lab.client({ clean })
      await client.subscribe(['u/a', 1])
      for (const [messageId, filter] of [
        [7, 'u/a'],
        [65_535, 'u/never'],
      ] as const) {
        client.send(unsubscribe(messageId, filter))
        expect(await client.next()).toEqual({ type: 'unsuback', messageId })
      }
    },
  )

  it.each([true, false])(
    '[MQTT-3.10.4-2] ends the delivery of what comes after it (clean: %s)',
    async (clean) => {
      const topic = `u/${lab.id()}`
      const client = await lab.client({ clean })
      await client.subscribe([topic, 1])
      const publisher = await lab.client()
      publisher.send(publish(topic, 'before', { qos: 1 }))
      expect(await client.message()).toMatchObject({ payload: 'before' })
      client.send(unsubscribe(2, topic))
      expect(await client.next()).toMatchObject({ type: 'unsuback' })
      publisher.send(publish(topic, 'after', { qos: 1 }))
      await publisher.next()
      await lab.settled()
      expect(await published(client)).toEqual([])
    },
  )

  it('[MQTT-3.10.4-1] ends the filters that are the same, character by character, and no others', async () => {
    const client = await lab.client()
    await client.subscribe(['v/a', 0], ['v/+', 1], ['V/a', 0], ['v/a/#', 0])
    client.send(unsubscribe(2, 'v/A', '+/a', 'v/a', 'v/#'))
    expect(await client.next()).toMatchObject({ type: 'unsuback' })
    const publisher = await lab.client()
    publisher.send(publish('v/a', '1', { qos: 1 }), publish('V/a', '2'), publish('v/a/b', '3'))
    const found = await client.messages(3)
    expect(found.map(({ topic, qos }) => `${topic} ${qos}`).toSorted()).toEqual(['V/a 0', 'v/a 1', 'v/a/b 0'])
  })

  it.each([true, false])(
    '[MQTT-3.10.4-6] of many filters counts as one for each of them (clean: %s)',
    async (clean) => {
      const client = await lab.client({ clean })
      await client.subscribe(['w/1', 1], ['w/2', 1], ['w/3', 1])
      client.send(unsubscribe(2, 'w/1', 'w/3', 'w/1'))
      expect(await client.next()).toEqual({ type: 'unsuback', messageId: 2 })
      const publisher = await lab.client()
      for (const n of [1, 3, 2]) publisher.send(publish(`w/${n}`, 'x', { qos: 1, messageId: n }))
      expect(await client.message()).toMatchObject({ topic: 'w/2' })
    },
  )

  it('[MQTT-3.10.4-3] lets a QoS 2 delivery that has begun come to its end', async () => {
    const client = await lab.subscriber('x/y', 2, { clean: false })
    const publisher = await lab.client()
    publisher.send(publish('x/y', 'begun', { qos: 2 }))
    const { messageId = 0 } = await client.message()
    client.send(unsubscribe(2, 'x/y'))
    expect(await client.next()).toMatchObject({ type: 'unsuback' })
    client.send(Buffer.of(0x50, 2, messageId >> 8, messageId & 0xff))
    expect(await client.next()).toEqual({ type: 'pubrel', messageId })
  })

  it('[MQTT-3.8.4-1] right behind the SUBSCRIBE of its filter leaves nothing of it', async () => {
    for (const clean of [true, false]) {
      const client = await lab.client({ clean })
      client.send(subscribe(1, ['quick', 1]), unsubscribe(2, 'quick'))
      expect(await client.next()).toMatchObject({ type: 'suback' })
      expect(await client.next()).toMatchObject({ type: 'unsuback' })
      const publisher = await lab.client()
      publisher.send(publish('quick', 'x', { qos: 1 }))
      await publisher.next()
      await lab.settled()
      expect(await published(client)).toEqual([])
    }
  })
})
