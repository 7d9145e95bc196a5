/** MQTT 3.1.1, chapters 1 to 3, of the form of packets: what is out of order ends the connection, what is in order does not. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Lab } from '../support/mqtt-lab.ts'
import {
  connect,
  DISCONNECT,
  field,
  number,
  packet,
  PINGREQ,
  puback,
  pubcomp,
  publish,
  pubrec,
  pubrel,
  subscribe,
  unsubscribe,
} from '../support/mqtt-packets.ts'

const lab = new Lab()
beforeAll(async () => lab.start())
afterAll(async () => lab.remove())

const hex = (...bytes: readonly string[]): Buffer => Buffer.from(bytes.join('').replaceAll(' ', ''), 'hex')

/** Bytes that are no text of MQTT, as they stand in its section 1.5.3 and in RFC 3629, sections 3 and 4. */
const ILL_FORMED: readonly (readonly [string, string, Buffer])[] = [
  ['MQTT-1.5.3-1', 'a lone continuation byte', hex('61 80 62')],
  ['MQTT-1.5.3-1', 'an overlong slash', hex('c0 af')],
  ['MQTT-1.5.3-1', 'an overlong slash in three bytes', hex('e0 80 af')],
  ['MQTT-1.5.3-1', 'a sequence that is cut off', hex('61 e2 82')],
  ['MQTT-1.5.3-1', 'a high surrogate', hex('ed a0 80')],
  ['MQTT-1.5.3-1', 'a low surrogate', hex('ed bf bf')],
  ['MQTT-1.5.3-1', 'a pair of surrogates', hex('ed a0 81 ed b0 80')],
  ['MQTT-1.5.3-1', 'a code point beyond U+10FFFF', hex('f4 90 80 80')],
  ['MQTT-1.5.3-1', 'the byte FF', hex('61 ff')],
  ['MQTT-1.5.3-2', 'U+0000', hex('61 00 62')],
  ['MQTT-1.5.3-1', 'an overlong U+0000', hex('c0 80')],
]

describe('text', () => {
  const places: readonly (readonly [string, (text: Buffer) => Buffer])[] = [
    ['topic of a PUBLISH', (text) => publish(text, 'x')],
    ['topic of a PUBLISH at QoS 2', (text) => publish(text, 'x', { qos: 2 })],
    ['filter of a SUBSCRIBE', (text) => subscribe(1, [text, 0])],
    ['second filter of a SUBSCRIBE', (text) => subscribe(1, ['a', 0], [text, 0])],
    ['filter of an UNSUBSCRIBE', (text) => unsubscribe(1, text)],
  ]
  it.each(ILL_FORMED)(
    '[%s] (D) with %s ends the connection, wherever it stands',
    async (_id, _name, text) => {
      for (const [place, make] of places) {
        const client = await lab.client()
        client.send(make(text), PINGREQ)
        expect([place, await client.closed()]).toEqual([place, []])
      }
    },
  )

  it.each(ILL_FORMED)('[%s] (D) with %s in a CONNECT is never accepted', async (_id, _name, text) => {
    const connects = [
      connect({ id: text }),
      connect({ id: lab.id(), will: { topic: text } }),
      connect({ id: lab.id(), userName: text }),
    ]
    for (const bytes of connects) {
      const client = await lab.open()
      client.send(bytes)
      expect(await client.closed()).toEqual([])
    }
  })

  it.each([
    ['MQTT-1.5.3-3', 'U+FEFF at the front and inside', '\uFEFFa\uFEFF/\uFEFF'],
    ['MQTT-1.5.3-1', 'two, three and four bytes a character', 'ä/€/𐍈/\u{10FFFF}'],
    ['MQTT-1.5.3-1', 'non-characters and controls', '\u0001\u001f\u007f\u009f\uFFFE\uFFFF'],
    ['MQTT-4.7.3-2', 'names of properties', '__proto__/constructor/hasOwnProperty'],
    ['MQTT-4.7.3-4', 'spaces and mixed case', ' A b/ a B '],
  ])('[%s] with %s goes through unchanged', async (_id, _name, topic) => {
    const subscriber = await lab.subscriber(topic)
    const publisher = await lab.client({ id: topic })
    publisher.send(publish(topic, 'text', { qos: 1 }))
    expect(await subscriber.message()).toMatchObject({ topic, payload: 'text' })
  })

  it('[MQTT-4.7.3-3] of the most that a length of two bytes can say is a topic', async () => {
    const topic = 't'.repeat(65_535)
    const subscriber = await lab.subscriber(topic, 1)
    const publisher = await lab.client()
    publisher.send(publish(topic, 'far', { qos: 1 }))
    expect((await subscriber.message()).topic).toHaveLength(65_535)
  })
})

