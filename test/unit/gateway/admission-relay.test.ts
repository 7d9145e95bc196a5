import { beforeEach, describe, expect, it } from '@jest/globals'
import { EMPTY } from 'rxjs'
import { type Admission, createAdmission } from '../../../gateway/admission.ts'
import { inventoryOf } from '../../../gateway/inventory/inventory-file.ts'
import type { Admitted, Identity, OutboundMessage } from '../../../gateway/ports.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { RecordingCounters } from '../../support/recording-sinks.ts'
import { ingestAlert, ingestWaveform } from '../../support/relayed.ts'
import { ingestSet, OXIMETER, payloadOf } from '../../support/sets.ts'

const box: Identity = { role: 'bedside', id: 'box-1', fingerprint: '00', notAfterMs: 0 }

let clock: FakeClock
let counters: RecordingCounters
let admission: Admission

beforeEach(() => {
  clock = new FakeClock()
  counters = new RecordingCounters()
  const inventory = inventoryOf([OXIMETER])
  const protocolById = (): undefined => undefined
  admission = createAdmission({ gateway: 'gw-1', software: 'x', inventory, protocolById, clock, counters })
})

function publish(kind: string, content: unknown): Promise<Admitted> {
  const payload = Buffer.isBuffer(content) ? content : payloadOf(content)
  return admission.admit({ topic: `ingest/v1/ox-1/${kind}`, payload, qos: 1, retain: false })
}

function shown({ topic, payload, qos, retain }: OutboundMessage) {
  const content: unknown = payload.length === 0 ? 'cleared' : JSON.parse(payload.toString())
  return { topic, qos, retain, content }
}

const all = ({ instead, also }: Admitted) => [...(instead === undefined ? [] : [instead]), ...also].map(shown)

describe('waveforms at the gateway', () => {
  it('go to the topic of their channel, unretained and at QoS 0', async () => {
    expect(all(await publish('waveform', ingestWaveform()))).toMatchObject([
      {
        topic: 'vitals/v1/icu/b01/ox-1/waveform/pleth',
        qos: 0,
        retain: false,
        content: { seq: 1, bed: 'b01' },
      },
    ])
    expect(counters.totals).toEqual({ waveform_blocks_total: 1 })
  })

  it('are diverted with the rule they break, and nothing else', async () => {
    const bad = { ...ingestWaveform(), ref: 'MDC_ECG_ELEC_POTL_II' }
    expect(all(await publish('waveform', bad))).toMatchObject([
      { topic: 'ops/v1/gw-1/rejected/ox-1', content: { rule: 'unknown-wave', seq: 1 } },
    ])
    expect(all(await publish('waveform', Buffer.from([0xff, 0x00])))).toMatchObject([
      { topic: 'ops/v1/gw-1/rejected/ox-1', content: { rule: 'not-json' } },
    ])
    expect(counters.totals).toEqual({ 'quarantined_total unknown-wave': 1, 'quarantined_total not-json': 1 })
  })

  it('that come too late are counted and shown to nobody', async () => {
    clock.advance(60_000)
    expect(all(await publish('waveform', ingestWaveform()))).toEqual([])
    expect(counters.totals).toEqual({ 'dropped_total waveform-late': 1 })
  })

  it('have a bounded number of channels, of which those long silent make room', async () => {
    const channel = (name: string) =>
      publish('waveform', ingestWaveform({ channel: name, t: new Date(clock.nowMs() - 400).toISOString() }))
    for (let index = 0; index < 32; index++) await channel(`c${index}`)
    expect(all(await channel('one-more'))).toMatchObject([{ content: { rule: 'too-many-channels' } }])
    expect(all(await channel('c7'))).toMatchObject([{ content: { channel: 'c7' } }])
    clock.advance(600_000)
    expect(all(await channel('one-more'))).toMatchObject([{ content: { channel: 'one-more' } }])
  })
})

