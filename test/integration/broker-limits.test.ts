/** What a client may cost the broker, over real mutual TLS on loopback. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { OutboundMessage } from '../../gateway/ports.ts'
import { createBench, portOf, RawClient, wardRules, type Bench } from '../support/broker-bench.ts'

let bench: Bench
beforeAll(() => {
  bench = createBench()
})
afterEach(async () => {
  await bench.reset()
})
afterAll(() => bench.remove())

const NUMERIC = 'vitals/v1/icu/b01/mon-1/numeric'
const message = (text: string, qos: 0 | 1 = 1): OutboundMessage => ({
  topic: NUMERIC,
  payload: Buffer.from(text),
  qos,
  retain: false,
})

describe('a packet', () => {
  it('that announces more than the limit is cut off before a byte of it is taken', async () => {
    const broker = await bench.start()
    const client = await connected('mon-1', portOf(broker))
    // PUBLISH with a remaining length of 256 MiB - 1, the most that MQTT can announce.
    client.socket.write(Buffer.from('30ffffff7f', 'hex'))
    await client.closed
    expect(await bench.events.first('packet-too-large')).toMatchObject({
      id: 'mon-1',
      announcedBytes: 268_435_455,
    })
  })

  it('of the largest size passes, one byte at a time or whole', async () => {
    const broker = await bench.start({ limits: { packetBytes: 300 } })
    const device = await bench.client(broker, 'device', 'mon-1')
    const topic = 'ingest/v1/mon-1/numeric'
    // Remaining length: two bytes of length, the topic, two bytes of packet id, the payload.
    const largest = 300 - 2 - topic.length - 2
    await device.publishAsync(topic, 'x'.repeat(largest), { qos: 1 })
    const closed = new Promise((resolve) => device.once('close', () => resolve(undefined)))
    device.publish(topic, 'x'.repeat(largest + 1), { qos: 1 })
    await closed
    expect(await bench.events.first('packet-too-large')).toMatchObject({ announcedBytes: 301 })
  })

  it('with a length of five bytes is cut off', async () => {
    const broker = await bench.start()
    const client = await connected('mon-1', portOf(broker))
    client.socket.write(Buffer.from('3080808080', 'hex'))
    await client.closed
    expect(await bench.events.first('malformed-header')).toMatchObject({ id: 'mon-1' })
  })
})

describe('a CONNECT', () => {
  it('of MQTT 5 is answered with CONNACK 1 and closed', async () => {
    const broker = await bench.start()
    const client = new RawClient(portOf(broker), bench.credentials('device', 'mon-1'))
    client.socket.write(connectPacket('mon-1', 5))
    await client.closed
    expect(client.received.toString('hex')).toBe('20020001')
  })

  it.each([
    { name: 'without a client id', id: '', answer: '20020002' },
    { name: 'with the client id of nobody', id: 'nobody', answer: '20020002' },
  ])('$name is answered with CONNACK 2 and closed', async ({ id, answer }) => {
    const broker = await bench.start()
    const client = new RawClient(portOf(broker), bench.credentials('device', 'mon-1'))
    client.socket.write(connectPacket(id, 4))
    await client.closed
    expect(client.received.toString('hex')).toBe(answer)
  })

  it('without a keep alive is refused', async () => {
    const broker = await bench.start()
    const client = new RawClient(portOf(broker), bench.credentials('device', 'mon-1'))
    const bytes = connectPacket('mon-1', 4)
    // The keep alive, behind the fixed header, the protocol name, the level and the flags.
    bytes.writeUInt16BE(0, 10)
    client.socket.write(bytes)
    await client.closed
    // [MQTT-3.2.2-6]: no code of CONNACK says this, so there is none.
    expect(client.received).toHaveLength(0)
    expect(await bench.events.first('keep-alive-refused')).toMatchObject({ id: 'mon-1' })
  })

  it.each(['', 'vitals/+/x', 'a\u0000b'])(
    'with a will on the topic %j is closed unanswered',
    async (topic) => {
      const broker = await bench.start()
      const client = new RawClient(portOf(broker), bench.credentials('device', 'mon-1'))
      client.socket.write(connectPacket('mon-1', 4, topic))
      await client.closed
      expect(client.received).toHaveLength(0)
    },
  )

  it('ignores user name and password: the certificate alone counts', async () => {
    const broker = await bench.start()
    const credentials = { username: 'engineer', password: 'engineer' }
    const device = await bench.client(broker, 'device', 'mon-1', credentials)
    await device.publishAsync('ops/v1/gw-1/state', 'x', { qos: 1 })
    expect(await bench.events.first('publish-denied')).toMatchObject({ role: 'device', id: 'mon-1' })
  })
})

describe('a subscriber that stops reading', () => {
  it('is parted with, and nobody else waits for it', async () => {
    const broker = await bench.start({ limits: { outgoingBytes: 64 * 1024 } })
    const frozen = await connected('station-icu', portOf(broker), 'consumer')
    frozen.socket.write(subscribePacket('vitals/v1/icu/#', 1))
    await frozen.receive(4 + 5)
    frozen.socket.pause()
    const engineer = await bench.client(broker, 'operator', 'engineer')
    await engineer.subscribeAsync('vitals/v1/#', { qos: 1 })
    const payload = 'x'.repeat(32 * 1024)
    let sentCount = 0
    while (bench.events.named('slow-subscriber').length === 0) {
      const arrived = new Promise((resolve) => engineer.once('message', () => resolve(undefined)))
      await broker.publish(message(payload))
      await arrived
      sentCount += 1
      if (sentCount > 2_000) break
    }
    expect(bench.events.named('slow-subscriber')).toMatchObject([{ detail: { id: 'station-icu' } }])
    frozen.socket.destroy()
  })

  it('loses messages of QoS 0, and the loss is counted', async () => {
    const broker = await bench.start()
    const frozen = await connected('station-icu', portOf(broker), 'consumer')
    frozen.socket.write(subscribePacket('vitals/v1/icu/#', 0))
    await frozen.receive(4 + 5)
    frozen.socket.pause()
    for (let n = 0; n < 2_000 && bench.counters.counts.get('dropped_total') === undefined; n += 1) {
      await broker.publish(message('x'.repeat(32 * 1024), 0))
      await new Promise(setImmediate)
    }
    expect(bench.counters.counts.get('dropped_total')).toBeGreaterThan(0)
    frozen.socket.destroy()
  })
})

describe('a durable session', () => {
  it('keeps the newest messages within its bounds while it is away', async () => {
    const broker = await bench.start({ limits: { queuedMessages: 3 } })
    const station = await bench.client(broker, 'consumer', 'station-icu', { clean: false })
    await station.subscribeAsync('vitals/v1/icu/#', { qos: 1 })
    await station.endAsync()
    for (const text of ['1', '2', '3', '4', '5']) await broker.publish(message(text))
    const back = await connected('station-icu', portOf(broker), 'consumer', false)
    const texts: string[] = []
    const perMessage = 2 + 2 + NUMERIC.length + 2 + 1
    const received = await back.receive(4 + 3 * perMessage)
    for (let n = 0; n < 3; n += 1)
      texts.push(received.subarray(3 + (n + 1) * perMessage, 4 + (n + 1) * perMessage).toString())
    expect(received[2]).toBe(1)
    expect(texts).toEqual(['3', '4', '5'])
    expect(await bench.events.first('queue-overflow')).toEqual({ clientId: 'station-icu' })
    back.socket.destroy()
  })

  it('sends unacknowledged messages again, marked as repeated, and is present without subscriptions', async () => {
    const broker = await bench.start()
    const first = await connected('station-icu', portOf(broker), 'consumer', false)
    first.socket.write(subscribePacket('vitals/v1/icu/#', 1))
    await first.receive(4 + 5)
    await broker.publish(message('once'))
    await first.receive(4 + 5 + 2)
    first.socket.destroy()
    const second = await connected('station-icu', portOf(broker), 'consumer', false)
    const received = await second.receive(5)
    // CONNACK with session present, then PUBLISH at QoS 1 with DUP.
    expect(received.subarray(0, 5).toString('hex')).toBe('200201003a')
    second.socket.destroy()
    const empty = await connected('engineer', portOf(broker), 'operator', false)
    empty.socket.destroy()
    const again = await connected('engineer', portOf(broker), 'operator', false)
    expect(again.received.toString('hex')).toBe('20020100')
    again.socket.destroy()
  })
})

describe('a stop', () => {
  it('acknowledges what was received before it closes the connections, and may be called twice', async () => {
    let admitted: (() => void) | undefined
    let announceStart: () => void = () => undefined
    const started = new Promise<void>((resolve) => {
      announceStart = resolve
    })
    const rules = wardRules(
      async () =>
        new Promise((resolve) => {
          admitted = () => resolve({ instead: undefined, also: [] })
          announceStart()
        }),
    )
    const broker = await bench.start({ rules })
    const device = await bench.client(broker, 'device', 'mon-1')
    const published = device.publishAsync('ingest/v1/mon-1/numeric', 'x', { qos: 1 })
    await started
    const stopped = Promise.all([broker.stop(), broker.stop()])
    admitted?.()
    await published
    await stopped
    expect(broker.connectionCount).toBe(0)
    await expect(broker.publish(message('late'))).rejects.toMatchObject({ code: 'WG_BROKER' })
  })

  it('does not wait longer than its limit for an admission that never ends', async () => {
    const broker = await bench.start({
      rules: wardRules(async () => new Promise(() => undefined)),
      limits: { stopMs: 50 },
    })
    const device = await bench.client(broker, 'device', 'mon-1')
    const closed = new Promise((resolve) => device.once('close', () => resolve(undefined)))
    device.publish('ingest/v1/mon-1/numeric', 'x', { qos: 1 })
    await broker.stop()
    await closed
  })
})

describe('a start', () => {
  it('on a port that is taken says so, and leaves no other listener open', async () => {
    const broker = await bench.start()
    const taken = { host: '127.0.0.1', port: portOf(broker) }
    await expect(bench.start({ listen: [{ host: '127.0.0.1', port: 0 }, taken] })).rejects.toMatchObject({
      code: 'WG_CONFIG',
      message: expect.stringContaining('another program holds this port'),
    })
  })

  it('with a key of another certificate says so', async () => {
    const { key } = bench.credentials('device', 'mon-1')
    const material = { ...bench.store.serverMaterial(), key }
    await expect(bench.start({ material })).rejects.toMatchObject({ code: 'WG_CONFIG' })
  })
})

/** A raw client whose CONNECT was accepted; it reads on and acknowledges nothing. */
async function connected(
  id: string,
  port: number,
  role: 'device' | 'consumer' | 'operator' = 'device',
  isClean = true,
): Promise<RawClient> {
  const client = new RawClient(port, bench.credentials(role, id))
  client.socket.write(connectPacket(id, 4, undefined, isClean))
  await client.receive(4)
  return client
}

function connectPacket(id: string, level: number, willTopic?: string, isClean = true): Buffer {
  const flags = (isClean ? 0x02 : 0) | (willTopic === undefined ? 0 : 0x0c)
  const will = willTopic === undefined ? [] : [text(willTopic), text('gone')]
  // MQTT 5 has properties, here none, after the keep alive.
  const properties = level === 5 ? Buffer.from([0]) : Buffer.alloc(0)
  const body = [text('MQTT'), Buffer.from([level, flags, 0, 60]), properties, text(id), ...will]
  return packet(0x10, Buffer.concat(body))
}

function subscribePacket(filter: string, qos: number): Buffer {
  return packet(0x82, Buffer.concat([Buffer.from([0, 1]), text(filter), Buffer.from([qos])]))
}

function packet(header: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([header, body.length]), body])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([0, bytes.length]), bytes])
}
