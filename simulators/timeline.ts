/** What a device has to say and when, worked out from the recording alone: the replay and the tests read the same list. */

import { endOf, gapStart, rowAt, type RecordedRow, type Recording } from './recording.ts'

export interface Replay {
  readonly startS: number
  /** The end of the recording when absent. */
  readonly endS?: number
  /** Seconds of the recording per second of the wall clock. */
  readonly speed: number
}

/** One thing to say. `row` is undefined where the recording has a gap: said once by a device that sends each row. */
export interface Due {
  /** Recording time. */
  readonly atS: number
  /** Recording time since the replay began. */
  readonly elapsedS: number
  readonly row: RecordedRow | undefined
}

/**
 * `messages-per-second`: the device sends at a rate of its own, whatever is new, as an oximeter does; the rate is of
 * the wall clock. `each-row`: it sends what is recorded, when it is recorded, each row once.
 */
export type Rhythm =
  { readonly kind: 'messages-per-second'; readonly count: number } | { readonly kind: 'each-row' }

/** It can be gone through again from the beginning. */
export function timeline(recording: Recording, replay: Replay, rhythm: Rhythm): Iterable<Due> {
  return {
    [Symbol.iterator]: () =>
      rhythm.kind === 'each-row' ? eachRow(recording, replay) : atOwnRate(recording, replay, rhythm.count),
  }
}

function* eachRow(recording: Recording, { startS, endS = endOf(recording) }: Replay): Generator<Due> {
  let previous: RecordedRow | undefined
  for (const row of recording.rows) {
    if (row.atS < startS) continue
    if (row.atS >= endS) return
    if (previous !== undefined && row.atS > gapStart(recording, previous)) {
      const atS = gapStart(recording, previous)
      yield { atS, elapsedS: atS - startS, row: undefined }
    }
    yield { atS: row.atS, elapsedS: row.atS - startS, row }
    previous = row
  }
}

function* atOwnRate(recording: Recording, replay: Replay, perSecond: number): Generator<Due> {
  const { startS, speed, endS = endOf(recording) } = replay
  for (let count = 0; ; count++) {
    // Counted, not added up: a third of a second would drift.
    const elapsedS = (count * speed) / perSecond
    if (startS + elapsedS >= endS) return
    yield { atS: startS + elapsedS, elapsedS, row: rowAt(recording, startS + elapsedS) }
  }
}
