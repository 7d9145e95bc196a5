import type { AedesPublishPacket } from 'aedes'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { existsSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { createChangeLog, keepSnapshots, recoverSessions } from '../../../gateway/broker/session-journal.ts'
import { SessionStore } from '../../../gateway/broker/session-store.ts'
import { Journal } from '../../../gateway/journal/journal.ts'
import { silentLog } from '../../../gateway/log.ts'
import { EventRecord } from '../../support/broker-bench.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

let dir: ReturnType<typeof tempDir>
let events: EventRecord
const journals: Journal[] = []

beforeEach(() => {
  dir = tempDir()
  events = new EventRecord()
})
afterEach(async () => {
  for (const journal of journals.splice(0)) await journal.close()
  dir.remove()
})

/** A store over the journal of a directory, as a run of the gateway has it. */
class Run {
  readonly journal: Journal
  readonly store: SessionStore
  readonly report: ReturnType<typeof recoverSessions>
  #counter = 0

  constructor(path: string, segmentBytes = 1_000_000) {
    this.journal = Journal.open({
      directory: join(path, 'journal'),
      keyFile: join(path, 'journal.key'),
      clock: new FakeClock(),
      log: silentLog,
      events,
      bounds: { segmentBytes },
    })
    journals.push(this.journal)
    this.store = new SessionStore({
      queuedMessages: 1_000,
      queuedBytes: 1_000_000,
      mayKeep: () => true,
      onOverflow: () => undefined,
      retainedTopics: 1000,
      onRetainedFull: () => undefined,
      log: createChangeLog(this.journal),
    })
    this.report = recoverSessions(this.store, this.journal, events)
  }

  /** What Aedes does with a message once it is in the log. */
  async publish(topic: string, text: string, retain = false, qos: 1 | 2 = 1): Promise<AedesPublishPacket> {
    const payload = Buffer.from(text)
    const seq = await new Promise<number>((resolve, reject) => {
      const number = createChangeLog(this.journal).commit(
        { kind: 'message', message: { topic, payload, qos, retain } },
        (error) => {
          if (error === undefined) resolve(number)
          else reject(error)
        },
      )
    })
    this.#counter += 1
    const packet: AedesPublishPacket = {
      cmd: 'publish',
      brokerId: 'gw',
      brokerCounter: this.#counter,
      topic,
      payload,
      qos,
      retain,
      dup: false,
    }
    this.store.takePublished(packet, seq)
    return packet
  }

  /** What the session would be sent again, in order. */
  waiting(id: string): readonly { text: string; messageId: number | undefined; dup: boolean }[] {
    return this.store.state
      .queueOf(id)
      .redeliveries()
      .map(({ cmd, payload = '', messageId, dup = false }) => ({
        text: cmd === 'publish' ? String(payload) : cmd,
        messageId,
        dup,
      }))
  }
}

const STATION = { id: 'station' }
const subscribe = (run: Run, filter = 'vitals/#', qos: 1 | 2 = 1) =>
  run.store.addSubscriptions(STATION, [{ topic: filter, qos }])

describe('after a restart without warning', () => {
  it('a durable session has its subscriptions and what it has not acknowledged, in order', async () => {
    const first = new Run(dir.path)
    await subscribe(first)
    const one = await first.publish('vitals/a', '1')
    await first.publish('other/a', 'not for it')
    const two = await first.publish('vitals/b', '2')
    await first.publish('vitals/a', '3')
    await first.store.outgoingUpdate(STATION, { ...one, messageId: 11 })
    await first.store.outgoingUpdate(STATION, { ...two, messageId: 12 })
    await first.store.outgoingClearMessageId(STATION, { cmd: 'puback', messageId: 11 })
    await first.journal.flush()
    const second = new Run(dir.path)
    expect(await second.store.subscriptionsByClient(STATION)).toEqual([{ topic: 'vitals/#', qos: 1 }])
    expect(second.waiting('station')).toEqual([
      { text: '2', messageId: 12, dup: true },
      { text: '3', messageId: undefined, dup: false },
    ])
    await second.publish('vitals/a', '4')
    expect(second.waiting('station').map(({ text }) => text)).toEqual(['2', '3', '4'])
  })

  it('retained messages are there, and those that were cleared are not', async () => {
    const first = new Run(dir.path)
    await first.publish('vitals/a', 'kept', true)
    await first.publish('vitals/b', 'gone', true)
    await first.publish('vitals/b', '', true)
    const second = new Run(dir.path)
    expect(second.store.retained('#').map(({ topic, payload }) => `${topic} ${String(payload)}`)).toEqual([
      'vitals/a kept',
    ])
  })

  it('what was received at QoS 2 is not taken again until it is released, and a clean session forgets it', async () => {
    const first = new Run(dir.path)
    const log = createChangeLog(first.journal)
    await new Promise<void>((resolve) => {
      log.commit({ kind: 'received', clientId: 'mon-1', messageId: 7 }, () => resolve())
    })
    const second = new Run(dir.path)
    expect(second.store.reserveIncoming('mon-1', 7)).toBe(false)
    expect(await second.store.incomingGetPacket({ id: 'mon-1' }, { messageId: 7 })).toEqual({ messageId: 7 })
    await second.store.incomingDelPacket({ id: 'mon-1' }, { messageId: 7 })
    await second.journal.flush()
    expect(new Run(dir.path).store.reserveIncoming('mon-1', 7)).toBe(true)
    await second.store.cleanSubscriptions({ id: 'mon-1' })
  })

  it('a delivery at QoS 2 goes on where it was', async () => {
    const first = new Run(dir.path)
    await subscribe(first, 'vitals/#', 2)
    const one = await first.publish('vitals/a', '1', false, 2)
    const two = await first.publish('vitals/a', '2', false, 2)
    await first.store.outgoingUpdate(STATION, { ...one, messageId: 21 })
    await first.store.outgoingUpdate(STATION, { ...two, messageId: 22 })
    await first.store.outgoingUpdate(STATION, { cmd: 'pubrel', messageId: 21 })
    await first.journal.flush()
    expect(new Run(dir.path).waiting('station')).toEqual([
      { text: 'pubrel', messageId: 21, dup: false },
      { text: '2', messageId: 22, dup: true },
    ])
  })

  it('new packet ids begin behind those that still wait', async () => {
    const first = new Run(dir.path)
    await subscribe(first)
    const one = await first.publish('vitals/a', '1')
    await first.store.outgoingUpdate(STATION, { ...one, messageId: 40_000 })
    await first.journal.flush()
    const client = { ...STATION, _nextId: 39_999 }
    new Run(dir.path).store.outgoingStream(client)
    expect(client._nextId).toBe(40_001)
  })

  it('a session that was given up stays given up', async () => {
    const first = new Run(dir.path)
    await subscribe(first)
    await first.publish('vitals/a', '1')
    await first.store.cleanSubscriptions(STATION)
    const second = new Run(dir.path)
    expect(second.waiting('station')).toEqual([])
    expect(await second.store.subscriptionsByClient(STATION)).toEqual([])
  })
})

describe('a state that was written down', () => {
  it('needs only what came after it, and the messages that still wait', async () => {
    const first = new Run(dir.path, 3_000)
    const snapshots = keepSnapshots(first.store, first.journal, silentLog)
    await subscribe(first, 'vitals/slow')
    await first.publish('vitals/slow', 'old but waiting')
    await first.publish('vitals/kept', 'retained', true)
    for (let n = 0; n < 100; n += 1) await first.publish('vitals/fast', `${n} ${'x'.repeat(200)}`)
    await snapshots.write()
    await first.publish('vitals/slow', 'after')
    const second = new Run(dir.path)
    expect(second.report).toMatchObject({ sessionCount: 1, retainedCount: 1, waitingCount: 2, lostCount: 0 })
    expect(second.report.replayedCount).toBeLessThan(30)
    expect(second.waiting('station').map(({ text }) => text)).toEqual(['old but waiting', 'after'])
  })

  it('says how much is lost when the journal no longer holds what waits', async () => {
    const first = new Run(dir.path, 3_000)
    const snapshots = keepSnapshots(first.store, first.journal, silentLog)
    await subscribe(first, 'vitals/slow')
    await first.publish('vitals/slow', 'waiting')
    for (let n = 0; n < 30; n += 1) await first.publish('vitals/fast', `${n} ${'x'.repeat(200)}`)
    await snapshots.write()
    const journalDir = join(dir.path, 'journal')
    const [oldest = ''] = readdirSync(journalDir)
      .filter((name) => name.endsWith('.wgj'))
      .sort()
    rmSync(join(journalDir, oldest))
    expect(new Run(dir.path).report.lostCount).toBe(1)
    expect(events.named('queued-messages-lost')).toMatchObject([{ detail: { count: 1 } }])
  })

  it('when damaged is made up for by the journal itself', async () => {
    const first = new Run(dir.path)
    const snapshots = keepSnapshots(first.store, first.journal, silentLog)
    await subscribe(first)
    await first.publish('vitals/a', '1')
    await snapshots.write()
    const file = join(dir.path, 'journal', 'sessions.wgs')
    expect(existsSync(file)).toBe(true)
    truncateSync(file, 40)
    expect(new Run(dir.path).waiting('station').map(({ text }) => text)).toEqual(['1'])
    expect(events.named('journal-snapshot-damaged')).toHaveLength(1)
  })
})

describe('whatever happens in whatever order', () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('subscribe' as const),
      id: fc.constantFrom('s1', 's2'),
      filter: fc.constantFrom('a/#', 'a/b', 'c'),
    }),
    fc.record({
      do: fc.constant('unsubscribe' as const),
      id: fc.constantFrom('s1', 's2'),
      filter: fc.constantFrom('a/#', 'a/b', 'c'),
    }),
    fc.record({ do: fc.constant('forget' as const), id: fc.constantFrom('s1', 's2') }),
    fc.record({
      do: fc.constant('publish' as const),
      topic: fc.constantFrom('a/b', 'a/x', 'c'),
      retain: fc.boolean(),
    }),
    fc.record({ do: fc.constant('deliver' as const), id: fc.constantFrom('s1', 's2') }),
    fc.record({ do: fc.constant('acknowledge' as const), id: fc.constantFrom('s1', 's2') }),
    fc.record({ do: fc.constant('write down' as const) }),
    fc.record({ do: fc.constant('restart' as const) }),
  )

  it('a restart finds the state that there was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (steps) => {
        const place = tempDir()
        try {
          let run = new Run(place.path, 2_000)
          let text = 0
          let messageId = 0
          for (const one of steps) {
            if (one.do === 'subscribe') await run.store.addSubscriptions(one, [{ topic: one.filter, qos: 1 }])
            else if (one.do === 'unsubscribe') await run.store.removeSubscriptions(one, [one.filter])
            else if (one.do === 'forget') await run.store.cleanSubscriptions(one)
            else if (one.do === 'publish') await run.publish(one.topic, `${(text += 1)}`, one.retain)
            else if (one.do === 'write down') await keepSnapshots(run.store, run.journal, silentLog).write()
            else if (one.do === 'restart') {
              await run.journal.flush()
              run = new Run(place.path, 2_000)
            } else {
              const first = run.store.state
                .queueOf(one.id)
                .redeliveries()
                .find((packet) => (packet.messageId === undefined) === (one.do === 'deliver'))
              if (first === undefined) continue
              if (one.do === 'deliver')
                await run.store.outgoingUpdate(one, { ...first, messageId: (messageId += 1) })
              else await run.store.outgoingClearMessageId(one, { cmd: 'puback', messageId: first.messageId })
            }
          }
          await run.journal.flush()
          const again = new Run(place.path, 2_000)
          const shown = (store: SessionStore) =>
            store.state.sessions().map((session) => ({
              ...session,
              texts: store.state
                .queueOf(session.clientId)
                .redeliveries()
                .map(({ payload }) => String(payload)),
            }))
          expect(shown(again.store)).toEqual(shown(run.store))
          const retained = (store: SessionStore) =>
            new Map(store.retained('#').map(({ topic, payload }) => [topic, String(payload)]))
          expect(retained(again.store)).toEqual(retained(run.store))
        } finally {
          for (const journal of journals.splice(0)) await journal.close()
          place.remove()
        }
      }),
      { numRuns: 200 },
    )
  }, 60_000)
})
