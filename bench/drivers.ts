/**
 * How fast each driver is and how much it allocates, over the vectors of the tests. Rounds are interleaved, so that a
 * busy moment of the machine meets all of them alike. `npm run bench:drivers` prints the table of docs/performance.md.
 */

import { availableParallelism } from 'node:os'
import type { Driver, LinkEvent } from '../devices/protocol.ts'
import { CAPTURE_FORMATS, PROTOCOLS } from '../devices/registry.ts'
import { type BenchInput, benchInputs } from './inputs.ts'

const ROUNDS = Number(process.env['WARDGATE_BENCH_ROUNDS'] ?? '15')
const ROUND_MS = 40
const WARM_UP_MS = 300
const ALLOCATION_FRAMES = 4000
const AT_MS = 0

interface Measured {
  readonly input: BenchInput
  readonly nsPerFrame: number[]
}

function pass(driver: Driver, events: readonly LinkEvent[]): number {
  let outputs = 0
  for (const event of events) outputs += driver.receive(event, AT_MS).length
  return outputs
}

/** Nanoseconds for one frame, over at least `forMs`. */
function time({ events, frames, createDriver }: BenchInput, forMs: number): number {
  const driver = createDriver()
  const startNs = process.hrtime.bigint()
  const endNs = startNs + BigInt(Math.round(forMs * 1e6))
  let passes = 0
  let nowNs = startNs
  while (nowNs < endNs) {
    pass(driver, events)
    passes += 1
    nowNs = process.hrtime.bigint()
  }
  return Number(nowNs - startNs) / (passes * frames)
}

/** With a young generation that holds all of it, nothing is collected in between. */
function allocatedBytesPerFrame({ events, frames, createDriver }: BenchInput): number {
  const driver = createDriver()
  const passes = Math.max(1, Math.round(ALLOCATION_FRAMES / frames))
  pass(driver, events)
  globalThis.gc?.()
  const before = process.memoryUsage()
  for (let index = 0; index < passes; index += 1) pass(driver, events)
  const after = process.memoryUsage()
  const bytes = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers
  return Math.max(0, bytes) / (passes * frames)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function rowOf({ input, nsPerFrame }: Measured): readonly string[] {
  const typicalNs = median(nsPerFrame)
  const bytesPerFrame = input.sizeBytes / input.frames
  return [
    input.id,
    bytesPerFrame.toFixed(1),
    Math.round(1e9 / typicalNs).toLocaleString('en'),
    Math.min(...nsPerFrame).toFixed(0),
    typicalNs.toFixed(0),
    ((bytesPerFrame * 1e9) / typicalNs / 1e6).toFixed(1),
    allocatedBytesPerFrame(input).toFixed(0),
  ]
}

const HEADER = [
  'driver',
  'bytes/frame',
  'frames/s',
  'ns/frame (min)',
  'ns/frame (median)',
  'MB/s',
  'allocated bytes/frame',
]

function print(rows: readonly (readonly string[])[]): void {
  const lines = [HEADER, HEADER.map((_, index) => (index === 0 ? '---' : '---:')), ...rows]
  process.stdout.write(`${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`)
}

const measured = benchInputs(PROTOCOLS, CAPTURE_FORMATS).map((input): Measured => ({ input, nsPerFrame: [] }))
for (const { input } of measured) time(input, WARM_UP_MS)
for (let round = 0; round < ROUNDS; round += 1)
  for (const { input, nsPerFrame } of measured) nsPerFrame.push(time(input, ROUND_MS))

process.stdout.write(
  `Node ${process.versions.node}, ${availableParallelism()} cores; median of ${ROUNDS} interleaved rounds.\n\n`,
)
print(measured.map(rowOf))
