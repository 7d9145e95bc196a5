/**
 * A thousand devices come back at once after the gateway was started again: when is each of them served, and do those
 * who are in already wait for the rest? `npm run bench:reconnect` prints the tables of docs/performance.md.
 */

import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { writeInventory } from '../gateway/inventory/inventory-file.ts'
import type { InventoryEntry } from '../gateway/ports.ts'
import { createBenchWard, SITE } from './bench-ward.ts'
import type { Outcome } from './reconnect-clients.ts'
import { nowMs, type Acknowledged, type DeviceTimes } from './reconnect-device.ts'
import { percentile, printTable } from './statistics.ts'
import { startWorker, type Worker } from './worker.ts'

const DEVICES = Number(process.env['WARDGATE_BENCH_DEVICES'] ?? '1000')
const FIRST_ONES = 20
const CLIENT_PROCESSES = 2
/** The first ones send often, so that no stall between two readings goes unseen. */
const FIRST_ONES_EVERY_MS = 100
const EVERY_MS = 1000
const CALM_MS = 2000
/** Until the flood has filled every queue that it can fill. */
const FLOOD_MS = 1000
/**
 * A thousand devices have a thousand processors, and their first flights come at once; two processes cannot send them
 * so. The gateway is held until all of them lie before its door.
 */
const HOLD_MS = 1500
/** In the ward the clients have processors of their own; here they must not take those of the gateway. */
const CLIENT_NICENESS = 10

const startLoad = loadavg()[0]
const ward = createBenchWard()
const server = startWorker('./reconnect-server.js')
const first = startWorker('./reconnect-clients.js')
const flood = startWorker('./reconnect-flood.js', CLIENT_NICENESS)
const rest = Array.from({ length: CLIENT_PROCESSES }, () =>
  startWorker('./reconnect-clients.js', CLIENT_NICENESS),
)
try {
  await run()
} finally {
  await Promise.all([server, first, flood, ...rest].map(async (worker) => worker.stop()))
  ward.remove()
}