describe('a fixed header', () => {
  const MISPLACED: readonly (readonly [string, string, Buffer])[] = [
    ['MQTT-2.2.2-2', 'PUBACK with flags 1', hex('41 02 0001')],
    ['MQTT-2.2.2-2', 'PUBREC with flags 2', hex('52 02 0001')],
    ['MQTT-3.6.1-1', 'PUBREL with flags 0', hex('60 02 0001')],
    ['MQTT-3.6.1-1', 'PUBREL with flags 3', hex('63 02 0001')],
    ['MQTT-2.2.2-2', 'PUBCOMP with flags 4', hex('74 02 0001')],
    ['MQTT-3.8.1-1', 'SUBSCRIBE with flags 0', packet(0x80, number(1), field('a'), hex('00'))],
    ['MQTT-3.8.1-1', 'SUBSCRIBE with flags 3', packet(0x83, number(1), field('a'), hex('00'))],
    ['MQTT-3.10.1-1', 'UNSUBSCRIBE with flags 0', packet(0xa0, number(1), field('a'))],
    ['MQTT-2.2.2-2', 'PINGREQ with flags 1', hex('c1 00')],
    ['MQTT-3.14.1-1', 'DISCONNECT with flags 8', hex('e8 00')],
    ['MQTT-3.3.1-4', 'PUBLISH with QoS 3', packet(0x36, field('a'), number(1))],
    ['MQTT-3.3.1-2', 'PUBLISH with DUP at QoS 0', packet(0x38, field('a'))],
    ['MQTT-4.8.0-1', 'packet type 0', hex('00 00')],
    ['MQTT-4.8.0-1', 'packet type 15', hex('f0 00')],
    ['MQTT-4.8.0-1', 'CONNACK', hex('20 02 0000')],
    ['MQTT-4.8.0-1', 'SUBACK', hex('90 03 0001 00')],
    ['MQTT-4.8.0-1', 'UNSUBACK', hex('b0 02 0001')],
    ['MQTT-4.8.0-1', 'PINGRESP', hex('d0 00')],
    ['MQTT-4.8.0-1', 'a remaining length of five bytes', hex('30 80 80 80 80 01')],
    ['MQTT-4.8.0-1', 'the largest remaining length', hex('30 ff ff ff 7f')],
    ['MQTT-3.1.0-2', 'a second CONNECT', connect({ id: 'second' })],
  ]
  it.each(MISPLACED)('[%s] of a %s ends the connection', async (_id, _name, bytes) => {
    const client = await lab.client()
    client.send(bytes, PINGREQ)
    expect(await client.closed()).toEqual([])
  })

  it.each([
    ['two bytes for 0', hex('c0 80 00'), 'pingresp'],
    ['four bytes for 2', Buffer.concat([hex('62 82 80 80 00'), number(9)]), 'pubcomp'],
  ])('[MQTT-2.2.3] whose length takes %s is understood', async (_name, bytes, answer) => {
    const client = await lab.client()
    client.send(bytes)
    expect(await client.next()).toMatchObject({ type: answer })
  })

  it.each([0, 127, 128, 16_383, 16_384, 200_000])(
    '[MQTT-2.2.3] of a payload of about %d bytes is read and written alike',
    async (size) => {
      const topic = `size/${size}`
      const subscriber = await lab.subscriber(topic, 0)
      const publisher = await lab.client()
      for (const length of [Math.max(0, size - topic.length - 2), size])
        publisher.send(publish(topic, 'x'.repeat(length)))
      const lengths = (await subscriber.messages(2)).map(({ payload }) => payload.length)
      expect(lengths).toEqual([Math.max(0, size - topic.length - 2), size])
    },
  )
})

