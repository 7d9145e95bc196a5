/** Sessions, rights and messages over real mutual TLS on loopback. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { connectAsync, type MqttClient } from 'mqtt'
import { firstValueFrom, take, toArray } from 'rxjs'
import type { BrokerRules, OutboundMessage } from '../../gateway/ports.ts'
import { createBench, portOf, wardRules, type Bench } from '../support/broker-bench.ts'

let bench: Bench
beforeAll(() => {
  bench = createBench()
})
afterEach(async () => {
  await bench.reset()
})
afterAll(() => bench.remove())

const message = (topic: string, text: string, retain = false): OutboundMessage => ({
  topic,
  payload: Buffer.from(text),
  qos: 1,
  retain,
})

describe('a reading on its way', () => {
  it('goes from a device through admission to a station of its ward, over TLS 1.3', async () => {
    const broker = await bench.start()
    const station = await bench.client(broker, 'consumer', 'station-icu')
    await station.subscribeAsync('vitals/v1/icu/#', { qos: 1 })
    const device = await bench.client(broker, 'device', 'mon-1')
    const arrived = nextMessage(station)
    await device.publishAsync('ingest/v1/mon-1/numeric', 'spo2', { qos: 1 })
    expect(await arrived).toEqual({ topic: 'vitals/v1/icu/b01/mon-1/numeric', text: 'spo2', retain: false })
    expect(broker.sessions().map(({ identity, protocol }) => [identity.role, protocol])).toEqual([
      ['consumer', 'TLSv1.3'],
      ['device', 'TLSv1.3'],
    ])
  })

  it('is acknowledged only after its admission has ended', async () => {
    let announceStart: (admitted: () => void) => void = () => undefined
    const started = new Promise<() => void>((resolve) => {
      announceStart = resolve
    })
    const rules = wardRules(
      async () =>
        new Promise((resolve) => {
          announceStart(() => resolve({ instead: undefined, also: [] }))
        }),
    )
    const broker = await bench.start({ rules })
    const device = await bench.client(broker, 'device', 'mon-1')
    let isAcknowledged = false
    const published = device.publishAsync('ingest/v1/mon-1/numeric', 'x', { qos: 1 }).then(() => {
      isAcknowledged = true
    })
    const admitted = await started
    // A ping that comes back shows that whatever was written before it has arrived.
    device.sendPing()
    await next(device, 'packetreceive')
    expect(isAcknowledged).toBe(false)
    admitted()
    await published
    expect(isAcknowledged).toBe(true)
  })

  it('that cannot be admitted is not acknowledged: the client is cut off and sends it again', async () => {
    const rules = wardRules(async () => {
      throw new Error('the disk is full')
    })
    const broker = await bench.start({ rules })
    const device = await bench.client(broker, 'device', 'mon-1')
    const closed = next(device, 'close')
    const published = device.publishAsync('ingest/v1/mon-1/numeric', 'x', { qos: 1 })
    await closed
    device.end(true)
    await expect(published).rejects.toThrow()
    expect(await bench.events.first('admission-failed')).toMatchObject({
      id: 'mon-1',
      reason: 'the disk is full',
    })
  })

  it('brings its companions after it, in order, though their retained kind takes longer inside', async () => {
    const rules = wardRules(async (_identity, { payload }) => ({
      instead: { ...message('vitals/v1/icu/b01/mon-1/last', `${payload.toString()}-last`, true) },
      also: [
        message('vitals/v1/icu/b01/mon-1/numeric', `${payload.toString()}-numeric`),
        { ...message('vitals/v1/icu/b01/mon-1/waveform/pleth', `${payload.toString()}-wave`), qos: 0 },
      ],
    }))
    const broker = await bench.start({ rules })
    const station = await bench.client(broker, 'consumer', 'station-icu', { clean: false })
    await station.subscribeAsync('vitals/v1/icu/#', { qos: 1 })
    const device = await bench.client(broker, 'device', 'mon-1')
    const arrived = messages(station, 150)
    for (let n = 0; n < 50; n += 1)
      device.publish('ingest/v1/mon-1/numeric', String(n), { qos: n % 2 === 0 ? 1 : 0 })
    const expected = Array.from({ length: 50 }, (_, n) => [`${n}-last`, `${n}-numeric`, `${n}-wave`]).flat()
    const texts = (await arrived).map(({ text }) => text)
    expect(texts.filter((text) => !text.endsWith('wave'))).toEqual(
      expected.filter((text) => !text.endsWith('wave')),
    )
    expect(texts.toSorted()).toEqual(expected.toSorted())
  })

  it('at QoS 2 is admitted once, however often it is repeated before its release', async () => {
    let admissionCount = 0
    const rules = wardRules(async (_identity, received) => {
      admissionCount += 1
      return { instead: { ...received, topic: 'vitals/v1/icu/b01/mon-1/numeric' }, also: [] }
    })
    const broker = await bench.start({ rules })
    const device = await bench.client(broker, 'device', 'mon-1')
    const acknowledged = packets(device, 'pubrec', 2)
    for (const dup of [false, true]) device.stream.write(publishQos2('ingest/v1/mon-1/numeric', 7, dup))
    await acknowledged
    expect(admissionCount).toBe(1)
  })

  it('left as a last will goes through the same admission', async () => {
    const broker = await bench.start()
    const received = firstValueFrom(broker.messages('vitals/#'))
    const device = await bench.client(broker, 'device', 'mon-1', {
      will: { topic: 'ingest/v1/mon-1/state', payload: Buffer.from('gone'), qos: 1, retain: true },
    })
    device.stream.destroy()
    expect(await received).toMatchObject({ topic: 'vitals/v1/icu/b01/mon-1/state', retain: false })
  })

  it('left as a last will on a topic of others is dropped', async () => {
    const broker = await bench.start()
    const device = await bench.client(broker, 'device', 'mon-1', {
      will: {
        topic: 'vitals/v1/icu/b01/mon-1/numeric',
        payload: Buffer.from('forged'),
        qos: 1,
        retain: true,
      },
    })
    device.stream.destroy()
    expect(await bench.events.first('publish-denied')).toMatchObject({ id: 'mon-1' })
    expect(await retained(broker.messages('vitals/#'))).toEqual([])
  })
})

describe('the client id', () => {
  it('of another identity is refused, and its holder keeps the session', async () => {
    const broker = await bench.start()
    const device = await bench.client(broker, 'device', 'mon-1')
    const thief = bench.client(broker, 'device', 'mon-2', { clientId: 'mon-1' })
    await expect(thief).rejects.toMatchObject({ code: 2 })
    expect(await bench.events.first('identity-mismatch')).toMatchObject({ id: 'mon-2', clientId: 'mon-1' })
    await device.publishAsync('ingest/v1/mon-1/numeric', 'still here', { qos: 1 })
    expect(broker.sessions().map(({ identity }) => identity.id)).toContain('mon-1')
  })

  it('of its own identity takes the session over, without a moment offline', async () => {
    const broker = await bench.start()
    const notices = firstValueFrom(broker.onSession$.pipe(take(2), toArray()))
    const former = await bench.client(broker, 'device', 'mon-1')
    const closed = next(former, 'close')
    const latter = await bench.client(broker, 'device', 'mon-1')
    await closed
    expect(await bench.events.first('session-taken-over')).toMatchObject({ id: 'mon-1' })
    await latter.publishAsync('ingest/v1/mon-1/numeric', 'x', { qos: 1 })
    await latter.endAsync()
    const kinds = (await notices).map(({ identity, kind }) => [identity.id, kind])
    expect(kinds).toEqual([
      ['mon-1', 'online'],
      ['mon-1', 'offline'],
    ])
  })
})

describe('rights', () => {
  it('to publish: a device, a bedside box and a station each reach what is theirs alone', async () => {
    const admitted: string[] = []
    const rules = wardRules(async (identity, { topic }) => {
      admitted.push(`${identity.id} ${topic}`)
      return { instead: undefined, also: [] }
    })
    const broker = await bench.start({ rules })
    const clients = [
      await bench.client(broker, 'device', 'mon-1'),
      await bench.client(broker, 'bedside', 'box-1'),
      await bench.client(broker, 'consumer', 'station-icu'),
      await bench.client(broker, 'operator', 'engineer'),
    ]
    const topics = [
      'ingest/v1/mon-1/numeric',
      'ingest/v1/mon-2/numeric',
      'vitals/v1/icu/b01/mon-1/numeric',
      '$SYS/x',
    ]
    // Each publication is acknowledged, also those that are dropped: a QoS 1 client must not send them for ever.
    for (const client of clients)
      for (const topic of topics) await client.publishAsync(topic, 'x', { qos: 1 })
    expect(admitted).toEqual(['mon-1 ingest/v1/mon-1/numeric', 'box-1 ingest/v1/mon-2/numeric'])
    expect(bench.counters.counts.get('publish_denied_total')).toBe(14)
  })

  it('to subscribe: what reaches beyond the ward is refused with 128 and the connection stays', async () => {
    const broker = await bench.start()
    const station = await bench.client(broker, 'consumer', 'station-icu')
    const filters = [
      'vitals/v1/icu/#',
      'vitals/v1/+/#',
      'vitals/v1/er/#',
      'ingest/#',
      '$SYS/#',
      '#',
      'ops/v1/#',
    ]
    const granted: number[] = []
    for (const filter of filters) granted.push(await grantedQos(station, filter))
    expect(granted).toEqual([1, 128, 128, 128, 128, 128, 128])
    expect(bench.counters.counts.get('subscribe_denied_total')).toBe(6)
  })

  it('to subscribe do not come back with a durable session that was refused them', async () => {
    const broker = await bench.start()
    const first = await bench.client(broker, 'consumer', 'station-icu', { clean: false })
    await first.subscribeAsync('vitals/v1/icu/#', { qos: 1 })
    const granted = await first
      .subscribeAsync(['vitals/v1/icu/b01/#', 'vitals/v1/er/#'], { qos: 1 })
      .catch(() => 'refused')
    expect(granted).toBe('refused')
    await first.endAsync()
    await broker.publish(message('vitals/v1/er/b09/mon-9/numeric', 'not yours'))
    await broker.publish(message('vitals/v1/icu/b01/mon-1/numeric', 'yours'))
    const again = await lateClient(broker, 'station-icu')
    expect(again.texts[0]).toBe('yours')
    await broker.publish(message('vitals/v1/er/b09/mon-9/numeric', 'not yours'))
    await broker.publish(message('vitals/v1/icu/b01/mon-1/numeric', 'yours too'))
    await again.until(2)
    expect(again.texts).toEqual(['yours', 'yours too'])
  })

  it('to receive end with the message after they were withdrawn', async () => {
    const authority = wardRules()
    let isWithdrawn = false
    const rules: BrokerRules = {
      ...authority,
      mayReceive: (identity, topic) =>
        isWithdrawn && topic.endsWith('numeric')
          ? { allowed: false, reason: 'withdrawn' }
          : authority.mayReceive(identity, topic),
    }
    const broker = await bench.start({ rules })
    const station = await bench.client(broker, 'consumer', 'station-icu')
    await station.subscribeAsync('vitals/v1/icu/#', { qos: 1 })
    const arrived = messages(station, 2)
    await broker.publish(message('vitals/v1/icu/b01/mon-1/numeric', 'one'))
    isWithdrawn = true
    await broker.publish(message('vitals/v1/icu/b01/mon-1/numeric', 'two'))
    await broker.publish(message('vitals/v1/icu/b01/mon-1/state', 'three'))
    expect((await arrived).map(({ text }) => text)).toEqual(['one', 'three'])
  })
})

describe('retained messages', () => {
  it('greet a late station, are replaced, and are cleared by an empty payload', async () => {
    const broker = await bench.start()
    const topic = 'vitals/v1/icu/b01/mon-1/last'
    await broker.publish(message(topic, 'old', true))
    await broker.publish(message(topic, 'new', true))
    const station = await bench.client(broker, 'consumer', 'station-icu')
    const arrived = nextMessage(station)
    await station.subscribeAsync('vitals/v1/icu/#', { qos: 1 })
    expect(await arrived).toEqual({ topic, text: 'new', retain: true })
    expect(await retained(broker.messages('vitals/v1/+/+/+/last'))).toEqual([topic])
    await broker.publish(message(topic, '', true))
    expect(await retained(broker.messages('vitals/#'))).toEqual([])
  })

  it('are never made by the retain flag of a client', async () => {
    const broker = await bench.start()
    const device = await bench.client(broker, 'device', 'mon-1')
    await device.publishAsync('ingest/v1/mon-1/numeric', 'x', { qos: 1, retain: true })
    expect(await retained(broker.messages('#'))).toEqual([])
  })
})

/** A PUBLISH at QoS 2 as MQTT 3.1.1, 3.3 writes it, with an empty payload. */
function publishQos2(topic: string, messageId: number, dup: boolean): Buffer {
  const body = Buffer.concat([
    Buffer.from([0, topic.length]),
    Buffer.from(topic),
    Buffer.from([0, messageId]),
  ])
  return Buffer.concat([Buffer.from([dup ? 0x3c : 0x34, body.length]), body])
}

