/** The tests of each vector: the same bytes give the same values however they arrive. */

import { describe, expect, it } from '@jest/globals'
import { cutAt, randomBytes, seededRandom } from './damage.ts'
import { decode, numericsOf, shownValues, unforeseen, withoutDiscards } from './decode.ts'
import { expectSame } from './expect-same.ts'
import type { Subject, VectorCase } from './subject.ts'

/** A long vector is cut at this many places instead of at every byte. */
const MAX_CUTS = 600
const NOISE_BYTES = 97

export function describeVectors(subject: Subject): void {
  describe(`the vectors of ${subject.id}`, () => {
    it('are there, and one of them is read without a fault', () => {
      expect(subject.cases.map(({ name }) => name)).not.toEqual([])
      const clean = subject.cases.filter(({ expected }) => expected.every(({ kind }) => kind !== 'discarded'))
      expect(clean.map(({ name }) => name)).not.toEqual([])
    })

    for (const vector of subject.cases) describeVector(subject, vector)
  })
}

function describeVector(subject: Subject, vector: VectorCase): void {
  describe(vector.name, () => {
    it('says where its bytes come from and under which licence', () => {
      expect(vector.source).toMatch(/^# .+/)
      expect(vector.source).toMatch(/^Kind: (captured|documented example|constructed)\.$/m)
      expect(vector.source).toMatch(/^Licence: \S+/m)
    })

    it('decodes as it stands', () => {
      expect(decode(subject, vector.lines, vector.context)).toEqual(vector.expected)
    })

    if (subject.input === 'stream') describeStream(subject, vector)
    else describeMessages(subject, vector)
  })
}

function describeStream(subject: Subject, { bytes, context, expected }: VectorCase): void {
  const read = (chunks: readonly Uint8Array[]) => decode(subject, chunks, context)

  it('decodes whole, byte by byte and in random pieces', () => {
    expect(read([bytes])).toEqual(expected)
    expectSame(read(cutAt(bytes, [...bytes.keys()])), expected)
    for (const seed of [1, 2, 3, 4, 5]) {
      const random = seededRandom(seed)
      const places = Array.from({ length: 12 }, () => Math.floor(random() * bytes.length))
      expectSame({ seed, lines: read(cutAt(bytes, places)) }, { seed, lines: expected })
    }
  })

  it.each([1, 2, 3])('gives the same readings after noise (seed %i)', (seed) => {
    const found = read([randomBytes(seededRandom(seed), NOISE_BYTES), bytes])
    if (subject.check === 'exact') {
      expect(withoutDiscards(found)).toEqual(withoutDiscards(expected))
      return
    }
    // Noise may pass for readings where nothing is checked: then the true ones still come, and last. A wave that the
    // noise began is no longer cut at the same places.
    const readings = numericsOf(expected)
    expect(numericsOf(found).slice(numericsOf(found).length - readings.length)).toEqual(readings)
  })

  it('gives no more and no other readings when cut short anywhere', () => {
    const step = Math.max(1, Math.ceil(bytes.length / MAX_CUTS))
    for (let size = 0; size < bytes.length; size += step)
      expect({ size, more: unforeseen(read([bytes.subarray(0, size)]), expected) }).toEqual({
        size,
        more: [],
      })
  })
}

function describeMessages(subject: Subject, { lines, context, expected }: VectorCase): void {
  const read = (messages: readonly Uint8Array[]) => decode(subject, messages, context)
  const shown = shownValues(expected)
  const expectNothingNew = (what: string, messages: readonly Uint8Array[]): void => {
    const added = [...shownValues(read(messages))].filter((value) => !shown.has(value))
    expectSame({ what, added }, { what, added: [] })
  }

  it('shows no value that was not sent when a message is lost, comes twice or too late', () => {
    for (const [index, line] of lines.entries()) {
      const before = lines.slice(0, index)
      const after = lines.slice(index + 1)
      expectNothingNew(`message ${index + 1} lost`, [...before, ...after])
      expectNothingNew(`message ${index + 1} twice`, [...before, line, line, ...after])
      expectNothingNew(`message ${index + 1} late`, [...before, ...after, line])
    }
  })

  it('shows no value that was not sent when a message is cut short', () => {
    // What is discarded for its surplus octets may be sound without them.
    if (expected.some(({ kind }) => kind === 'discarded')) return
    for (const [index, line] of lines.entries()) {
      const step = Math.max(1, Math.ceil(line.length / MAX_CUTS))
      for (let size = 0; size < line.length; size += step) {
        const messages = lines.map((whole, at) => (at === index ? line.subarray(0, size) : whole))
        expectNothingNew(`message ${index + 1} cut to ${size} bytes`, messages)
      }
    }
  })

  it('gives the same readings with foreign messages in between', () => {
    // Records that begin with their length alone cannot be found again behind one that is none.
    if (subject.check === 'none') return
    const random = seededRandom(11)
    const mixed = lines.flatMap((line) => [randomBytes(random, 40), line])
    expect(withoutDiscards(read(mixed))).toEqual(withoutDiscards(expected))
  })
}