describe('alerts at the gateway', () => {
  it('are retained while present, and end as an event before they are cleared', async () => {
    const topic = 'vitals/v1/icu/b01/ox-1/alert/spo2-low'
    expect(all(await publish('alert', ingestAlert()))).toMatchObject([
      { topic, qos: 1, retain: true, content: { phase: 'present', text: '** SpO2 LOW' } },
    ])
    expect(all(await publish('alert', ingestAlert({ phase: 'ended', seq: 2 })))).toMatchObject([
      { topic, qos: 1, retain: false, content: { phase: 'ended' } },
      { topic, qos: 1, retain: true, content: 'cleared' },
    ])
    expect(counters.totals).toEqual({ 'alerts_total present': 1, 'alerts_total ended': 1 })
  })

  it('become unknown when the bedside part loses its session, with the reason', async () => {
    await publish('alert', ingestAlert())
    expect(admission.session(box, 'offline').map(shown)).toMatchObject([
      { topic: 'vitals/v1/icu/b01/ox-1/state', content: { state: 'lost' } },
      {
        topic: 'vitals/v1/icu/b01/ox-1/alert/spo2-low',
        retain: true,
        content: { phase: 'unknown', reason: 'the bedside part has no session with the gateway' },
      },
    ])
  })

  it('become unknown when the line is down, and end unconfirmed after the device delivers again', async () => {
    const down = { v: 1, device: 'ox-1', line: 'down', t: '2026-09-20T10:15:00.000Z', reason: 'silent' }
    await publish('alert', ingestAlert())
    expect(all(await publish('state', down))).toMatchObject([
      { content: { state: 'lost' } },
      { content: { phase: 'unknown', reason: 'silent' } },
    ])
    const published: OutboundMessage[] = []
    const publisher = {
      publish: async (message: OutboundMessage) => void published.push(message),
      messages: () => EMPTY,
    }
    const stop = await admission.start(publisher, () => undefined)
    await publish('state', { ...down, line: 'up', reason: 'opened' })
    clock.advance(120_000)
    expect(published.some(({ topic }) => topic.includes('/alert/'))).toBe(false)
    await publish('numeric', ingestSet({ t: new Date(clock.nowMs()).toISOString() }))
    clock.advance(61_000)
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    expect(published.filter(({ topic }) => topic.includes('/alert/')).map(shown)).toMatchObject([
      { retain: false, content: { phase: 'ended', reason: 'unconfirmed' } },
      { retain: true, content: 'cleared' },
    ])
    stop()
  })

  it('wait for a device that delivers, not for waveforms that were sent before the line was lost', async () => {
    const at = (): string => new Date(clock.nowMs() - 400).toISOString()
    const down = { v: 1, device: 'ox-1', line: 'down', t: at(), reason: 'silent' }
    await publish('alert', ingestAlert())
    await publish('state', down)
    const published: OutboundMessage[] = []
    const publish$ = { publish: async (message: OutboundMessage) => void published.push(message) }
    const stop = await admission.start({ ...publish$, messages: () => EMPTY }, () => undefined)
    const pass = async (ms: number): Promise<readonly string[]> => {
      clock.advance(ms)
      for (let turn = 0; turn < 20; turn++) await Promise.resolve()
      return published.filter(({ topic }) => topic.includes('/alert/')).map(({ topic }) => topic)
    }
    await publish('waveform', ingestWaveform({ t: at() }))
    expect(await pass(120_000)).toEqual([])
    await publish('state', { ...down, line: 'up' })
    await publish('waveform', ingestWaveform({ t: at() }))
    expect(await pass(61_000)).toHaveLength(2)
    stop()
  })

  it('show that a device is there again which says nothing else', async () => {
    await publish('numeric', ingestSet())
    admission.session(box, 'offline')
    expect(all(await publish('alert', ingestAlert()))).toMatchObject([
      { content: { phase: 'present' } },
      { topic: 'vitals/v1/icu/b01/ox-1/state', content: { state: 'ready' } },
    ])
  })

  it('are cleared at the bed that the device has left', async () => {
    await publish('alert', ingestAlert())
    const messages = admission.replaceInventory(inventoryOf([{ ...OXIMETER, bed: 'b07', assoc: 'c0de' }]))
    expect(messages.map(shown).filter(({ topic }) => topic.includes('/alert/'))).toMatchObject([
      {
        topic: 'vitals/v1/icu/b01/ox-1/alert/spo2-low',
        retain: false,
        content: { phase: 'ended', reason: 'moved' },
      },
      { topic: 'vitals/v1/icu/b01/ox-1/alert/spo2-low', retain: true, content: 'cleared' },
    ])
  })

  it('are bounded in number, and diverted beyond it', async () => {
    for (let index = 0; index < 64; index++) await publish('alert', ingestAlert({ code: `a${index}` }))
    expect(all(await publish('alert', ingestAlert({ code: 'one-more' })))).toMatchObject([
      { topic: 'ops/v1/gw-1/rejected/ox-1', content: { rule: 'too-many-alerts' } },
    ])
  })

  it('that break a rule are diverted with it', async () => {
    expect(all(await publish('alert', ingestAlert({ assoc: 'dead' })))).toMatchObject([
      { topic: 'ops/v1/gw-1/rejected/ox-1', content: { rule: 'bed-mismatch' } },
    ])
    expect(all(await publish('alert', { ...ingestAlert(), text: undefined }))).toMatchObject([
      { content: { rule: 'schema' } },
    ])
  })
})