async function next(client: MqttClient, event: 'close' | 'packetreceive' | 'message'): Promise<void> {
  await new Promise<void>((resolve) => {
    client.once(event, () => resolve())
  })
}

describe('the QoS of a delivery', () => {
  it('is what the matching filter was granted, also for retained messages and wildcards', async () => {
    const broker = await bench.start({
      rules: wardRules(async (_identity, received) => ({ instead: received, also: [] })),
    })
    await broker.publish(message('vitals/v1/icu/b01/mon-1/last', 'old', true))
    const station = await bench.client(broker, 'consumer', 'station-icu')
    const seen: [string, number][] = []
    const two = new Promise<void>((resolve) => {
      station.on('message', (topic, _payload, { qos }) => {
        seen.push([topic.split('/').at(-1) ?? '', qos])
        if (seen.length === 2) resolve()
      })
    })
    await station.subscribeAsync('vitals/v1/icu/+/+/last', { qos: 0 })
    await station.subscribeAsync('vitals/v1/icu/+/+/numeric', { qos: 2 })
    await broker.publish(message('vitals/v1/icu/b01/mon-1/numeric', 'new'))
    await two
    expect(seen).toEqual([
      ['last', 0],
      ['numeric', 1],
    ])
  })
})

interface Arrived {
  readonly topic: string
  readonly text: string
  readonly retain: boolean
}

