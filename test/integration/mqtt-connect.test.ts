/** MQTT 3.1.1, sections 3.1, 3.2, 3.12 and 3.14: how a connection begins, lasts and ends, and what becomes of its will. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Lab, type Wire } from '../support/mqtt-lab.ts'
import { connect, DISCONNECT, packet, PINGREQ, publish, type Will } from '../support/mqtt-packets.ts'

const lab = new Lab({ limits: { connectMs: 400 } })
beforeAll(async () => lab.start())
afterAll(async () => lab.remove())

const ACCEPTED = { type: 'connack', sessionPresent: false, code: 0 }

describe('a CONNECT', () => {
  const REFUSED: readonly (readonly [string, string, () => Buffer, readonly object[]])[] = [
    ['MQTT-3.1.2-1', 'another protocol name', () => connect({ id: 'x', protocolName: 'MQTX' }), []],
    ['MQTT-3.1.2-1', 'an empty protocol name', () => connect({ id: 'x', protocolName: '' }), []],
    ['MQTT-3.1.2-1', 'a property as its name', () => connect({ id: 'x', protocolName: '__proto__' }), []],
    ['MQTT-3.1.2-2', '(G) level 5', () => connect({ id: 'x', level: 5 }), [refusal(1)]],
    ['MQTT-3.1.2-2', '(G) level 0', () => connect({ id: 'x', level: 0 }), [refusal(1)]],
    ['MQTT-3.1.2-2', '(G) level 3 under the new name', () => connect({ id: 'x', level: 3 }), [refusal(1)]],
    ['MQTT-3.1.2-3', 'the reserved flag', () => connect({ id: 'x', extraFlags: 0x01 }), []],
    ['MQTT-3.1.2-11', 'a will retain flag without a will', () => connect({ id: 'x', extraFlags: 0x20 }), []],
    ['MQTT-3.1.2-13', 'a will QoS without a will', () => connect({ id: 'x', extraFlags: 0x08 }), []],
    ['MQTT-3.1.2-14', '(E) a will QoS of 3', () => connect({ id: 'x', will: { topic: 'w', qos: 3 } }), []],
    ['MQTT-3.1.2-22', '(E) a password without a user name', () => connect({ id: 'x', password: 'p' }), []],
    ['MQTT-4.7.3-1', '(E) an empty will topic', () => connect({ id: 'x', will: { topic: '' } }), []],
    ['MQTT-4.7.1-1', '(E) a + in the will topic', () => connect({ id: 'x', will: { topic: 'a/+' } }), []],
    ['MQTT-4.7.1-1', '(E) a # in the will topic', () => connect({ id: 'x', will: { topic: '#' } }), []],
    ['MQTT-3.1.2-18', 'a user name flag without one', () => connect({ id: 'x', extraFlags: 0x80 }), []],
    ['MQTT-3.1.2-9', 'a will flag without a will', () => connect({ id: 'x', extraFlags: 0x04 }), []],
    ['MQTT-3.1.3-3', 'no client id at all', () => packet(0x10, connect().subarray(2, 12)), []],
    ['MQTT-4.8.0-1', '(H) bytes left over', () => lengthened(connect({ id: 'x' })), []],
    [
      'MQTT-3.1.3-8',
      '(A) an empty client id for a session that lasts',
      () => connect({ clean: false }),
      [refusal(2)],
    ],
  ]
  it.each(REFUSED)('[%s] with %s is refused', async (_id, _name, make, answer) => {
    const client = await lab.open()
    client.send(make(), PINGREQ)
    expect(await client.closed()).toEqual(answer)
  })

  it.each([
    ['MQTT-3.1.3-7', 'an empty client id for a clean session', connect()],
    ['MQTT-3.1.3-5', 'letters and digits, 23 of them', connect({ id: '0123456789abcdefghijkLM' })],
    ['MQTT-3.1.3-4', 'more than they, in any script', connect({ id: 'ä€𐍈/+#$ '.repeat(100) })],
    ['MQTT-3.1.3-4', '__proto__', connect({ id: '__proto__' })],
    ['MQTT-3.1.3-4', 'constructor', connect({ id: 'constructor', clean: false })],
    ['MQTT-3.1.2-20', 'a user name and a password', connect({ id: 'u', userName: 'u', password: 'p' })],
    ['MQTT-3.1.2-19', 'an empty user name', connect({ id: 'e', userName: '' })],
    ['MQTT-3.1.2-21', 'an empty password', connect({ id: 'e', userName: '', password: '' })],
    [
      'MQTT-3.1.3-12',
      'a password that is no text',
      connect({ id: 'e', userName: 'u', password: Buffer.of(0, 0xff) }),
    ],
    [
      'MQTT-3.1.2-17',
      'a will with all its flags',
      connect({ id: 'w', will: { topic: 'w', qos: 2, retain: true } }),
    ],
    ['MQTT-3.1.2-2', 'the level of a bridge', connect({ id: 'b', level: 0x84 })],
    ['MQTT-3.1.2-1', 'the name and the level of 3.1', connect({ id: 'o', protocolName: 'MQIsdp', level: 3 })],
    ['MQTT-3.1.2-24', 'the longest keep alive', connect({ id: 'k', keepAliveS: 65_535 })],
  ])('[%s] with %s is accepted', async (_id, _name, bytes) => {
    const client = await lab.open()
    client.send(bytes)
    expect(await client.next()).toEqual(ACCEPTED)
    client.send(DISCONNECT)
    await client.closed()
  })

  it('[MQTT-3.1.3-6] two of them with an empty client id do not cut each other off', async () => {
    const [one, other] = [await lab.open(), await lab.open()]
    for (const client of [one, other]) client.send(connect())
    expect(await one.next()).toEqual(ACCEPTED)
    expect(await other.next()).toEqual(ACCEPTED)
    expect([await one.ping(), await other.ping()]).toEqual([[], []])
  })

  it('[MQTT-3.1.0-1] that does not come in time ends the connection', async () => {
    const silent = await lab.open()
    const slow = await lab.open()
    slow.send(connect({ id: 'slow' }).subarray(0, 5))
    expect(await Promise.all([silent.closed(), slow.closed()])).toEqual([[], []])
  })

  it('[MQTT-3.1.4-5] that is refused takes with it what was sent behind it', async () => {
    const subscriber = await lab.subscriber('behind/#', 1)
    const client = await lab.open()
    client.send(connect({ clean: false }), publish('behind/it', 'never', { qos: 1 }))
    expect(await client.closed()).toEqual([refusal(2)])
    await lab.settled()
    expect(await subscriber.ping()).toEqual([])
  })

  it('[MQTT-4.6.0-2] keeps the order of what comes with it and of what comes behind it', async () => {
    const subscriber = await lab.subscriber('early/#', 1)
    const texts = Array.from({ length: 40 }, (_, n) => String(n))
    const packets = texts.map((text, n) => publish('early/topic', text, { qos: 1, messageId: n + 1 }))
    const client = await lab.open()
    client.send(connect({ id: 'early', clean: false }), ...packets.slice(0, 10))
    for (const one of packets.slice(10)) {
      client.send(one)
      await new Promise(setImmediate)
    }
    expect((await subscriber.messages(40)).map(({ payload }) => payload)).toEqual(texts)
  })

  it('[MQTT-3.2.0-1] is answered before anything else, however much is published meanwhile', async () => {
    const options = { id: 'greeted', clean: false }
    const first = await lab.subscriber('greet/#', 0, options)
    first.drop()
    const over = new AbortController()
    const flood = (async () => {
      const publisher = await lab.client()
      for (let n = 0; !over.signal.aborted; n += 1) {
        publisher.send(publish('greet/topic', String(n), { retain: n % 2 === 0 }))
        await new Promise(setImmediate)
      }
    })()
    for (let n = 0; n < 15; n += 1) {
      const client = await lab.open()
      client.send(connect(options))
      expect((await client.next()).type).toBe('connack')
      client.drop()
    }
    over.abort()
    await flood
  })
})

describe('a keep alive', () => {
  it('[MQTT-3.1.2-24] ends the connection of a client that is silent for one and a half times as long', async () => {
    const client = await lab.client({ keepAliveS: 1 })
    const startedAtMs = performance.now()
    expect(await client.closed()).toEqual([])
    expect(performance.now() - startedAtMs).toBeGreaterThan(1_400)
  })

  it('[MQTT-3.1.2-24] is kept by any whole packet, and not by half of one', async () => {
    const [keeper, dripper] = [await lab.client({ keepAliveS: 1 }), await lab.client({ keepAliveS: 1 })]
    const long = publish('drip/topic', 'x'.repeat(100))
    const ended = dripper.closed()
    for (let n = 0; n < 20; n += 1) {
      keeper.send(publish('keep/topic', 'x'))
      if (n < 100) dripper.send(long.subarray(n, n + 1))
      await new Promise((resolve) => {
        setTimeout(resolve, 100)
      })
    }
    await ended
    expect(await keeper.ping()).toEqual([])
  })

  it('[MQTT-3.1.2-24] of 0 asks for none', async () => {
    const client = await lab.client({ keepAliveS: 0 })
    const other = await lab.client({ keepAliveS: 1 })
    await other.closed()
    expect(await client.ping()).toEqual([])
  })
})

describe('a PINGREQ', () => {
  it('[MQTT-3.12.4-1] is answered with a PINGRESP, each of them', async () => {
    const client = await lab.client()
    client.send(PINGREQ, PINGREQ, PINGREQ)
    expect([await client.next(), await client.next(), await client.next()]).toEqual(
      Array.from({ length: 3 }, () => ({ type: 'pingresp' })),
    )
  })
})

describe('a DISCONNECT', () => {
  it('[MQTT-3.14.4-2] ends the connection, and nothing behind it counts', async () => {
    const subscriber = await lab.subscriber('after/#', 1)
    const client = await lab.client()
    client.send(publish('after/topic', 'before'), DISCONNECT, publish('after/topic', 'after'))
    expect(await client.closed()).toEqual([])
    expect(await subscriber.message()).toMatchObject({ payload: 'before' })
    await lab.settled()
    expect(await subscriber.ping()).toEqual([])
  })

  it('[MQTT-3.14.4-3] takes the will back', async () => {
    const { subscriber, client } = await withWill({ topic: 'will/taken-back', payload: 'x', qos: 1 })
    client.send(DISCONNECT)
    await client.closed()
    await lab.settled()
    expect(await subscriber.ping()).toEqual([])
  })

  it('[MQTT-3.14.4-3] takes the will back also when bytes that mean nothing come behind it', async () => {
    const { subscriber, client } = await withWill({ topic: 'will/trailed', payload: 'x', qos: 1 })
    client.send(DISCONNECT, Buffer.of(0, 0, 0, 0))
    await client.closed()
    await lab.settled()
    expect(await subscriber.ping()).toEqual([])
  })
})

describe('what came before the end', () => {
  it('[MQTT-3.14.4-3] counts, however much it is: every message, and the DISCONNECT', async () => {
    const { subscriber, client } = await withWill({ topic: 'last/will', payload: 'will', qos: 1 })
    const reader = await lab.subscriber('last/words', 1)
    for (let n = 1; n <= 300; n += 1)
      client.send(publish('last/words', 'x'.repeat(2_000), { qos: 1, messageId: n }))
    client.send(DISCONNECT)
    client.socket.end()
    expect(await reader.messages(300)).toHaveLength(300)
    await client.gone
    await lab.settled()
    expect(await subscriber.ping()).toEqual([])
  })

  it('[MQTT-3.14.4-3] counts also when it came with the CONNECT', async () => {
    const reader = await lab.subscriber('all/at/once', 1)
    const watcher = await lab.subscriber('all/will', 1)
    const client = await lab.open()
    const will = { topic: 'all/will', payload: 'will' }
    client.send(connect({ id: 'at once', clean: false, will }), publish('all/at/once', 'x'), DISCONNECT)
    client.socket.end()
    expect(await reader.message()).toMatchObject({ payload: 'x' })
    await lab.settled()
    expect(await watcher.ping()).toEqual([])
  })
})

describe('a will', () => {
  const ENDS: readonly (readonly [string, (client: Wire, id: string) => Promise<void>])[] = [
    ['the connection is lost', async (client) => client.drop()],
    ['the client closes it without a DISCONNECT', async (client) => void client.socket.end()],
    ['the client sends what is out of order', async (client) => client.send(Buffer.of(0xf0, 0))],
    ['the client sends a second CONNECT', async (client) => client.send(connect({ id: 'again' }))],
    ['another connection takes its client id over', async (_client, id) => void (await lab.client({ id }))],
  ]
  it.each(ENDS)('[MQTT-3.1.2-8] is published when %s', async (_name, end) => {
    const will = { topic: `will/${lab.id()}`, payload: 'gone', qos: 1 }
    const { subscriber, client, id } = await withWill(will)
    await end(client, id)
    expect(await subscriber.message()).toMatchObject({
      topic: will.topic,
      payload: 'gone',
      qos: 1,
      retain: false,
    })
  })

  it('[MQTT-3.1.2-8] is published when the keep alive has passed', async () => {
    const { subscriber } = await withWill({ topic: 'will/silent', payload: 'gone' }, 1)
    expect(await subscriber.message()).toMatchObject({ payload: 'gone', qos: 0 })
  })

  it.each([0, 1, 2])('[MQTT-3.1.2-14] of QoS %d is published at that QoS', async (qos) => {
    const { subscriber, client } = await withWill({ topic: `will/qos/${qos}`, payload: 'x', qos })
    client.drop()
    expect(await subscriber.message()).toMatchObject({ qos })
  })

  it.each([
    ['MQTT-3.1.2-17', 'with its retain flag is retained', true],
    ['MQTT-3.1.2-16', 'without its retain flag is not retained', false],
  ])('[%s] %s', async (_id, _name, retain) => {
    const topic = `will/retain/${String(retain)}`
    const { subscriber, client } = await withWill({ topic, payload: 'x', retain })
    client.drop()
    await subscriber.message()
    const late = await lab.client()
    await late.subscribe([topic, 0])
    const kept = await late.ping()
    expect(kept).toMatchObject(retain ? [{ topic, payload: 'x', retain: true }] : [])
  })

  it('[MQTT-3.1.3-10] may be any bytes, and none', async () => {
    for (const payload of ['', '\u0000\u0001']) {
      const { subscriber, client } = await withWill({ topic: `will/bytes/${payload.length}`, payload })
      client.drop()
      expect(await subscriber.message()).toMatchObject({ payload })
    }
  })

  it('[MQTT-3.1.2-10] is published once, and not again by the next connection', async () => {
    const { subscriber, client, id } = await withWill({ topic: 'will/once', payload: 'x', qos: 2 })
    client.drop()
    await subscriber.message()
    const next = await lab.client({ id })
    next.drop()
    await lab.settled()
    expect(await subscriber.ping()).toEqual([])
  })

  it('[MQTT-3.1.2-8] of a connection that was refused is never published', async () => {
    const subscriber = await lab.subscriber('will/refused', 0)
    const client = await lab.open()
    client.send(connect({ clean: false, will: { topic: 'will/refused', payload: 'x' } }))
    expect(await client.closed()).toEqual([refusal(2)])
    await lab.settled()
    expect(await subscriber.ping()).toEqual([])
  })
})

function refusal(code: number) {
  return { type: 'connack', sessionPresent: false, code }
}

/** The same packet with one byte more in its body. */
function lengthened(bytes: Buffer): Buffer {
  return packet(bytes.readUInt8(0), bytes.subarray(2), Buffer.of(0))
}

async function withWill(will: Will, keepAliveS = 0) {
  const subscriber = await lab.subscriber(String(will.topic), 2)
  const id = lab.id()
  return { subscriber, id, client: await lab.client({ id, will, keepAliveS }) }
}
