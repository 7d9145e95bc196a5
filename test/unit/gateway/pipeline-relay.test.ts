import { describe, expect, it } from '@jest/globals'
import type { DriverOutput } from '../../../devices/protocol.ts'
import { silentLog } from '../../../gateway/log.ts'
import { createMemoryOutbox } from '../../../gateway/outbox/memory-outbox.ts'
import type { Lease } from '../../../gateway/outbox/outbox.ts'
import { pipeline } from '../../../gateway/pipeline.ts'
import { ALERT_REFRESH_MS } from '../../../gateway/stages/present-alerts.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import {
  ALERT_BEGINS,
  ALERT_ENDS,
  FakeLink,
  fakeProtocol,
  OTHER_PART_READING,
  PART_READING,
  scriptedProtocol,
  THROW,
  WAVEFORM,
} from '../../support/fake-device.ts'
import { RecordingCounters, RecordingEvents } from '../../support/recording-sinks.ts'

function running(parts?: Readonly<Record<string, string>>, protocol = fakeProtocol()) {
  const clock = new FakeClock()
  const events = new RecordingEvents()
  const counters = new RecordingCounters()
  const outbox = createMemoryOutbox({ limitPerDevice: 1_000, events, counters })
  const link = new FakeLink()
  const subscription = pipeline(
    { id: 'rack-1', parts, protocol, link, linkName: 'serial' },
    { outbox, bootId: 'b19', clock, log: silentLog, events, counters },
  ).subscribe()

  /** What was put into the outbox since the last call: topic, then content. */
  const sent = () => {
    const messages: { topic: string; qos: number; content: Record<string, unknown> }[] = []
    const take = (lease: Lease): void => {
      const { topic, qos, payload } = lease.message
      messages.push({ topic, qos, content: JSON.parse(payload.toString()) as Record<string, unknown> })
      outbox.acknowledge(lease)
    }
    for (let lease = outbox.lease(); lease !== undefined; lease = outbox.lease()) take(lease)
    for (let lease = outbox.leaseLive(); lease !== undefined; lease = outbox.leaseLive()) take(lease)
    return messages
  }
  const contents = (kind: string, device = 'rack-1') =>
    sent()
      .filter(({ topic }) => topic === `ingest/v1/${device}/${kind}`)
      .map(({ content }) => content)
  return { clock, events, counters, link, sent, contents, subscription }
}

describe('the waveforms of a line', () => {
  it('go to their ingest topic at QoS 0', () => {
    const { link, sent } = running()
    link.say(WAVEFORM)
    expect(sent().filter(({ qos }) => qos === 0)).toMatchObject([
      {
        topic: 'ingest/v1/rack-1/waveform',
        content: { channel: 'pleth', n: 2, seq: 1, samples: 'AQAAgA==' },
      },
    ])
  })

  it('are counted where they cannot be sent as they are', () => {
    const wave = {
      kind: 'waveform',
      channel: 'p',
      wave: null,
      label: 'p',
      rateHz: 10,
      samples: [0.5],
    } as const
    const outputs: readonly DriverOutput[] = [wave]
    const { link, counters, contents } = running(
      undefined,
      scriptedProtocol(() => ({ receive: ({ kind }) => (kind === 'bytes' ? outputs : []) })),
    )
    link.say(1)
    expect(contents('waveform')).toEqual([])
    expect(counters.totals).toEqual({ 'not_relayed_total waveform-unfit': 1 })
  })
})

describe('the alerts of a line', () => {
  it('go to their ingest topic when they begin and end, not with every repeat', () => {
    const { link, contents } = running()
    link.say(ALERT_BEGINS, ALERT_BEGINS, ALERT_ENDS)
    expect(contents('alert')).toMatchObject([
      { code: 'spo2-low', phase: 'present', seq: 1 },
      { code: 'spo2-low', phase: 'ended', seq: 2 },
    ])
  })

  it('are told again while they last and the line is up', () => {
    const { link, clock, contents } = running()
    link.say(ALERT_BEGINS)
    contents('alert')
    clock.advance(ALERT_REFRESH_MS)
    expect(contents('alert')).toMatchObject([{ phase: 'present', refresh: true }])
    link.say(ALERT_ENDS)
    contents('alert')
    clock.advance(10 * ALERT_REFRESH_MS)
    expect(contents('alert')).toEqual([])
  })

  it.each([
    ['the line is lost', (link: FakeLink) => link.close('unplugged')],
    ['the driver has a fault', (link: FakeLink) => link.say(THROW)],
  ])('are not told again after %s, before the device repeats them', (_, breakIt) => {
    const { link, clock, contents } = running()
    link.say(ALERT_BEGINS)
    breakIt(link)
    contents('alert')
    clock.advance(10 * ALERT_REFRESH_MS)
    link.open()
    expect(contents('alert')).toEqual([])
    link.say(ALERT_BEGINS)
    expect(contents('alert')).toMatchObject([{ phase: 'present', refresh: true, seq: 2 }])
  })
})

describe('a line that carries several devices', () => {
  const parts = { 'pump-14': 'inf-b03' }

  it('gives each mapped part its own topics and numbers', () => {
    const { link, sent } = running(parts)
    link.say(97, PART_READING, 96, PART_READING)
    expect(
      sent()
        .filter(({ topic }) => topic.endsWith('/numeric'))
        .map(({ topic, content }) => [topic, content['device'], content['seq']]),
    ).toEqual([
      ['ingest/v1/rack-1/numeric', 'rack-1', 1],
      ['ingest/v1/inf-b03/numeric', 'inf-b03', 1],
      ['ingest/v1/rack-1/numeric', 'rack-1', 2],
      ['ingest/v1/inf-b03/numeric', 'inf-b03', 2],
    ])
  })

  it('tells the state of the line for every device behind it', () => {
    const { link, sent } = running(parts)
    link.open()
    link.close('unplugged')
    link.open()
    link.say(THROW)
    const states = sent()
      .filter(({ topic }) => topic.endsWith('/state'))
      .map(({ content }) => `${String(content['device'])} ${String(content['line'])}`)
    for (const device of ['rack-1', 'inf-b03'])
      expect(states.filter((state) => state.startsWith(device))).toEqual([
        `${device} up`,
        `${device} down`,
        `${device} up`,
        `${device} down`,
      ])
  })

  it('relays nothing of a part that is not mapped, counts it, and says once what to add', () => {
    const { link, sent, counters, events } = running(parts)
    link.say(OTHER_PART_READING, OTHER_PART_READING)
    expect(sent().filter(({ topic }) => !topic.endsWith('/state'))).toEqual([])
    expect(counters.totals).toEqual({ 'not_relayed_total part-unknown': 2 })
    expect(events.named('part-unknown')).toEqual([
      {
        device: 'rack-1',
        part: 'pump-15',
        add: "parts: { pump-15: <id of its own device row in the inventory> } under the device 'rack-1'",
      },
    ])
  })

  it('is not made to remember every name that a line makes up', () => {
    let part = 0
    const { link, counters, events } = running(
      parts,
      scriptedProtocol(() => ({
        receive: ({ kind }) =>
          kind === 'bytes' ? [{ kind: 'text', part: `p${part++}`, name: 'mode', value: 'x' }] : [],
      })),
    )
    for (let round = 0; round < 500; round++) link.say(1)
    expect(events.named('part-unknown')).toHaveLength(64)
    expect(counters.totals).toEqual({ 'not_relayed_total part-unknown': 500 })
  })
})
