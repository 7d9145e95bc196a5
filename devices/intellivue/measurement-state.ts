/** The measurement state of a numeric or a wave: how far the monitor itself trusts it. */

import type { Quality } from '../protocol.ts'

interface StateBit {
  readonly mask: number
  readonly word: string
  readonly effect?: Quality
}

// The order is that of the weight: the first bit with an effect decides.
const BITS: readonly StateBit[] = [
  { mask: 0x8000, word: 'invalid', effect: 'invalid' },
  { mask: 0x0800, word: 'test', effect: 'invalid' },
  { mask: 0x0400, word: 'demo', effect: 'invalid' },
  // "Publish only if the high byte is 0": a bit that nobody explains is no reason to trust a value.
  { mask: 0x0200, word: 'state_0200', effect: 'invalid' },
  { mask: 0x0100, word: 'state_0100', effect: 'invalid' },
  { mask: 0x1000, word: 'calibrating', effect: 'calibrating' },
  { mask: 0x2000, word: 'unavailable', effect: 'absent' },
  { mask: 0x0020, word: 'ongoing', effect: 'invalid' },
  { mask: 0x4000, word: 'questionable', effect: 'questionable' },
  { mask: 0x0080, word: 'validated' },
  { mask: 0x0040, word: 'early' },
  { mask: 0x0002, word: 'in_alarm' },
  { mask: 0x0001, word: 'alarms_off' },
]

const KNOWN_BITS = BITS.reduce((all, { mask }) => all | mask, 0)
const ONGOING = 0x0020

export interface MeasurementState {
  readonly quality: Quality
  readonly words: readonly string[]
  /** "Measurement ongoing": the value is that of the time before, and no new reading. */
  readonly isOngoing: boolean
}

const seen = new Map<number, MeasurementState>()

/** The same object for the same state: bits without a meaning are left out, so there are few of them. */
export function measurementState(state: number): MeasurementState {
  const known = state & KNOWN_BITS
  const before = seen.get(known)
  if (before !== undefined) return before
  const set = BITS.filter(({ mask }) => (known & mask) !== 0)
  const made: MeasurementState = {
    quality: set.find(({ effect }) => effect !== undefined)?.effect ?? 'valid',
    words: set.map(({ word }) => word),
    isOngoing: (known & ONGOING) !== 0,
  }
  seen.set(known, made)
  return made
}
