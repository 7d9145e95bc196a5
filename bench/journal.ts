/**
 * What it costs to have a message on disk before it is acknowledged: groups of a segment log against batches of LevelDB
 * and against a plain file, and how long a start takes behind a million messages. `npm run bench:journal`.
 */

import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { fdatasync, write, closeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ClassicLevel } from 'classic-level'
import { createChangeLog, keepSnapshots, recoverSessions } from '../gateway/broker/session-journal.ts'
import { SessionStore } from '../gateway/broker/session-store.ts'
import { systemClock } from '../gateway/clock.ts'
import { GroupCommit } from '../gateway/journal/group-commit.ts'
import { Journal } from '../gateway/journal/journal.ts'
import { storageError } from '../gateway/journal/segment-files.ts'
import { silentLog } from '../gateway/log.ts'

const ROUNDS = 5
const RUN_MS = 400
const RECORD = Buffer.alloc(380, 0x61)
const WRITERS = [1, 10, 100, 1_000] as const
const RECOVERED = Number(process.env['WARDGATE_BENCH_RECORDS'] ?? '1000000')
const noEvents = { emit: () => undefined }

interface Store {
  readonly commit: (record: Buffer, settle: (error?: Error) => void) => void
  readonly close: () => Promise<void>
}

type OpenStore = (directory: string) => Promise<Store>

const STORES: Readonly<Record<string, OpenStore>> = {
  'segment log, sealed': async (directory) => {
    const journal = openJournal(directory)
    return { commit: (record, settle) => journal.commit(record, settle), close: () => journal.close() }
  },
  'LevelDB, sync batch': async (directory) => {
    const db = new ClassicLevel<string, Buffer>(directory, { valueEncoding: 'buffer' })
    await db.open()
    return grouped(
      (firstSeq, records) =>
        db.batch(
          records.map((value, index) => ({
            type: 'put' as const,
            key: String(firstSeq + index).padStart(16, '0'),
            value: Buffer.from(value),
          })),
          { sync: true },
        ),
      () => db.close(),
    )
  },
  'plain file, fdatasync': async (directory) => {
    const descriptor = openSync(`${directory}.log`, 'a')
    const writeFile = promisify(write)
    const sync = promisify(fdatasync)
    return grouped(
      async (_firstSeq, records) => {
        await writeFile(descriptor, Buffer.concat(records))
        await sync(descriptor)
      },
      async () => closeSync(descriptor),
    )
  },
}

function grouped(
  writeGroup: (firstSeq: number, records: readonly Uint8Array[]) => Promise<void>,
  close: () => Promise<void>,
): Store {
  const asError = (error: unknown) => storageError('bench', 'bench', error)
  const group = new GroupCommit({ firstSeq: 1, clock: systemClock, write: writeGroup, asError })
  return {
    commit: (record, settle) => group.add(record, settle),
    async close() {
      await group.flush()
      await close()
    },
  }
}

function openJournal(directory: string): Journal {
  return Journal.open({
    directory,
    keyFile: `${directory}.key`,
    clock: systemClock,
    log: silentLog,
    events: noEvents,
  })
}

/** Each writer commits its next record when the one before is on disk. */
async function run(
  store: Store,
  writers: number,
): Promise<{ readonly perSecond: number; readonly waitsMs: number[] }> {
  const waitsMs: number[] = []
  const startedAtMs = performance.now()
  const endAtMs = startedAtMs + RUN_MS
  const writer = async (): Promise<void> => {
    for (let nowMs = performance.now(); nowMs < endAtMs; nowMs = performance.now()) {
      await new Promise<void>((resolve, reject) => {
        store.commit(RECORD, (error) => (error === undefined ? resolve() : reject(error)))
      })
      waitsMs.push(performance.now() - nowMs)
    }
  }
  await Promise.all(Array.from({ length: writers }, writer))
  return { perSecond: (waitsMs.length / (performance.now() - startedAtMs)) * 1000, waitsMs }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

async function compareStores(place: string): Promise<void> {
  const results = new Map<string, { perSecond: number[]; waitsMs: number[] }>()
  for (let round = 0; round < ROUNDS; round += 1)
    for (const writers of WRITERS)
      for (const [name, open] of Object.entries(STORES)) {
        const store = await open(join(place, `${name.replaceAll(/\W/g, '-')}-${writers}-${round}`))
        const { perSecond, waitsMs } = await run(store, writers)
        await store.close()
        const key = `${writers} | ${name}`
        const result = results.get(key) ?? { perSecond: [], waitsMs: [] }
        results.set(key, {
          perSecond: [...result.perSecond, perSecond],
          waitsMs: result.waitsMs.concat(waitsMs),
        })
      }
  process.stdout.write(
    '| writers | store | records/s (median) | wait ms p50 | p99 |\n| ---: | --- | ---: | ---: | ---: |\n',
  )
  for (const [key, { perSecond, waitsMs }] of results) {
    const [p50, p99] = [quantile(waitsMs, 0.5), quantile(waitsMs, 0.99)]
    const rate = Math.round(quantile(perSecond, 0.5)).toLocaleString('en')
    process.stdout.write(`| ${key} | ${rate} | ${p50.toFixed(2)} | ${p99.toFixed(2)} |\n`)
  }
}

function openStore(directory: string): { readonly store: SessionStore; readonly journal: Journal } {
  const journal = openJournal(directory)
  const store = new SessionStore({
    queuedMessages: 10_000,
    queuedBytes: 16 * 1024 * 1024,
    mayKeep: () => true,
    onOverflow: () => undefined,
    retainedTopics: 10_000,
    onRetainedFull: () => undefined,
    log: createChangeLog(journal),
  })
  return { store, journal }
}

/** A million messages, of which a session that went away at the beginning still waits for the ten thousand of its device. */
async function measureStart(place: string): Promise<void> {
  const directory = join(place, 'recover')
  const first = openStore(directory)
  const snapshots = keepSnapshots(first.store, first.journal, silentLog)
  await first.store.addSubscriptions({ id: 'station' }, [{ topic: 'vitals/v1/icu/b01/#', qos: 1 }])
  const log = createChangeLog(first.journal)
  let settledCount = 0
  for (let n = 0; n < RECOVERED; n += 1) {
    const topic = `vitals/v1/icu/b${String(n % 100).padStart(2, '0')}/mon-1/numeric`
    const message = { topic, payload: RECORD.subarray(0, 300), qos: 1, retain: false } as const
    await new Promise<void>((resolve) => {
      const seq = log.commit({ kind: 'message', message }, () => {
        const packet = {
          cmd: 'publish',
          brokerId: 'bench',
          brokerCounter: seq,
          dup: false,
          ...message,
        } as const
        first.store.takePublished(packet, seq)
        settledCount += 1
      })
      if (n % 500 === 499) first.journal.flush().then(resolve, resolve)
      else resolve()
    })
  }
  await first.journal.flush()
  await snapshots.write()
  const startedAtMs = performance.now()
  const second = openStore(directory)
  const report = recoverSessions(second.store, second.journal, noEvents)
  const tookMs = performance.now() - startedAtMs
  process.stdout.write(
    `\nstart behind ${settledCount.toLocaleString('en')} messages: ${Math.round(tookMs)} ms, ` +
      `${report.replayedCount.toLocaleString('en')} read, ${report.waitingCount.toLocaleString('en')} waiting for their session\n`,
  )
  await second.journal.close()
  await first.journal.close()
}

const place = mkdtempSync(join(tmpdir(), 'wardgate-bench-'))
try {
  await compareStores(place)
  await measureStart(place)
} finally {
  rmSync(place, { recursive: true, force: true })
}
