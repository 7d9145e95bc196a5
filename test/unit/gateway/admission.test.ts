import { EMPTY } from 'rxjs'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { type Admission, createAdmission } from '../../../gateway/admission.ts'
import { inventoryOf } from '../../../gateway/inventory/inventory-file.ts'
import type { CounterName, Identity, OutboundMessage } from '../../../gateway/ports.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { BASAL, ingestSet, OXIMETER, payloadOf, SPO2 } from '../../support/sets.ts'

const box: Identity = { role: 'bedside', id: 'box-1', fingerprint: '00', notAfterMs: 0 }

let clock: FakeClock
let admission: Admission
let counted: string[]

beforeEach(() => {
  clock = new FakeClock()
  counted = []
  admission = createAdmission({
    gateway: 'gw-1',
    software: 'wardgate@test',
    inventory: inventoryOf([OXIMETER, { ...OXIMETER, id: 'ox-2', bed: 'b02', bedside: 'box-2' }]),
    protocolById: () => undefined,
    clock,
    counters: {
      count: (name: CounterName, labels = {}) => counted.push([name, ...Object.values(labels)].join(' ')),
      observeLatencyMs: () => undefined,
    },
  })
})

function ingest(kind: string, message: unknown, device = 'ox-1'): OutboundMessage {
  const payload = Buffer.isBuffer(message) ? message : payloadOf(message)
  return { topic: `ingest/v1/${device}/${kind}`, payload, qos: 1, retain: false }
}

const body = (message: OutboundMessage | undefined): unknown =>
  JSON.parse(message?.payload.toString() ?? 'null')

describe('admission', () => {
  it('puts an accepted set on the trusted topic of its bed, not retained', async () => {
    const { instead } = await admission.admit(ingest('numeric', ingestSet()))
    expect(instead).toMatchObject({ topic: 'vitals/v1/icu/b01/ox-1/numeric', qos: 1, retain: false })
    expect(body(instead)).toMatchObject({
      device: 'ox-1',
      bed: 'b01',
      metrics: [{ value: 97 }, { value: 72 }],
    })
    expect(counted).toContain('observation_sets_total numeric')
  })

  it('diverts an impossible metric and lets the rest of its set through', async () => {
    const { instead, also } = await admission.admit(
      ingest('numeric', ingestSet({ metrics: [SPO2, { ...BASAL, value: 1335 }] })),
    )
    expect(body(instead)).toMatchObject({ metrics: [{ value: 97 }] })
    const rejected = also.find((message) => message.topic === 'ops/v1/gw-1/rejected/ox-1')
    expect(body(rejected)).toMatchObject({ rule: 'out-of-possible-range', metric: { value: 1335 } })
    expect(counted).toContain('quarantined_total out-of-possible-range')
  })

  it('diverts what is not JSON with its bytes', async () => {
    const { instead, also } = await admission.admit(ingest('numeric', Buffer.from('HR=72')))
    expect(instead?.topic).toBe('ops/v1/gw-1/rejected/ox-1')
    expect(body(instead)).toMatchObject({
      rule: 'not-json',
      payload: Buffer.from('HR=72').toString('base64'),
    })
    expect(also).toEqual([])
  })

  it('publishes late arrivals as history and does not make them current', async () => {
    const { instead, also } = await admission.admit(
      ingest('numeric', ingestSet({ t: '2026-09-20T10:00:00.000Z' })),
    )
    expect(instead?.topic).toBe('vitals/v1/icu/b01/ox-1/history')
    expect(also).toEqual([])
  })

  it('lets nothing go on for a device that is not in the inventory', async () => {
    expect(await admission.admit(ingest('numeric', ingestSet({ device: 'ox-9' }), 'ox-9'))).toEqual({
      instead: undefined,
      also: [],
      isRefused: true,
    })
    expect(
      await admission.admit({ ...ingest('numeric', ingestSet()), topic: 'vitals/v1/icu/b01/ox-1/numeric' }),
    ).toEqual({
      instead: undefined,
      also: [],
      isRefused: true,
    })
  })

  it('turns a line that is down into a lost device', async () => {
    const down = { v: 1, device: 'ox-1', line: 'down', t: '2026-09-20T10:15:00.000Z', reason: 'silent' }
    const { instead } = await admission.admit(ingest('state', down))
    expect(instead).toMatchObject({ topic: 'vitals/v1/icu/b01/ox-1/state', retain: true })
    expect(body(instead)).toMatchObject({ state: 'lost', reason: 'silent' })
  })

  it('shows a line whose bytes nobody understands as lost, until it is understood', async () => {
    const t = '2026-09-20T10:15:00.000Z'
    const state = (reason: string): object => ({ v: 1, device: 'ox-1', line: 'up', t, reason })
    const { instead } = await admission.admit(ingest('state', state('not-understood')))
    expect(body(instead)).toMatchObject({ state: 'lost', reason: 'not-understood' })
    const again = await admission.admit(ingest('state', state('opened')))
    expect(body(again.instead)).not.toMatchObject({ state: 'lost' })
  })

  it('refuses a state that speaks of another device', async () => {
    const down = { v: 1, device: 'ox-2', line: 'down', t: '2026-09-20T10:15:00.000Z', reason: 'silent' }
    const { instead } = await admission.admit(ingest('state', down))
    expect(body(instead)).toMatchObject({ rule: 'device-mismatch' })
  })

  it('loses exactly the devices behind a bedside part that goes offline', () => {
    expect(admission.session(box, 'online')).toEqual([])
    expect(admission.session(box, 'offline').map(({ topic }) => topic)).toEqual([
      'vitals/v1/icu/b01/ox-1/state',
    ])
  })

  it('announces every device at the start and gives values up in time by itself', async () => {
    const published: OutboundMessage[] = []
    const publisher = {
      publish: (message: OutboundMessage) => {
        published.push(message)
        return Promise.resolve()
      },
      messages: () => EMPTY,
    }
    const stop = await admission.start(publisher, () => undefined)
    expect(published.map(({ topic }) => topic)).toContain('vitals/v1/icu/b02/ox-2/birth')
    await admission.admit(ingest('numeric', ingestSet()))
    published.length = 0
    clock.advance(6_250)
    await Promise.resolve()
    expect(published.some(({ topic }) => topic.endsWith('/state'))).toBe(true)
    stop()
    expect(clock.pendingCount).toBe(0)
  })

  it('clears the topics of the old bed when a device is moved', async () => {
    await admission.admit(ingest('numeric', ingestSet()))
    const moved = { ...OXIMETER, bed: 'b07', assoc: 'c0de' }
    const messages = admission.replaceInventory(inventoryOf([moved]))
    const cleared = messages.filter(({ payload }) => payload.length === 0).map(({ topic }) => topic)
    expect(cleared).toContain('vitals/v1/icu/b01/ox-1/last')
    expect(messages.map(({ topic }) => topic)).toContain('vitals/v1/icu/b07/ox-1/birth')
    const { instead } = await admission.admit(ingest('numeric', ingestSet()))
    expect(instead?.topic).toBe('vitals/v1/icu/b07/ox-1/numeric')
  })
})