async function nextMessage(client: MqttClient): Promise<Arrived | undefined> {
  return (await messages(client, 1))[0]
}

async function messages(client: MqttClient, count: number): Promise<readonly Arrived[]> {
  const seen: Arrived[] = []
  return new Promise((resolve) => {
    client.on('message', (topic, payload, packet) => {
      seen.push({ topic, text: payload.toString(), retain: packet.retain })
      if (seen.length === count) resolve(seen)
    })
  })
}

async function packets(client: MqttClient, cmd: string, count: number): Promise<void> {
  let left = count
  await new Promise<void>((resolve) => {
    client.on('packetreceive', (packet) => {
      if (packet.cmd === cmd) left -= 1
      if (left === 0) resolve()
    })
  })
}

async function grantedQos(client: MqttClient, filter: string): Promise<number> {
  return new Promise((resolve) => {
    client.once('packetreceive', (packet) => {
      if (packet.cmd === 'suback') resolve(Number(packet.granted[0]))
    })
    client.subscribe(filter, { qos: 1 }, () => undefined)
  })
}

/** Connects again with a durable session; messages that waited arrive before the connection is reported. */
async function lateClient(broker: Awaited<ReturnType<Bench['start']>>, id: string) {
  const texts: string[] = []
  const client = await connectAsync(`mqtts://127.0.0.1:${portOf(broker)}`, {
    ...bench.credentials('consumer', id),
    clientId: id,
    clean: false,
    reconnectPeriod: 0,
    manualConnect: false,
  })
  client.on('message', (_topic, payload) => texts.push(payload.toString()))
  const until = async (count: number): Promise<void> => {
    while (texts.length < count) await next(client, 'message')
  }
  await until(1)
  return { texts, until }
}

async function retained(
  source$: ReturnType<Awaited<ReturnType<Bench['start']>>['messages']>,
): Promise<string[]> {
  const topics: string[] = []
  source$.subscribe(({ topic }) => topics.push(topic)).unsubscribe()
  return topics
}