describe('a body', () => {
  const OUT_OF_ORDER: readonly (readonly [string, string, Buffer])[] = [
    ['MQTT-2.3.1-1', '(I) PUBLISH at QoS 1 with packet id 0', publish('a', '', { qos: 1, messageId: 0 })],
    ['MQTT-2.3.1-1', '(I) PUBLISH at QoS 2 with packet id 0', publish('a', '', { qos: 2, messageId: 0 })],
    ['MQTT-2.3.1-1', '(I) SUBSCRIBE with packet id 0', subscribe(0, ['a', 0])],
    ['MQTT-2.3.1-1', '(I) UNSUBSCRIBE with packet id 0', unsubscribe(0, 'a')],
    ['MQTT-2.3.1-1', '(I) PUBREL with packet id 0', pubrel(0)],
    ['MQTT-2.3.1-1', '(I) PUBACK with packet id 0', puback(0)],
    ['MQTT-4.8.0-1', '(H) PINGREQ with a body', hex('c0 01 00')],
    ['MQTT-4.8.0-1', '(H) DISCONNECT with a body', hex('e0 01 00')],
    ['MQTT-4.8.0-1', '(H) PUBACK of one byte', hex('40 01 01')],
    ['MQTT-4.8.0-1', '(H) PUBACK of three bytes', hex('40 03 0001 00')],
    ['MQTT-4.8.0-1', '(H) PUBREC without a body', hex('50 00')],
    ['MQTT-4.8.0-1', '(H) PUBREL of one byte', hex('62 01 00')],
    ['MQTT-4.8.0-1', '(H) PUBCOMP of three bytes', hex('70 03 0001 00')],
    ['MQTT-3.8.3-3', 'SUBSCRIBE without a filter', packet(0x82, number(1))],
    ['MQTT-4.8.0-1', 'SUBSCRIBE without a body', packet(0x82)],
    ['MQTT-4.8.0-1', 'SUBSCRIBE whose last filter has no QoS', packet(0x82, number(1), field('a'))],
    ['MQTT-3-8.3-4', 'SUBSCRIBE with QoS 3', subscribe(1, ['a', 3])],
    ['MQTT-3-8.3-4', 'SUBSCRIBE with reserved bits of the QoS byte', subscribe(1, ['a', 0x81])],
    ['MQTT-3.10.3-2', '(H) UNSUBSCRIBE without a filter', packet(0xa2, number(1))],
    ['MQTT-4.8.0-1', 'UNSUBSCRIBE whose filter is cut off', packet(0xa2, number(1), hex('0005 61'))],
    ['MQTT-4.8.0-1', 'PUBLISH whose topic is cut off', packet(0x30, hex('0005 61'))],
    ['MQTT-4.8.0-1', 'PUBLISH at QoS 1 without a packet id', packet(0x32, field('a'))],
    ['MQTT-4.8.0-1', 'PUBLISH without a body', packet(0x30)],
    ['MQTT-4.7.3-1', 'PUBLISH on an empty topic', publish('')],
    ['MQTT-3.3.2-2', 'PUBLISH on a topic with +', publish('a/+')],
    ['MQTT-3.3.2-2', 'PUBLISH on a topic with #', publish('a/#', '', { qos: 1 })],
    ['MQTT-4.7.3-1', 'SUBSCRIBE to an empty filter', subscribe(1, ['', 0])],
    ['MQTT-4.7.3-1', 'UNSUBSCRIBE from an empty filter', unsubscribe(1, '')],
    ['MQTT-4.7.1-2', 'SUBSCRIBE to a/b#', subscribe(1, ['a/b#', 0])],
    ['MQTT-4.7.1-2', 'SUBSCRIBE to #/a', subscribe(1, ['#/a', 0])],
    ['MQTT-4.7.1-2', 'SUBSCRIBE to ##', subscribe(1, ['##', 0])],
    ['MQTT-4.7.1-3', '(J) SUBSCRIBE to +b', subscribe(1, ['+b', 0])],
    ['MQTT-4.7.1-3', '(J) SUBSCRIBE to a+', subscribe(1, ['a+', 0])],
    ['MQTT-4.7.1-3', '(J) SUBSCRIBE to n3/+b', subscribe(1, ['n3/+b', 0])],
    ['MQTT-4.7.1-3', '(J) SUBSCRIBE to ++ behind a good filter', subscribe(1, ['a', 0], ['++', 0])],
    ['MQTT-4.7.1-3', 'UNSUBSCRIBE from a/b+', unsubscribe(1, 'a/b+')],
  ]
  it.each(OUT_OF_ORDER)('[%s] of a %s ends the connection', async (_id, _name, bytes) => {
    const client = await lab.client()
    client.send(bytes, PINGREQ)
    expect(await client.closed()).toEqual([])
  })

  it('[MQTT-4.8.0-1] that is out of order takes nothing of what came before it away', async () => {
    const subscriber = await lab.subscriber('before/#', 1)
    const publisher = await lab.client()
    publisher.send(publish('before/it', 'good', { qos: 1 }), publish('', 'bad'))
    expect(await subscriber.message()).toMatchObject({ payload: 'good' })
  })
})

describe('before a CONNECT', () => {
  it.each([
    ['PUBLISH', publish('a', 'x')],
    ['SUBSCRIBE', subscribe(1, ['a', 0])],
    ['PINGREQ', PINGREQ],
    ['DISCONNECT', DISCONNECT],
    ['PUBREL', pubrel(1)],
  ])('[MQTT-3.1.0-1] a %s ends the connection', async (_name, bytes) => {
    const client = await lab.open()
    client.send(bytes, connect({ id: lab.id() }))
    expect(await client.closed()).toEqual([])
  })
})

describe('an acknowledgement of nothing', () => {
  it.each([
    ['PUBACK', puback(77), []],
    ['PUBCOMP', pubcomp(77), []],
    ['PUBREC', pubrec(77), [{ type: 'pubrel', messageId: 77 }]],
    ['PUBREL', pubrel(77), [{ type: 'pubcomp', messageId: 77 }]],
  ])('[MQTT-4.3.3-2] (%s) does no harm', async (_name, bytes, answers) => {
    const client = await lab.client()
    client.send(bytes)
    expect(await client.ping()).toEqual(answers)
  })
})

describe('bytes', () => {
  it('[MQTT-4.2.0-1] that come one at a time make the same packets as bytes that come at once', async () => {
    const client = await lab.open()
    const talk = Buffer.concat([
      connect({ id: lab.id() }),
      subscribe(7, ['slow/#', 1]),
      publish('slow/topic', 'x', { qos: 1, messageId: 8 }),
      PINGREQ,
    ])
    for (const byte of talk) client.send(Buffer.of(byte))
    const types: string[] = []
    for (let n = 0; n < 5; n += 1) types.push((await client.next()).type)
    expect(types[0]).toBe('connack')
    expect(types.toSorted()).toEqual(['connack', 'pingresp', 'puback', 'publish', 'suback'])
  })
})
