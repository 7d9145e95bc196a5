/** The clients of bench:broker, all in one process apart from the brokers. Each question is one measure. */

import { createSecureContext } from 'node:tls'
import type { Material } from './bench-ward.ts'
import { BenchClient, type Target } from './broker-client.ts'
import { percentile } from './statistics.ts'
import { answerParent, cpuMs } from './worker.ts'

const PAYLOAD_BYTES = 300
/** Publications of one device that wait for their acknowledgement. */
const WINDOW = 16
const FILLER = Buffer.alloc(PAYLOAD_BYTES, 0x61)

interface Where {
  readonly port: number
  readonly material: Material
}

export interface Rate {
  readonly acknowledgedPerS: number
  readonly deliveredPerS: number
  readonly clientCpu: number
}

const seconds = (count: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, count * 1000)
  })

function targetOf({ port, material }: Where): Target {
  return { port, context: createSecureContext({ ...material }) }
}

async function connectMany(target: Target, prefix: string, count: number): Promise<BenchClient[]> {
  const clients: BenchClient[] = []
  while (clients.length < count) {
    const group = Array.from({ length: Math.min(20, count - clients.length) }, (_, index) =>
      BenchClient.connect(target, `${prefix}-${clients.length + index}`),
    )
    clients.push(...(await Promise.all(group)))
  }
  return clients
}

/** Every publisher keeps its window full. */
async function saturate(
  detail: Where & { publishers: number; subscribers: number; forS: number },
): Promise<Rate> {
  const target = targetOf(detail)
  const subscribers = await connectMany(target, 'sub', detail.subscribers)
  let deliveredCount = 0
  for (const subscriber of subscribers) {
    subscriber.handlers.publish = () => {
      deliveredCount += 1
    }
    await subscriber.subscribe('bench/#', 1)
  }
  const publishers = await connectMany(target, 'pub', detail.publishers)
  let acknowledgedCount = 0
  const payloads = Array.from({ length: WINDOW }, () => FILLER)
  for (const [index, publisher] of publishers.entries()) {
    const topic = `bench/device-${index}/numeric`
    publisher.handlers.pubacks = (count) => {
      acknowledgedCount += count
      publisher.publish(topic, 1, payloads.slice(0, count))
    }
    publisher.publish(topic, 1, payloads)
  }
  await seconds(0.5)
  const [startedAtMs, ackedBefore, deliveredBefore, cpuBefore] = [
    performance.now(),
    acknowledgedCount,
    deliveredCount,
    cpuMs(),
  ]
  await seconds(detail.forS)
  const tookS = (performance.now() - startedAtMs) / 1000
  const rate = {
    acknowledgedPerS: (acknowledgedCount - ackedBefore) / tookS,
    deliveredPerS: (deliveredCount - deliveredBefore) / tookS,
    clientCpu: (cpuMs() - cpuBefore) / (tookS * 1000),
  }
  // A bare Aedes whose subscriber leaves under this load ends by a stack overflow: what is on its way goes out first.
  for (const publisher of publishers) publisher.handlers.pubacks = () => undefined
  for (let before = -1; before !== deliveredCount;) {
    before = deliveredCount
    await seconds(0.3)
  }
  for (const publisher of publishers) publisher.end()
  await seconds(0.2)
  for (const subscriber of subscribers) subscriber.end()
  await seconds(0.1)
  return rate
}

