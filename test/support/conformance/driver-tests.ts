/** The tests of a driver against a hostile line: nothing throws, nothing grows, nothing is invented, and it recovers. */

import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { MAX_DISCARD_BYTES } from '../../../devices/framing/discard-run.ts'
import { cutAt, damaged, disturbed } from './damage.ts'
import { expectSame } from './expect-same.ts'
import { expectSound } from './output-faults.ts'

import { decode, decodeWith, discardedBytes, lastNumerics, numericsOf, withoutDiscards } from './decode.ts'
import type { Subject, VectorCase } from './subject.ts'

const SEED = 20_260_920

export function describeDriver(subject: Subject): void {
  describe(`the driver of ${subject.id} on a hostile line`, () => {
    const good = subject.cases.find(
      ({ expected }) => numericsOf(expected).length > 0 && expected.every(({ kind }) => kind !== 'discarded'),
    )
    if (subject.input === 'stream') describeStreamDriver(subject, good)
    else describeMessageDriver(subject)
    it('begins anew when the line was closed and opened', () => beginsAnew(subject, good))
  })
}

function describeStreamDriver(subject: Subject, good: VectorCase | undefined): void {
  const dirty = damaged(Buffer.concat(subject.cases.map(({ bytes }) => bytes)))

  it('gives the same output for any chunking of damaged traffic, discards included', () => {
    fc.assert(
      fc.property(dirty, fc.array(fc.nat(1_000_000), { maxLength: 40 }), (bytes, places) => {
        const cuts = places.map((place) => place % (bytes.length + 1))
        expectSame(decode(subject, cutAt(bytes, cuts)), decode(subject, [bytes]))
      }),
      { seed: SEED, numRuns: 60 },
    )
  })

  it('gives the same output byte by byte', () => {
    fc.assert(
      fc.property(dirty, (bytes) => {
        expectSame(decode(subject, cutAt(bytes, [...bytes.keys()])), decode(subject, [bytes]))
      }),
      { seed: SEED, numRuns: 10 },
    )
  })

  it('takes any bytes without throwing and gives each lost byte back at most once', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 5 }), (chunks) => {
        const lines = decode(subject, chunks)
        const total = chunks.reduce((sum, { length }) => sum + length, 0)
        expect(discardedBytes(lines)).toBeLessThanOrEqual(total)
        for (const line of lines) expect(discardedBytes([line])).toBeLessThanOrEqual(MAX_DISCARD_BYTES)
      }),
      { seed: SEED, numRuns: 150 },
    )
  })

  it('finds a good unit behind any damage', () => {
    if (good === undefined) return
    const readings = numericsOf(good.expected)
    fc.assert(
      fc.property(dirty, fc.nat(1_000_000), (bytes, size) => {
        const wreck = bytes.subarray(0, size % (bytes.length + 1))
        const found = numericsOf(decode(subject, [wreck, good.bytes]))
        if (subject.tells === 'each') expectSame(found.slice(-readings.length), readings)
        else expect(lastNumerics(found)).toMatchObject(lastNumerics(readings))
      }),
      { seed: SEED, numRuns: 60 },
    )
  })
}

function describeMessageDriver(subject: Subject): void {
  it('takes lost, repeated, late, cut and changed messages without throwing', () => {
    for (const { lines, context } of subject.cases) {
      fc.assert(
        fc.property(disturbed(lines), (messages) => {
          const total = messages.reduce((sum, { length }) => sum + length, 0)
          expect(discardedBytes(decode(subject, messages, context))).toBeLessThanOrEqual(total)
        }),
        { seed: SEED, numRuns: 60 },
      )
    }
  })

  it('takes any messages without throwing', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (messages) => {
        decode(subject, messages)
      }),
      { seed: SEED, numRuns: 150 },
    )
  })
}

function beginsAnew(subject: Subject, good: VectorCase | undefined): void {
  if (good === undefined) return
  const fresh = numericsOf(withoutDiscards(decode(subject, good.lines, good.context)))
  for (const share of [0.3, 0.5, 0.9]) {
    const driver = subject.createDecoder(good.context)
    const part = good.bytes.subarray(0, Math.floor(good.bytes.length * share))
    for (const output of driver.receive({ kind: 'bytes', bytes: part }, 0)) expectSound(output)
    driver.receive({ kind: 'closed', reason: 'cable pulled' }, 1000)
    // What a decoder would ask of a line that it does not have is not answered.
    driver.receive({ kind: 'opened' }, 2000)
    expect(numericsOf(decodeWith(driver, good.lines))).toEqual(fresh)
  }
}
