import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import type { DecodedLine } from '../../../cli/decoded-line.ts'
import { MAX_DISCARD_BYTES } from '../../../devices/framing/discard-run.ts'
import { isPermitted } from '../../../gateway/stages/permit-command.ts'
import {
  STREAM_PROTOCOLS,
  cutAt,
  decodeChunks,
  discardedBytes,
  seededRandom,
  vectorsOf,
} from '../../support/stream-vectors.ts'

const SEED = 20_260_920

/** More than any window and any run together; a driver that keeps more than this keeps what comes. */
const RETAINED_BYTES = 10_000

interface Edit {
  readonly at: number
  readonly remove: number
  readonly insert: Uint8Array
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(2000),
  remove: fc.nat(7),
  insert: fc.uint8Array({ maxLength: 9 }),
})

function isPlain(lines: readonly DecodedLine[]): boolean {
  return lines.every(({ kind }) => kind !== 'discarded') && lines.some(({ kind }) => kind === 'numeric')
}

/**
 * What is told of an alarm depends on what was told before; what is measured does not. Of a device without any metric
 * its texts are compared.
 */
function numericsOf(lines: readonly DecodedLine[], kind = 'numeric'): readonly DecodedLine[] {
  return lines.filter((line) => line.kind === kind)
}

function damaged(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  return edits.reduce<Uint8Array>((before, { at, remove, insert }) => {
    const place = at % (before.length + 1)
    return Buffer.concat([before.subarray(0, place), insert, before.subarray(place + remove)])
  }, bytes)
}

describe.each(STREAM_PROTOCOLS)('the driver of $id', (protocol) => {
  const vectors = vectorsOf(protocol)
  const good =
    vectors.find(({ expected }) => isPlain(expected)) ??
    vectors.find(({ expected }) => expected.every(({ kind }) => kind === 'text'))
  const kind = protocol.metrics.length > 0 ? 'numeric' : 'text'
  const traffic = Buffer.concat(vectors.map(({ input }) => input))
  const dirty = fc.array(edit, { maxLength: 6 }).map((edits) => damaged(traffic, edits))

  it('gives the same output for any chunking of damaged traffic, discards included', () => {
    fc.assert(
      fc.property(dirty, fc.array(fc.nat(3000), { maxLength: 40 }), (bytes, places) => {
        const cuts = places.map((place) => place % (bytes.length + 1))
        expect(decodeChunks(protocol, cutAt(bytes, cuts))).toEqual(decodeChunks(protocol, [bytes]))
      }),
      { seed: SEED, numRuns: 60 },
    )
  })

  it('gives the same output byte by byte', () => {
    fc.assert(
      fc.property(dirty, (bytes) => {
        expect(decodeChunks(protocol, cutAt(bytes, [...bytes.keys()]))).toEqual(
          decodeChunks(protocol, [bytes]),
        )
      }),
      { seed: SEED, numRuns: 15 },
    )
  })

  it('takes any bytes without throwing and gives each lost byte back at most once', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 5 }), (chunks) => {
        const lines = decodeChunks(protocol, chunks)
        const total = chunks.reduce((sum, { length }) => sum + length, 0)
        expect(discardedBytes(lines)).toBeLessThanOrEqual(total)
        for (const line of lines) expect(discardedBytes([line])).toBeLessThanOrEqual(MAX_DISCARD_BYTES)
      }),
      { seed: SEED, numRuns: 150 },
    )
  })

  it('finds a good unit behind any damage', () => {
    const readings = numericsOf(good?.expected ?? [], kind)
    expect(readings.length).toBeGreaterThan(0)
    fc.assert(
      fc.property(dirty, fc.nat(3000), (bytes, size) => {
        const wreck = bytes.subarray(0, size % (bytes.length + 1))
        const found = numericsOf(decodeChunks(protocol, [wreck, good?.input ?? wreck]), kind)
        expect(found.slice(-readings.length)).toEqual(readings)
      }),
      { seed: SEED, numRuns: 60 },
    )
  })

  it.each([
    ['random bytes', (random: () => number) => 128 + Math.floor(random() * 128)],
    ['one byte for ever', () => 0x31],
    ['its own start byte for ever', () => good?.input[0] ?? 0],
  ])('keeps a bounded number of bytes of %s', (_, next) => {
    const random = seededRandom(7)
    const driver = protocol.createDriver()
    let kept = 0
    for (let chunk = 0; chunk < 200; chunk += 1) {
      const bytes = Uint8Array.from({ length: 500 }, () => next(random))
      kept += bytes.length
      for (const output of driver.receive({ kind: 'bytes', bytes }, 0))
        if (output.kind === 'discarded') kept -= output.bytes.length
      expect(kept).toBeLessThan(RETAINED_BYTES)
    }
  })

  it('gives up what is unfinished as truncated when the line closes, and begins anew', () => {
    const input = good?.input ?? new Uint8Array()
    const driver = protocol.createDecoder?.() ?? protocol.createDriver()
    const size = Math.min(40, input.length - 1)
    expect(driver.receive({ kind: 'bytes', bytes: input.subarray(0, size) }, 0)).toEqual([])
    // HL7 tells the length of what it threw away and not the bytes: they may hold a name.
    const given = driver.receive({ kind: 'closed', reason: 'cable pulled' }, 0)
    expect(
      given.map((output) => output.kind === 'discarded' && [output.reason, output.bytes.length]),
    ).toEqual([['truncated', size]])
    expect(driver.receive({ kind: 'opened' }, 0)).toEqual([])
    const outputs = driver.receive({ kind: 'bytes', bytes: input }, 0)
    expect(outputs.some(({ kind }) => kind === 'observation' || kind === 'text')).toBe(true)
    expect(outputs.every(({ kind }) => kind !== 'discarded')).toBe(true)
  })

  it('asks nothing of its device that its closed list does not hold', () => {
    for (const output of protocol.createDriver().receive({ kind: 'opened' }, 0))
      expect(output.kind === 'send' && isPermitted(output, protocol.sends)).toBe(true)
  })
})
