/** What happens to bytes on their way, from a seed. */

import * as fc from 'fast-check'

/** Reproducible random numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

export function randomBytes(random: () => number, sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, () => Math.floor(random() * 256))
}

/** Cut at the given places; empty chunks stay, as a link may deliver them. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const cuts = [0, ...[...places].sort((a, b) => a - b), bytes.length]
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end))
}

interface Edit {
  readonly at: number
  readonly remove: number
  readonly insert: Uint8Array
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(1_000_000),
  remove: fc.nat(7),
  insert: fc.uint8Array({ maxLength: 9 }),
})

function applyEdits(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  return edits.reduce<Uint8Array>((before, { at, remove, insert }) => {
    const place = at % (before.length + 1)
    return Buffer.concat([before.subarray(0, place), insert, before.subarray(place + remove)])
  }, bytes)
}

/** Real traffic with a few bytes lost, added or changed. */
export function damaged(traffic: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc.array(edit, { maxLength: 6 }).map((edits) => applyEdits(traffic, edits))
}

/** Datagrams that were lost, sent twice, overtaken, cut short or changed. */
export function disturbed(lines: readonly Uint8Array[]): fc.Arbitrary<readonly Uint8Array[]> {
  const fate = fc.record({
    fate: fc.constantFrom('kept', 'lost', 'twice', 'late', 'cut', 'changed'),
    at: fc.nat(1_000_000),
    insert: fc.uint8Array({ maxLength: 4 }),
  })
  return fc.array(fate, { minLength: lines.length, maxLength: lines.length }).map((fates) => {
    const late: Uint8Array[] = []
    const now = lines.flatMap((line, index) => {
      const { fate, at = 0, insert = new Uint8Array() } = fates[index] ?? { fate: 'kept' }
      if (fate === 'lost') return []
      if (fate === 'twice') return [line, line]
      if (fate === 'cut') return [line.subarray(0, at % (line.length + 1))]
      if (fate === 'changed') return [applyEdits(line, [{ at, remove: insert.length, insert }])]
      if (fate !== 'late') return [line]
      late.push(line)
      return []
    })
    return [...now, ...late]
  })
}