/** 200 devices once a second at QoS 1, 40 of them also a waveform block four times a second at QoS 0; 20 subscribers. */
async function designLoad(detail: Where & { forS: number }) {
  const target = targetOf(detail)
  const devices = await connectMany(target, 'dev', 200)
  const subscribers = await connectMany(target, 'sub', 20)
  const latenciesMs: number[] = []
  let isMeasuring = false
  for (const subscriber of subscribers) {
    subscriber.handlers.publish = (payload) => {
      if (isMeasuring) latenciesMs.push(performance.now() - payload.readDoubleBE(0))
    }
    await subscriber.subscribe('bench/#', 1)
  }
  const startedAtMs = performance.now()
  let sentCount = 0
  // What is due is sent at its own moment, spread over the second, whatever the broker does.
  const due = [
    ...devices.map((device, index) => ({ device, qos: 1 as const, everyMs: 1000, atMs: index * 5 })),
    ...devices
      .slice(0, 40)
      .map((device, index) => ({ device, qos: 0 as const, everyMs: 250, atMs: index * 6.25 })),
  ]
  const timer = setInterval(() => {
    const nowMs = performance.now() - startedAtMs
    for (const [index, row] of due.entries())
      while (row.atMs <= nowMs) {
        const payload = Buffer.from(FILLER)
        payload.writeDoubleBE(performance.now(), 0)
        row.device.publish(`bench/${index}/${row.qos === 1 ? 'numeric' : 'waveform/ecg'}`, row.qos, [payload])
        row.atMs += row.everyMs
        sentCount += 1
      }
  }, 1)
  await seconds(1)
  isMeasuring = true
  const sentBefore = sentCount
  await seconds(detail.forS)
  clearInterval(timer)
  const expected = (sentCount - sentBefore) * subscribers.length
  await seconds(0.5)
  for (const client of [...devices, ...subscribers]) client.end()
  return {
    p50: percentile(latenciesMs, 0.5),
    p99: percentile(latenciesMs, 0.99),
    p999: percentile(latenciesMs, 0.999),
    arrivedShare: latenciesMs.length / expected,
  }
}

/** One of two subscribers stops reading, unless none is to; the other says how long it was left without anything. */
async function frozen(detail: Where & { frozenCount: 0 | 1; forS: number }) {
  const target = targetOf(detail)
  const [stuck, healthy] = await connectMany(target, 'sub', 2)
  const publishers = await connectMany(target, 'pub', 20)
  if (stuck === undefined || healthy === undefined) throw new Error('not connected')
  await stuck.subscribe('bench/#', 1)
  await healthy.subscribe('bench/#', 1)
  let longestGapMs = 0
  let lastAtMs = performance.now()
  let arrivedCount = 0
  healthy.handlers.publish = () => {
    const nowMs = performance.now()
    longestGapMs = Math.max(longestGapMs, nowMs - lastAtMs)
    lastAtMs = nowMs
    arrivedCount += 1
  }
  if (detail.frozenCount === 1) stuck.socket.pause()
  // 10,000 messages of 1 KB a second: what the frozen one leaves unread fills the buffers of the kernel within a second.
  const payload = Buffer.alloc(1024, 0x62)
  let sentCount = 0
  const timer = setInterval(() => {
    for (const [index, publisher] of publishers.entries())
      publisher.publish(`bench/device-${index}/numeric`, 1, [payload, payload, payload, payload, payload])
    sentCount += publishers.length * 5
  }, 10)
  await seconds(detail.forS)
  clearInterval(timer)
  longestGapMs = Math.max(longestGapMs, performance.now() - lastAtMs)
  await seconds(1)
  for (const client of [stuck, healthy, ...publishers]) client.end()
  return { longestGapMs, arrivedShare: arrivedCount / sentCount }
}

/** One device, one message at a time. */
async function pubackLatency(detail: Where & { count: number }): Promise<number> {
  const device = await BenchClient.connect(targetOf(detail), 'dev-low')
  const tookMs: number[] = []
  for (let n = 0; n < detail.count; n += 1) {
    const startedAtMs = performance.now()
    await new Promise<void>((resolve) => {
      device.handlers.pubacks = () => resolve()
      device.publish('bench/low/numeric', 1, [FILLER])
    })
    tookMs.push(performance.now() - startedAtMs)
    await seconds(0.004)
  }
  device.end()
  return percentile(tookMs, 0.5)
}

async function connectTime(detail: Where & { count: number }): Promise<number> {
  const target = targetOf(detail)
  const tookMs: number[] = []
  for (let n = 0; n < detail.count; n += 1) {
    const client = await BenchClient.connect(target, `con-${n}`)
    tookMs.push(client.connectedAfterMs)
    client.end()
    await seconds(0.005)
  }
  return percentile(tookMs, 0.5)
}

let idle: BenchClient[] = []

answerParent({
  saturate,
  designLoad,
  frozen,
  pubackLatency,
  connectTime,
  async openIdle(detail: Where & { count: number; prefix: string }) {
    idle.push(...(await connectMany(targetOf(detail), detail.prefix, detail.count)))
  },
  closeIdle() {
    for (const client of idle) client.end()
    idle = []
  },
})
