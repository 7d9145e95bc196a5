/** A subscriber that does not read, over real mutual TLS on loopback: what it costs, and whom. Order is told by events. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { MqttClient } from 'mqtt'
import type { Broker } from '../../gateway/broker/aedes-broker.ts'
import { systemClock, type Clock } from '../../gateway/clock.ts'
import type { OutboundMessage } from '../../gateway/ports.ts'
import { createBench, portOf, RawClient, type Bench } from '../support/broker-bench.ts'

let bench: Bench
beforeAll(() => {
  bench = createBench()
})
afterEach(async () => {
  await bench.reset()
})
afterAll(() => bench.remove())

const NUMERIC = 'vitals/v1/icu/b01/mon-1/numeric'
const WAVEFORM = 'vitals/v1/icu/b01/mon-1/waveform/ecg'
const OUTGOING_BYTES = 128 * 1024
const MESSAGE_BYTES = 16 * 1024
/** More than every buffer of the kernel takes. */
const MOST_MESSAGES = 4_000

const numbered = (n: number, topic: string, qos: 0 | 1): OutboundMessage => ({
  topic,
  payload: Buffer.concat([Buffer.from(`${n};`), Buffer.alloc(MESSAGE_BYTES, 'x')]),
  qos,
  retain: false,
})

const numberOf = (payload: Buffer): number => Number(payload.subarray(0, payload.indexOf(';')).toString())

describe('a subscriber that stops reading', () => {
  it('costs nobody else a message or its turn, is parted with at its quota, and its memory is bounded', async () => {
    const broker = await bench.start({ limits: { outgoingBytes: OUTGOING_BYTES } })
    const frozen = await frozenSubscriber(broker, { isClean: true, qos: 1 })
    const { healthy, arrived } = await healthySubscriber(broker)
    const sentCount = await publishUntil(broker, healthy, 1, () => isPartedWith())
    expect(arrived.map(numberOf)).toEqual(Array.from({ length: sentCount }, (_, n) => n))
    const [parted] = bench.events.named('slow-subscriber')
    expect(parted?.detail).toMatchObject({ id: 'station-icu', reason: 'too-much', queue: 'none' })
    // The quota, and the message that went beyond it.
    expect(Number(parted?.detail['waitingBytes'])).toBeLessThan(OUTGOING_BYTES + MESSAGE_BYTES + 100)
    expect(bench.events.named('slow-subscriber')).toHaveLength(1)
    while (broker.connectionCount > 1) await new Promise(setImmediate)
    frozen.socket.destroy()
  })

  it('with a durable session finds there what it has not acknowledged, in order and without a gap', async () => {
    const broker = await bench.start({ limits: { outgoingBytes: OUTGOING_BYTES } })
    const frozen = await frozenSubscriber(broker, { isClean: false, qos: 1 })
    const { healthy } = await healthySubscriber(broker)
    const sentCount = await publishUntil(broker, healthy, 1, () => isPartedWith())
    expect(bench.events.named('slow-subscriber')[0]?.detail).toMatchObject({ queue: 'kept' })
    frozen.socket.destroy()
    for (let n = sentCount; n < sentCount + 3; n += 1) await broker.publish(numbered(n, NUMERIC, 1))
    const came: number[] = []
    const back = await bench.client(broker, 'consumer', 'station-icu', { clean: false })
    await new Promise<void>((resolve) => {
      back.on('message', (_topic, payload) => {
        if (came.push(numberOf(payload)) === sentCount + 3) resolve()
      })
    })
    expect(came).toEqual(Array.from({ length: sentCount + 3 }, (_, n) => n))
  })

  it('is left out of QoS 0 at once, is not parted with for it, and the others get all of it', async () => {
    const broker = await bench.start({ limits: { outgoingBytes: OUTGOING_BYTES } })
    const frozen = await frozenSubscriber(broker, { isClean: true, qos: 0 })
    const { healthy, arrived } = await healthySubscriber(broker)
    const sentCount = await publishUntil(
      broker,
      healthy,
      0,
      () => (bench.counters.counts.get('dropped_total') ?? 0) >= 50,
    )
    expect(arrived.map(numberOf)).toEqual(Array.from({ length: sentCount }, (_, n) => n))
    expect(bench.events.named('slow-subscriber')).toEqual([])
    expect(broker.connectionCount).toBe(2)
    frozen.socket.destroy()
  })

  it('is parted with when nothing has left for too long, however little waits and though nothing more comes', async () => {
    const clock = new MovedClock()
    const broker = await bench.start({ clock })
    const frozen = await frozenSubscriber(broker, { isClean: true, qos: 0 })
    const { healthy } = await healthySubscriber(broker)
    await publishUntil(broker, healthy, 0, () => (bench.counters.counts.get('dropped_total') ?? 0) > 0)
    clock.move(4_000)
    expect(bench.events.named('slow-subscriber')).toEqual([])
    clock.move(2_000)
    expect(await bench.events.first('slow-subscriber')).toMatchObject({
      id: 'station-icu',
      reason: 'too-long',
    })
    while (broker.connectionCount > 1) await new Promise(setImmediate)
    frozen.socket.destroy()
  })
})

