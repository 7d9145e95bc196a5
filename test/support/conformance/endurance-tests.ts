/** Noise for hours: what a driver holds back is bounded, and the heap does not grow. */

import { expect, it } from '@jest/globals'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { decodedLines } from '../../../cli/decoded-line.ts'
import type { Driver } from '../../../devices/protocol.ts'
import { randomBytes, seededRandom } from './damage.ts'
import { discardedBytes } from './decode.ts'
import { expectSound } from './output-faults.ts'
import type { Subject } from './subject.ts'

const CHUNK_BYTES = 500
const POOL_BYTES = 20_000
/** The heap of a test run breathes by itself. */
const HEAP_SLACK_BYTES = 2 * 1024 * 1024
/** Hours of a 9600 baud line; more with WARDGATE_NOISE_MB. */
const NOISE_BYTES = Number(process.env['WARDGATE_NOISE_MB'] ?? '0.5') * 1024 * 1024
/** Chance takes its time: pieces of one long run of it, from anywhere, are as good. */
function slicesOf(seed: number): () => Uint8Array {
  const random = seededRandom(seed)
  const pool = randomBytes(random, POOL_BYTES)
  return () => {
    const at = Math.floor(random() * (POOL_BYTES - CHUNK_BYTES))
    return pool.slice(at, at + CHUNK_BYTES)
  }
}

const NOISES: readonly (readonly [string, (subject: Subject) => () => Uint8Array])[] = [
  ['random bytes', () => slicesOf(7)],
  [
    'bytes from 80 upwards',
    () => {
      const next = slicesOf(8)
      return () => next().map((byte) => byte | 0x80)
    },
  ],
  ['one byte for ever', () => () => new Uint8Array(CHUNK_BYTES).fill(0x31)],
  [
    'its own first byte for ever',
    ({ cases }) => {
      const [first = 0] = cases[0]?.bytes ?? []
      return () => new Uint8Array(CHUNK_BYTES).fill(first)
    },
  ],
  [
    'the beginnings of its own messages',
    ({ cases }) => {
      const random = seededRandom(9)
      return () => {
        const bytes = cases[Math.floor(random() * cases.length)]?.bytes ?? new Uint8Array(1)
        return bytes.slice(0, 1 + Math.floor(random() * Math.min(bytes.length, CHUNK_BYTES)))
      }
    },
  ],
]

export function describeEndurance(subject: Subject): void {
  it(`the driver of ${subject.id} keeps little in hours of noise`, () => {
    const drivers = NOISES.map(([name, createNoise]) => ({
      name,
      driver: subject.createDecoder(subject.cases[0]?.context ?? {}),
      next: createNoise(subject),
    }))
    const share = NOISE_BYTES / NOISES.length
    for (const { driver, next } of drivers) feed(driver, next, share / 4)
    const before = heapBytes()
    for (const { driver, next } of drivers) feed(driver, next, share)
    expect(heapBytes() - before).toBeLessThan(HEAP_SLACK_BYTES)
    // What was held back comes out when the line ends.
    for (const { name, driver } of drivers) {
      const held = discardedBytes(
        driver.receive({ kind: 'closed', reason: 'end of noise' }, 0).flatMap(decodedLines),
      )
      if (held > subject.retainedBytes) throw new Error(`${held} bytes of ${name} were held back`)
    }
  })
}

function feed(driver: Driver, next: () => Uint8Array, sizeBytes: number): void {
  for (let fed = 0; fed < sizeBytes;) {
    const bytes = next()
    fed += bytes.length
    for (const output of driver.receive({ kind: 'bytes', bytes }, 0)) expectSound(output)
  }
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
