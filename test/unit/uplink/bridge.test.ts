import { describe, expect, it } from '@jest/globals'
import { BehaviorSubject, filter, Subject } from 'rxjs'
import { silentLog } from '../../../gateway/log.ts'
import type { MessageLink, MessageLinkState, OutboundMessage } from '../../../gateway/ports.ts'
import { createBridge, type BridgeOptions } from '../../../gateway/uplink/bridge.ts'
import { matchesFilter } from '../../../gateway/uplink/topic-filter.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const ONLINE: MessageLinkState = { kind: 'online', address: '10.0.0.1', protocol: 'TLSv1.3', cipher: 'x' }
const OFFLINE: MessageLinkState = { kind: 'offline', reason: 'gone' }

/** A far end that acknowledges when it is told to; what is unanswered is rejected when it goes offline. */
class FakeLink implements MessageLink {
  readonly state$ = new BehaviorSubject<MessageLinkState>(ONLINE)
  readonly sent: OutboundMessage[] = []
  isClosed = false
  readonly #open: { resolve: () => void; reject: (error: Error) => void }[] = []

  publish(message: OutboundMessage): Promise<void> {
    this.sent.push(message)
    return new Promise((resolve, reject) => this.#open.push({ resolve, reject }))
  }

  async acknowledge(count = 1): Promise<void> {
    for (const { resolve } of this.#open.splice(0, count)) resolve()
    await settled()
  }

  async reject(count = 1): Promise<void> {
    for (const { reject } of this.#open.splice(0, count)) reject(new Error('lost'))
    await settled()
  }

  async goOffline(): Promise<void> {
    for (const { reject } of this.#open.splice(0)) reject(new Error('lost'))
    this.state$.next(OFFLINE)
    await settled()
  }

  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }

  get texts(): string[] {
    return this.sent.map(({ payload }) => payload.toString())
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

function setUp(options: Partial<BridgeOptions> = {}) {
  const clock = new FakeClock()
  const link = new FakeLink()
  const source = new Subject<OutboundMessage>()
  const counted: string[] = []
  const emitted: string[] = []
  const bridge = createBridge({
    id: 'hospital',
    publisher: {
      messages: (wanted) => source.pipe(filter(({ topic }) => matchesFilter(wanted, topic))),
    },
    link,
    topics: ['vitals/v1/#'],
    clock,
    log: silentLog,
    counters: { count: (name) => counted.push(name), observeLatencyMs: () => undefined },
    events: { emit: (_class, event) => emitted.push(event) },
    ...options,
  })
  const say = (...texts: string[]): void => {
    for (const text of texts)
      source.next({ topic: 'vitals/v1/w/b/d/numeric', payload: Buffer.from(text), qos: 1, retain: false })
  }
  return { bridge, clock, link, source, counted, emitted, say }
}

describe('a bridge', () => {
  it('forwards at QoS 1 under its prefix and counts what was acknowledged', async () => {
    const { link, source, counted } = setUp({ prefix: 'gw-1/' })
    source.next({ topic: 'vitals/v1/w/b/d/last', payload: Buffer.from('x'), qos: 0, retain: true })
    expect(link.sent).toEqual([
      { topic: 'gw-1/vitals/v1/w/b/d/last', payload: Buffer.from('x'), qos: 1, retain: true },
    ])
    expect(counted).toEqual([])
    await link.acknowledge()
    expect(counted).toEqual(['uplink_forwarded_total'])
  })

  it.each(['ops/v1/gw-1/state', 'ingest/v1/d/numeric', '$SYS/uptime', 'vitals/v2/w/b/d/numeric', 'other'])(
    'never forwards %s, whatever its filters say',
    (topic) => {
      const { link, source } = setUp({ topics: ['#', 'ops/#', 'ingest/#', '$SYS/#'] })
      source.next({ topic, payload: Buffer.from('x'), qos: 1, retain: false })
      expect(link.sent).toEqual([])
    },
  )

  it('keeps what comes while the far end is away, and sends it in order', async () => {
    const { link, say } = setUp()
    await link.goOffline()
    say('1', '2', '3')
    expect(link.texts).toEqual([])
    link.state$.next(ONLINE)
    expect(link.texts).toEqual(['1', '2', '3'])
  })

  it('sends again, from the oldest on, what was not acknowledged when the link broke', async () => {
    const { link, say } = setUp()
    say('1', '2', '3')
    await link.acknowledge()
    await link.goOffline()
    say('4')
    link.state$.next(ONLINE)
    expect(link.texts).toEqual(['1', '2', '3', '2', '3', '4'])
  })

  it('has no more than 32 messages on their way', async () => {
    const { link, say } = setUp()
    say(...Array.from({ length: 40 }, (_, index) => String(index)))
    expect(link.sent).toHaveLength(32)
    await link.acknowledge(3)
    expect(link.sent).toHaveLength(35)
    await link.acknowledge(35)
    expect(link.texts).toEqual(Array.from({ length: 40 }, (_, index) => String(index)))
  })

  it('goes on after a message that failed alone', async () => {
    const { link, clock, say, counted } = setUp()
    say('1', '2')
    await link.reject()
    await link.acknowledge()
    say('3')
    expect(link.texts).toEqual(['1', '2'])
    clock.advance(1_000)
    expect(link.texts).toEqual(['1', '2', '1', '3'])
    await link.acknowledge(2)
    expect(counted).toHaveLength(3)
  })

  it('drops the oldest for a newer one, counts it, and says so once until it has caught up', async () => {
    const { link, say, counted, emitted } = setUp({ queueLimit: 3 })
    await link.goOffline()
    say('1', '2', '3', '4', '5')
    expect(counted).toEqual(['dropped_total', 'dropped_total'])
    expect(emitted).toEqual(['uplink-overflow'])
    link.state$.next(ONLINE)
    expect(link.texts).toEqual(['3', '4', '5'])
    await link.acknowledge(3)
    await link.goOffline()
    say('6', '7', '8', '9')
    expect(emitted).toEqual(['uplink-overflow', 'uplink-overflow'])
  })

  it('stays within its limit when all it holds is on its way', async () => {
    const { link, say, counted } = setUp({ queueLimit: 2 })
    say('1', '2', '3')
    expect(counted).toEqual(['dropped_total'])
    expect(link.texts).toEqual(['1', '2', '3'])
    await link.goOffline()
    link.state$.next(ONLINE)
    expect(link.texts.slice(3)).toEqual(['2', '3'])
  })

  it('stops reading, closes its link and counts what it still held when it is closed', async () => {
    const { bridge, link, say, source, counted, clock } = setUp()
    say('1', '2')
    await link.acknowledge()
    await bridge.close()
    expect([link.isClosed, source.observed, clock.pendingCount]).toEqual([true, false, 0])
    expect(counted).toEqual(['uplink_forwarded_total', 'dropped_total'])
  })

  describe('with waveforms and alerts', () => {
    const wave = (text: string): OutboundMessage => ({
      topic: 'vitals/v1/w/b/d/waveform/pleth',
      payload: Buffer.from(text),
      qos: 0,
      retain: false,
    })
    const alert = (text: string): OutboundMessage => ({
      topic: 'vitals/v1/w/b/d/alert/spo2-low',
      payload: Buffer.from(text),
      qos: 1,
      retain: true,
    })

    it('forwards waveforms at QoS 0, beside the queue', async () => {
      const { link, source, say, counted } = setUp({ prefix: 'gw-1/' })
      say(...Array.from({ length: 40 }, (_, index) => String(index)))
      source.next(wave('w'))
      expect(link.sent.at(-1)).toEqual({ ...wave('w'), topic: 'gw-1/vitals/v1/w/b/d/waveform/pleth' })
      await link.acknowledge(100)
      expect(counted).toContain('uplink_forwarded_total')
    })

    it('drops waveforms while the far end is away, and never a reading for one', async () => {
      const { link, source, say, counted } = setUp({ queueLimit: 3 })
      await link.goOffline()
      say('1', '2', '3')
      for (let index = 0; index < 10; index++) source.next(wave('w'))
      link.state$.next(ONLINE)
      expect(link.texts).toEqual(['1', '2', '3'])
      expect(counted).toEqual(Array.from({ length: 10 }, () => 'dropped_total'))
    })

    it('has a bounded number of waveforms on their way', () => {
      const { link, source } = setUp()
      for (let index = 0; index < 100; index++) source.next(wave('w'))
      expect(link.sent).toHaveLength(32)
    })

    it('forwards an alert retained, its end as an event, and the empty message that clears it', () => {
      const { link, source } = setUp()
      const messages = [alert('present'), { ...alert('ended'), retain: false }, alert('')]
      for (const message of messages) source.next(message)
      expect(link.sent).toEqual(messages)
    })

    it('drops readings before what the far end retains', async () => {
      const { link, source, say } = setUp({ queueLimit: 3 })
      await link.goOffline()
      source.next(alert('present'))
      say('1', '2', '3')
      source.next(alert(''))
      link.state$.next(ONLINE)
      expect(link.texts).toEqual(['present', '3', ''])
    })
  })
})
