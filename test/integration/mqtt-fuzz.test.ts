/**
 * Clients that keep no rule, many at a time. The broker stays up, a client that behaves is served throughout, and nothing
 * stays behind. `npm run fuzz:broker -- --minutes 10` goes on for longer; a run is repeated by its seed.
 */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { silentLog, type Log } from '../../gateway/log.ts'
import type { EventSink } from '../../gateway/ports.ts'
import { allowAll } from '../support/lab-rules.ts'
import { Dice, makeSession, type FuzzSession } from '../support/mqtt-fuzz.ts'
import { Lab, type Wire } from '../support/mqtt-lab.ts'
import { DISCONNECT, publish } from '../support/mqtt-packets.ts'

const seconds = Number(process.env['WARDGATE_FUZZ_SECONDS'] ?? '6')
const seed = Number(process.env['WARDGATE_FUZZ_SEED'] ?? '20261130')
const AT_ONCE = 8
const HEALTHY = 'healthy'
/** How long a client that behaves may wait for its own message, on a machine that has other things to do. */
const SERVED_WITHIN_MS = 5_000
/** Every client id that was accepted, those that came of damage among them. */
const ids = new Set<string>()

/** What the broker said of the state that it found at its last start. */
let recovered: object | undefined
const log: Log = {
  ...silentLog,
  info(event, detail) {
    if (event === 'sessions-recovered') recovered = detail
  },
  child: () => log,
}

/** The last of what the broker reported, to be shown when something is wrong. */
const reported: string[] = []
const events: EventSink = {
  emit(_class, event, detail) {
    reported.push(`${event} ${JSON.stringify(detail)}`)
    if (reported.length > 40) reported.shift()
  },
}

const lab = new Lab({
  log,
  events,
  rules: {
    ...allowAll,
    mayConnect(_identity, clientId) {
      // Asked for those who are connected, too.
      if (clientId !== HEALTHY) ids.add(clientId)
      return { allowed: true }
    },
  },
  limits: { connectMs: 500, queuedMessages: 100, queuedBytes: 1024 * 1024 },
})
const faults: unknown[] = []
const note = (error: unknown): void => void faults.push(error)
beforeAll(async () => {
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  await lab.start()
})
afterAll(async () => {
  process.off('uncaughtException', note)
  process.off('unhandledRejection', note)
  await lab.remove()
})

describe('the broker under clients that keep no rule', () => {
  it(
    `stays up, serves those who behave, and is left with nothing (seed ${seed}, ${seconds} s)`,
    async () => {
      const healthy = await lab.subscriber('healthy', 1, { id: HEALTHY })
      // Once for whatever is made only once.
      await fuzz(new Dice(seed), 1_000)
      await forgetAll()
      const before = await footprint()

      const served = serve(healthy)
      const sessionCount = await fuzz(new Dice(seed + 1), seconds * 1_000)
      const { slowestMs, count } = await served.stop()
      await forgetAll()
      const after = await footprint()
      await lab.restart()

      process.stdout.write(
        `${sessionCount} sessions; ${count} messages served, the slowest in ${Math.round(slowestMs)} ms; ` +
          `heap ${Math.round(before.heapBytes / 1024)} to ${Math.round(after.heapBytes / 1024)} KiB\n`,
      )
      expect({ faults, reported: faults.length > 0 ? reported : [] }).toEqual({ faults: [], reported: [] })
      expect(sessionCount).toBeGreaterThan(10)
      expect(slowestMs).toBeLessThan(SERVED_WITHIN_MS)
      expect(after.sessionCount).toBe(before.sessionCount)
      expect(after.retainedCount).toBe(before.retainedCount)
      expect(recovered).toMatchObject({ sessionCount: 0, retainedCount: 0, waitingCount: 0, lostCount: 0 })
      expect(after.heapBytes).toBeLessThan(before.heapBytes * 1.1 + 2 * 1024 * 1024)
    },
    seconds * 1_000 + 60_000,
  )
})

/** Sessions one after the other in a few lanes, until the time is up; the number of them. */
async function fuzz(dice: Dice, forMs: number): Promise<number> {
  const endsAtMs = performance.now() + forMs
  let count = 0
  const lane = async (): Promise<void> => {
    while (performance.now() < endsAtMs && faults.length === 0) {
      count += 1
      await play(makeSession(dice))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return count
}

async function play({ pieces, end }: FuzzSession): Promise<void> {
  const client = await lab.open()
  for (const piece of pieces) {
    if (client.socket.destroyed || client.socket.writableEnded) break
    client.send(piece)
    await new Promise(setImmediate)
  }
  if (end === 'disconnect') client.send(DISCONNECT)
  if (end === 'close') client.socket.end()
  // A client that stays is there while the next ones come.
  if (end === 'linger') setTimeout(() => client.drop(), 300)
  else client.drop()
}

/** A client that publishes to itself, one message after the other. */
function serve(client: Wire) {
  const over = new AbortController()
  let slowestMs = 0
  let count = 0
  const work = (async () => {
    while (!over.signal.aborted) {
      const sentAtMs = performance.now()
      count += 1
      client.send(publish('healthy', String(count), { qos: 1, messageId: 1 + (count % 60_000) }))
      const [message] = await client.messages(1)
      if (message?.payload !== String(count))
        throw new Error(`got ${message?.payload ?? ''} instead of ${count}`)
      slowestMs = Math.max(slowestMs, performance.now() - sentAtMs)
    }
  })()
  return {
    async stop() {
      over.abort()
      await work
      return { slowestMs, count }
    },
  }
}

/** Ends what the clients have left: durable sessions by a clean one, retained messages by an empty one. */
async function forgetAll(): Promise<void> {
  while (lab.broker.sessions().length > 1)
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
  for (const id of ids) {
    const client = await lab.client({ id })
    client.send(DISCONNECT)
    await client.gone
  }
  ids.clear()
  for (const topic of await retainedTopics())
    await lab.broker.publish({ topic, payload: Buffer.alloc(0), qos: 0, retain: true })
}

async function retainedTopics(): Promise<readonly string[]> {
  const topics: string[] = []
  for (const filter of ['#', '$SYS/#', '$void'])
    lab.broker
      .messages(filter)
      .subscribe(({ topic }) => topics.push(topic))
      .unsubscribe()
  return topics
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
}

async function footprint() {
  for (let n = 0; n < 3; n += 1) {
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
    collectGarbage()
  }
  const { heapUsed, external } = process.memoryUsage()
  return {
    heapBytes: heapUsed + external,
    sessionCount: lab.broker.sessions().length,
    retainedCount: (await retainedTopics()).length,
  }
}
