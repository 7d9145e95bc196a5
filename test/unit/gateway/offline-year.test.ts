import { describe, expect, it } from '@jest/globals'
import { Subject } from 'rxjs'
import { createAdmission } from '../../../gateway/admission.ts'
import { inventoryOf } from '../../../gateway/inventory/inventory-file.ts'
import { silentLog } from '../../../gateway/log.ts'
import { startDelivery } from '../../../gateway/outbox/deliver.ts'
import { createMemoryOutbox } from '../../../gateway/outbox/memory-outbox.ts'
import type { OutboundMessage } from '../../../gateway/ports.ts'
import { createRelay } from '../../../gateway/stages/relay.ts'
import { createBridge } from '../../../gateway/uplink/bridge.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { fakeProtocol } from '../../support/fake-device.ts'
import { FakeMessageLink, settled } from '../../support/fake-message-link.ts'
import { RecordingCounters, RecordingEvents } from '../../support/recording-sinks.ts'
import { OXIMETER } from '../../support/sets.ts'
import { METRICS } from '../../../devices/metrics.ts'

const HOUR_MS = 3_600_000
const DAYS = 400
const LIMIT = 900

function parse({ payload }: OutboundMessage) {
  return JSON.parse(payload.toString())
}

describe('a bedside part without its broker for four hundred days', () => {
  const clock = new FakeClock()
  const startedAtMs = clock.nowMs()
  const events = new RecordingEvents()
  const counters = new RecordingCounters()
  const outbox = createMemoryOutbox({ limitPerDevice: LIMIT, events, counters })
  const messageLink = new FakeMessageLink()
  const delivery = startDelivery({ outbox, messageLink, clock, log: silentLog })
  const relay = createRelay({
    device: OXIMETER.id,
    protocol: fakeProtocol(),
    linkName: 'serial',
    bootId: 'b19',
    check: (set) => set,
    onRefused: () => undefined,
  })
  let mostPending = 0

  function put(relayed: ReturnType<typeof relay.refresh>): void {
    for (const one of relayed) outbox.put(one)
  }

  it('keeps running within its bounds, a reading an hour and one alert that lasts all the time', () => {
    messageLink.break()
    const alert = { code: 'SPO2_LOW', priority: 'high', source: 'patient', text: 'SpO2 LOW' } as const
    put(relay.take({ kind: 'alert', phase: 'present', flags: [], ...alert }, clock.nowMs()))
    for (let hour = 0; hour < DAYS * 24; hour += 1) {
      clock.advance(HOUR_MS)
      const numerics = [
        { metric: METRICS.MDC_PULS_OXIM_SAT_O2, value: 90 + (hour % 9), quality: 'valid' },
      ] as const
      put(relay.take({ kind: 'observation', numerics }, clock.nowMs()))
      put(relay.refresh(clock.nowMs()))
      mostPending = Math.max(mostPending, outbox.pendingCount)
    }
    expect(mostPending).toBe(LIMIT)
    expect(clock.nowMs() - startedAtMs).toBe(DAYS * 24 * HOUR_MS)
  })

  it('delivers the newest readings in order, each with the time at which it was measured', async () => {
    clock.advance(1_000)
    messageLink.restore()
    for (let turn = 0; turn < LIMIT; turn += 1) await settled()
    expect(outbox.pendingCount).toBe(0)
    const sets = messageLink.acknowledged.filter(({ topic }) => topic.endsWith('/numeric')).map(parse)
    const last = DAYS * 24
    expect(sets.map(({ seq }) => seq)).toEqual(
      Array.from({ length: sets.length }, (_, index) => last - sets.length + 1 + index),
    )
    for (const { seq, t } of sets) expect(Date.parse(t)).toBe(startedAtMs + seq * HOUR_MS)
    expect(sets.length).toBeGreaterThanOrEqual(LIMIT - 2)
  })

  it('accounts for every reading: delivered, or counted and told as dropped', () => {
    const sets = messageLink.acknowledged.filter(({ topic }) => topic.endsWith('/numeric'))
    expect(sets.length + (counters.totals['dropped_total outbox'] ?? 0)).toBe(DAYS * 24)
    expect(events.named('outbox-overflow')).toHaveLength(1)
    expect(events.named('outbox-recovered')).toEqual([
      { device: OXIMETER.id, dropped: counters.totals['dropped_total outbox'] },
    ])
  })

  it('has not lost the alert, and tells it once and as of the last hour', () => {
    const alerts = messageLink.acknowledged.filter(({ topic }) => topic.endsWith('/alert')).map(parse)
    expect(alerts.map(({ refresh = false }) => refresh)).toEqual([false, true])
    expect(Date.parse(alerts[1].t)).toBe(startedAtMs + DAYS * 24 * HOUR_MS)
  })

  it('shows to the ward only the newest as now, and all the others as history', async () => {
    const admission = createAdmission({
      gateway: 'gw-1',
      software: 'x',
      inventory: inventoryOf([OXIMETER]),
      protocolById: () => undefined,
      clock,
      counters: new RecordingCounters(),
    })
    const leaves: string[] = []
    for (const message of messageLink.acknowledged) {
      const { instead } = await admission.admit(message)
      const leaf = instead?.topic.split('/').at(-1)
      if (leaf === 'numeric' || leaf === 'history') leaves.push(leaf)
    }
    expect(leaves.slice(0, -1).every((leaf) => leaf === 'history')).toBe(true)
    expect(leaves.at(-1)).toBe('numeric')
  })

  it('leaves no timer behind', () => {
    delivery.stop()
    expect(clock.pendingCount).toBe(0)
  })
})