describe('a gateway that cannot keep up', () => {
  it('leaves out waveforms, delivers numerics, and gives waveforms back', async () => {
    const clock = new MovedClock()
    let delayMs = 0
    const broker = await bench.start({ clock, loopDelay: { takeMs: () => delayMs, stop: () => undefined } })
    const { healthy, topics } = await healthySubscriber(broker)
    const round = async (n: number): Promise<void> => {
      await broker.publish(numbered(n, WAVEFORM, 0))
      const came = nextMessage(healthy, NUMERIC)
      await broker.publish(numbered(n, NUMERIC, 1))
      await came
    }
    await round(0)
    delayMs = 150
    clock.move(500)
    await round(1)
    expect(await bench.events.first('overload')).toMatchObject({ phase: 'begin', leavingOut: 'waveforms' })
    delayMs = 0
    for (let look = 0; look < 5; look += 1) clock.move(500)
    await round(2)
    expect(topics).toEqual([WAVEFORM, NUMERIC, NUMERIC, WAVEFORM, NUMERIC])
    expect(bench.events.named('overload').at(-1)?.detail).toMatchObject({ phase: 'end', waveformsLeftOut: 1 })
  })
})

/** The clock of the machine, whose repeated tasks run when a test moves it. */
class MovedClock implements Clock {
  #movedMs = 0
  readonly #tasks: { readonly periodMs: number; readonly task: () => void; nextAtMs: number }[] = []

  nowMs(): number {
    return systemClock.nowMs() + this.#movedMs
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.#movedMs
  }

  after(delayMs: number, task: () => void): () => void {
    return systemClock.after(delayMs, task)
  }

  every(periodMs: number, task: () => void): () => void {
    const entry = { periodMs, task, nextAtMs: this.#movedMs + periodMs }
    this.#tasks.push(entry)
    return () => void this.#tasks.splice(this.#tasks.indexOf(entry), 1)
  }

  move(byMs: number): void {
    this.#movedMs += byMs
    for (const entry of this.#tasks)
      if (entry.nextAtMs <= this.#movedMs) {
        entry.nextAtMs = this.#movedMs + entry.periodMs
        entry.task()
      }
  }
}

const isPartedWith = (): boolean => bench.events.named('slow-subscriber').length > 0

/** Publishes one message after the other, each when the healthy subscriber has the one before. */
async function publishUntil(
  broker: Broker,
  healthy: MqttClient,
  qos: 0 | 1,
  isEnough: () => boolean,
): Promise<number> {
  let sentCount = 0
  while (!isEnough() && sentCount < MOST_MESSAGES) {
    const topic = qos === 0 ? WAVEFORM : NUMERIC
    const came = nextMessage(healthy, topic)
    await broker.publish(numbered(sentCount, topic, qos))
    await came
    sentCount += 1
  }
  return sentCount
}

async function nextMessage(client: MqttClient, topic: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const take = (found: string): void => {
      if (found !== topic) return
      client.off('message', take)
      resolve()
    }
    client.on('message', take)
  })
}

async function healthySubscriber(broker: Broker) {
  const healthy = await bench.client(broker, 'operator', 'engineer')
  const arrived: Buffer[] = []
  const topics: string[] = []
  healthy.on('message', (topic, payload) => {
    topics.push(topic)
    arrived.push(payload)
  })
  await healthy.subscribeAsync('vitals/v1/#', { qos: 1 })
  return { healthy, arrived, topics }
}

async function frozenSubscriber(
  broker: Broker,
  { isClean, qos }: { readonly isClean: boolean; readonly qos: 0 | 1 },
): Promise<RawClient> {
  const client = new RawClient(portOf(broker), bench.credentials('consumer', 'station-icu'))
  client.socket.write(connectPacket('station-icu', isClean))
  await client.receive(4)
  client.socket.write(packet(0x82, Buffer.concat([Buffer.of(0, 1), text('vitals/v1/icu/#'), Buffer.of(qos)])))
  await client.receive(4 + 5)
  client.socket.pause()
  return client
}

function connectPacket(id: string, isClean: boolean): Buffer {
  return packet(0x10, Buffer.concat([text('MQTT'), Buffer.of(4, isClean ? 2 : 0, 0, 60), text(id)]))
}

function packet(header: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(header, body.length), body])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.of(0, bytes.length), bytes])
}