async function run(): Promise<void> {
  const ids = Array.from({ length: FIRST_ONES + DEVICES }, (_, index) => `mon-${index}`)
  writeInventory(ward.stateDir, ids.map(rowOf))
  await load(first, ids.slice(0, FIRST_ONES))
  for (const [index, worker] of rest.entries())
    await load(
      worker,
      ids.slice(FIRST_ONES).filter((_, at) => at % CLIENT_PROCESSES === index),
    )
  const port = await server.ask<number>('start', { configPath: writeConfig() })
  const single = await first.ask<readonly DeviceTimes[]>('oneByOne', { port })
  await first.ask('storm', { port, everyMs: FIRST_ONES_EVERY_MS })
  await pause(500)

  await server.ask('longestTurnMs')
  const emptyKiB = await server.ask<number>('residentKiB')
  const calmAtMs = nowMs()
  await pause(CALM_MS)
  const calmTurnMs = await server.ask<number>('longestTurnMs')
  const beforeCpuMs = await server.ask<number>('cpuMs')
  const heldAtMs = nowMs()
  server.hold()
  const storms = rest.map(async (worker) => worker.ask<Outcome>('storm', { port, everyMs: EVERY_MS }))
  await pause(HOLD_MS)
  const stormAtMs = nowMs()
  server.release()
  await server.ask('longestTurnMs')
  const outcomes = await Promise.all(storms)
  const endMs = nowMs()
  const serverCpuMs = (await server.ask<number>('cpuMs')) - beforeCpuMs
  const stormTurnMs = await server.ask<number>('longestTurnMs')
  await pause(500)
  const ofFirst = await first.ask<readonly Acknowledged[]>('acknowledged')
  const ofRest = (
    await Promise.all(rest.map(async (worker) => worker.ask<readonly Acknowledged[]>('acknowledged')))
  ).flat()
  for (const worker of [first, ...rest]) await worker.ask('quiet')
  await pause(1000)
  const fullKiB = await server.ask<number>('residentKiB')

  for (const worker of [first, ...rest]) await worker.ask('close')
  const flooded = await beneathFlood(port)

  const [model] = cpus()
  const times = outcomes.flatMap((outcome) => outcome.times)
  const failures = outcomes.flatMap((outcome) => outcome.failures)
  process.stdout.write(
    `Node ${process.versions.node}, ${availableParallelism()} cores (${model?.model.trim() ?? 'unknown'}), load ${startLoad?.toFixed(2) ?? '?'} at the start; ` +
      `${DEVICES} devices at once in ${CLIENT_PROCESSES} processes, ${FIRST_ONES} that are in already, each with its own certificate (P-256, TLS 1.3).\n\n`,
  )
  printTable(
    ['from the start of the storm, ms', 'p50', 'p95', 'max'],
    [
      rowOfTimes(
        'handshake ended',
        times.map(({ secureMs = Number.NaN }) => secureMs - stormAtMs),
      ),
      rowOfTimes(
        'CONNACK',
        times.map(({ connackMs = Number.NaN }) => connackMs - stormAtMs),
      ),
      rowOfTimes(
        'first reading acknowledged',
        times.map(({ pubackMs = Number.NaN }) => pubackMs - stormAtMs),
      ),
    ],
  )
  printTable(
    ['a reading until its acknowledgement, ms', 'p50', 'p95', 'max'],
    [
      rowOfTimes('those already in, calm', within(ofFirst, calmAtMs, heldAtMs - FIRST_ONES_EVERY_MS)),
      rowOfTimes('those already in, storm', within(ofFirst, stormAtMs, endMs)),
      rowOfTimes('those who came in with the storm, second reading on', within(ofRest, stormAtMs, endMs)),
    ],
  )
  printTable(
    ['one device alone, ms', 'p50', 'p95', 'max'],
    [
      rowOfTimes(
        'handshake ended',
        single.map(({ startMs, secureMs = Number.NaN }) => secureMs - startMs),
      ),
      rowOfTimes(
        'CONNACK',
        single.map(({ startMs, connackMs = Number.NaN }) => connackMs - startMs),
      ),
      rowOfTimes(
        'first reading acknowledged',
        single.map(({ startMs, pubackMs = Number.NaN }) => pubackMs - startMs),
      ),
    ],
  )
  printTable(
    ['one device alone, while another address floods, ms', 'p50', 'p95', 'max'],
    [
      rowOfTimes(
        'handshake ended',
        flooded.times.map(({ startMs, secureMs = Number.NaN }) => secureMs - startMs),
      ),
      rowOfTimes(
        'first reading acknowledged',
        flooded.times.map(({ startMs, pubackMs = Number.NaN }) => pubackMs - startMs),
      ),
    ],
  )
  const clientCpuMs = outcomes.reduce((sum, { cpuMs }) => sum + cpuMs, 0)
  process.stdout.write(
    [
      `Served ${times.filter(({ pubackMs }) => pubackMs !== undefined).length} of ${DEVICES} in ${((endMs - stormAtMs) / 1000).toFixed(2)} s; failures: ${failures.length === 0 ? 'none' : [...new Set(failures)].join(', ')}.`,
      `CPU: gateway ${(serverCpuMs / 1000).toFixed(2)} s (${(serverCpuMs / DEVICES).toFixed(2)} ms a device), clients ${(clientCpuMs / 1000).toFixed(2)} s.`,
      `Longest turn of the gateway's event loop: calm ${calmTurnMs.toFixed(0)} ms, storm ${stormTurnMs.toFixed(0)} ms.`,
      `The flood began ${flooded.perSecond.toFixed(0)} handshakes a second from one address.`,
      `Memory: ${((fullKiB - emptyKiB) / DEVICES).toFixed(0)} KiB resident a session (${(emptyKiB / 1024).toFixed(0)} MiB before, ${(fullKiB / 1024).toFixed(0)} MiB with all of them).`,
      '',
    ].join('\n'),
  )
}

async function beneathFlood(
  port: number,
): Promise<{ readonly times: readonly DeviceTimes[]; readonly perSecond: number }> {
  await flood.ask('start', { port })
  const startMs = nowMs()
  await pause(FLOOD_MS)
  const times = await first.ask<readonly DeviceTimes[]>('oneByOne', { port })
  const answeredCount = await flood.ask<number>('stop')
  return { times, perSecond: (answeredCount * 1000) / (nowMs() - startMs) }
}

async function load(worker: Worker, ids: readonly string[]): Promise<void> {
  await worker.ask(
    'load',
    ids.map((id) => ({ id, material: ward.material('device', id, 'P-256') })),
  )
}

function rowOf(id: string, index: number): InventoryEntry {
  return { role: 'device', id, ward: 'icu', bed: `b${index}`, assoc: `a${index}`, protocol: 'nonin-df2' }
}

function within(all: readonly Acknowledged[], fromMs: number, toMs: number): readonly number[] {
  return all.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).map(({ tookMs }) => tookMs)
}

function rowOfTimes(name: string, values: readonly (number | undefined)[]): readonly string[] {
  const known = values.filter((value) => value !== undefined)
  return [name, ...[0.5, 0.95, 1].map((share) => percentile(known, share).toFixed(1))]
}

function writeConfig(): string {
  const path = join(ward.stateDir, 'bench.yaml')
  const listen = "broker:\n  listen:\n    - host: 127.0.0.1\n      port: 0\n      tls: '1.3'\n"
  writeFileSync(path, `gateway: gw-bench\nstate: ${ward.stateDir}\nsite: ${SITE}\n${listen}`)
  return path
}