it('a ward gives up its values in time, and says since when, also when nothing came for four hundred days', async () => {
  const clock = new FakeClock()
  const admission = createAdmission({
    gateway: 'gw-1',
    software: 'x',
    inventory: inventoryOf([OXIMETER]),
    protocolById: () => undefined,
    clock,
    counters: new RecordingCounters(),
  })
  const relay = createRelay({
    device: OXIMETER.id,
    protocol: fakeProtocol(),
    linkName: 'serial',
    bootId: 'b19',
    check: (set) => set,
    onRefused: () => undefined,
  })
  const published: OutboundMessage[] = []
  const publisher = {
    publish: async (message: OutboundMessage) => void published.push(message),
    messages: () => new Subject<OutboundMessage>(),
  }
  const stop = await admission.start(publisher, (error) => {
    throw error
  })
  const numerics = [{ metric: METRICS.MDC_PULS_OXIM_SAT_O2, value: 97, quality: 'valid' }] as const
  for (const { message } of relay.take({ kind: 'observation', numerics }, clock.nowMs())) {
    const { instead, also } = await admission.admit(message)
    published.push(...(instead === undefined ? [] : [instead]), ...also)
  }
  const gaveUpAtMs = clock.nowMs() + 3_000
  clock.advance(5_000)
  // The ticks of a year tell nothing new: time passes between two of them.
  clock.step(DAYS * 24 * HOUR_MS)
  clock.advance(5_000)
  await settled()
  const states = published.filter(({ topic }) => topic.endsWith('/state')).map(parse)
  expect(states.map(({ state }) => state)).toEqual(['init', 'ready', 'stale'])
  expect(Date.parse(states[2].since) - gaveUpAtMs).toBeLessThanOrEqual(250)
  expect(published.findLast(({ topic }) => topic.endsWith('/last'))?.payload).toHaveLength(0)
  stop()
})

it('an uplink that is away for four hundred days gets every reading of an hour, in order, and no alert is lost', async () => {
  const clock = new FakeClock()
  const messageLink = new FakeMessageLink()
  const source = new Subject<OutboundMessage>()
  const counters = new RecordingCounters()
  const events = new RecordingEvents()
  const bridge = createBridge({
    id: 'hospital',
    publisher: { messages: () => source },
    link: messageLink,
    topics: ['vitals/v1/#'],
    clock,
    log: silentLog,
    counters,
    events,
  })
  messageLink.break()
  const topic = 'vitals/v1/icu/b01/ox-1'
  const alert = {
    topic: `${topic}/alert/spo2-low`,
    payload: Buffer.from('{}'),
    qos: 1,
    retain: true,
  } as const
  source.next(alert)
  for (let hour = 0; hour < DAYS * 24; hour += 1) {
    clock.advance(HOUR_MS)
    source.next({ topic: `${topic}/numeric`, payload: Buffer.from(String(hour)), qos: 1, retain: false })
  }
  messageLink.restore()
  for (let turn = 0; turn < 400; turn += 1) await settled()
  const [first, ...others] = messageLink.acknowledged
  expect(first).toEqual(alert)
  expect(others.map(({ payload }) => Number(payload))).toEqual(
    Array.from({ length: DAYS * 24 }, (_, hour) => hour),
  )
  expect(counters.totals['dropped_total uplink']).toBeUndefined()
  expect(events.named('uplink-overflow')).toEqual([])
  await bridge.close()
  expect(clock.pendingCount).toBe(0)
})
