/**
 * What a mutual-TLS handshake costs: wardgate's listener against Node's own TLS server with the same certificates, in
 * one run and in interleaved rounds. `npm run bench:handshakes` prints the tables of docs/performance.md.
 */

import { availableParallelism, cpus, loadavg } from 'node:os'
import { createBenchWard, type KeyKind } from './bench-ward.ts'
import type { HandshakeOrder, HandshakeOutcome } from './handshakes-client.ts'
import type { ServerRequest } from './handshakes-server.ts'
import { median, printTable } from './statistics.ts'
import { startWorker } from './worker.ts'

const ROUNDS = Number(process.env['WARDGATE_BENCH_ROUNDS'] ?? '5')
const HANDSHAKES = 150
const TOGETHER = 8

interface Contest {
  readonly name: string
  readonly key: KeyKind
  readonly version: '1.2' | '1.3'
  readonly resumption: HandshakeOrder['resumption']
  readonly order: HandshakeOrder
  readonly serverCpuMs: number[]
  readonly clientCpuMs: number[]
  readonly perSecond: number[]
}

const CONTESTANTS: readonly {
  readonly kind: ServerRequest['kind']
  readonly resumptions: readonly HandshakeOrder['resumption'][]
}[] = [
  { kind: 'bare', resumptions: ['full', 'resumed'] },
  { kind: 'wardgate', resumptions: ['full'] },
  { kind: 'wardgate-with-tickets', resumptions: ['resumed'] },
]

const startLoad = loadavg()[0]
const ward = createBenchWard()
const server = startWorker('./handshakes-server.js')
const client = startWorker('./handshakes-client.js')
try {
  const contests = await prepare()
  for (let round = -1; round < ROUNDS; round += 1)
    for (const contest of contests) await compete(contest, round < 0)
  report(contests)
  const identifyMs = await server.ask<number>('identifyMs')
  process.stdout.write(`Identifying the client took ${identifyMs.toFixed(2)} ms of CPU a handshake.\n`)
} finally {
  await Promise.all([client.stop(), server.stop()])
  ward.remove()
}

async function prepare(): Promise<readonly Contest[]> {
  const contests: Contest[] = []
  for (const key of ['P-256', 'RSA-3072'] as const) {
    const name = key.toLowerCase()
    const own = ward.material('server', name, key)
    const material = ward.material('device', name, key)
    const { crl } = ward.store.serverMaterial()
    for (const version of ['1.3', '1.2'] as const)
      for (const { kind, resumptions } of CONTESTANTS) {
        const request: ServerRequest = { kind, version, material: { ...own, crl } }
        const port = await server.ask<number>('open', request)
        for (const resumption of resumptions) {
          const order = { port, version, material, resumption, count: HANDSHAKES, together: TOGETHER }
          const measured = { serverCpuMs: [], clientCpuMs: [], perSecond: [] }
          contests.push({ name: kind, key, version, resumption, order, ...measured })
        }
      }
  }
  return contests
}

async function compete({ order, ...measured }: Contest, isWarmUp: boolean): Promise<void> {
  const before = await server.ask<number>('cpuMs')
  const { wallMs, cpuMs } = await client.ask<HandshakeOutcome>('run', order)
  const after = await server.ask<number>('cpuMs')
  if (isWarmUp) return
  measured.serverCpuMs.push((after - before) / HANDSHAKES)
  measured.clientCpuMs.push(cpuMs / HANDSHAKES)
  measured.perSecond.push((HANDSHAKES * 1000) / wallMs)
}

function report(contests: readonly Contest[]): void {
  const [model] = cpus()
  process.stdout.write(
    `Node ${process.versions.node}, OpenSSL ${process.versions.openssl}, ${availableParallelism()} cores (${model?.model.trim() ?? 'unknown'}), ` +
      `load ${startLoad?.toFixed(2) ?? '?'} at the start; median of ${ROUNDS} interleaved rounds of ${HANDSHAKES} handshakes, ${TOGETHER} at a time.\n\n`,
  )
  const header = [
    'keys, TLS, handshake, server',
    'CPU ms',
    'to bare',
    'per s and core',
    'seen/s',
    'client CPU ms',
  ]
  const rows = contests.map((contest) => {
    const { name, key, version, resumption } = contest
    const bare = contests.find(
      (other) =>
        other.name === 'bare' &&
        other.key === key &&
        other.version === version &&
        other.resumption === resumption,
    )
    const cost = median(contest.serverCpuMs)
    const ratios = contest.serverCpuMs.map((one, round) => one / (bare?.serverCpuMs[round] ?? Number.NaN))
    return [
      `${key}, ${version}, ${resumption}, ${name}`,
      cost.toFixed(2),
      median(ratios).toFixed(2),
      (1000 / cost).toFixed(0),
      median(contest.perSecond).toFixed(0),
      median(contest.clientCpuMs).toFixed(2),
    ]
  })
  printTable(header, rows)
}
