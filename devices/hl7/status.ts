/** OBX-8 and OBX-11: what the device says of a value. */

import type { Quality } from '../protocol.ts'

/** "Publish as valid only if none of INV, NAV, QUES, CAL, TEST, DEMO, BUSY, OFF, NAN, PINF, NINF, OTH, MSK is present." */
const FLAG_EFFECTS: ReadonlyMap<string, Quality> = new Map([
  ['INV', 'invalid'],
  ['DEMO', 'invalid'],
  ['TEST', 'invalid'],
  ['OFF', 'invalid'],
  ['OTH', 'invalid'],
  ['MSK', 'invalid'],
  ['NAN', 'invalid'],
  ['CAL', 'calibrating'],
  ['NAV', 'absent'],
  ['NA', 'absent'],
  ['BUSY', 'absent'],
  ['PINF', 'over'],
  ['NINF', 'under'],
  ['QUES', 'questionable'],
])

/** R unverified, F final, C correction say nothing against a value. X is told and not believed: a published example has numbers with it. */
const STATUS_EFFECTS: ReadonlyMap<string, Quality> = new Map([
  ['', 'valid'],
  ['R', 'valid'],
  ['F', 'valid'],
  ['C', 'valid'],
  ['X', 'valid'],
  ['D', 'invalid'],
  ['W', 'invalid'],
])

const SILENT_STATUS: ReadonlySet<string> = new Set(['', 'R', 'F', 'C'])

/** The worst first. */
const ORDER: readonly Quality[] = [
  'invalid',
  'calibrating',
  'absent',
  'over',
  'under',
  'questionable',
  'valid',
]

export interface Trust {
  readonly quality: Quality
  readonly why: readonly string[]
}

const MAX_FLAGS = 12
const FLAG_FORM = /^[A-Z0-9_]{1,16}$/

/** Flags in capitals, as they stand in OBX-8; what has another form is dropped. */
export function readFlags(repetitions: readonly string[]): readonly string[] {
  return repetitions
    .slice(0, MAX_FLAGS)
    .map((flag) => flag.trim().toUpperCase())
    .filter((flag) => FLAG_FORM.test(flag))
}

export function trustOf(flags: readonly string[], status: string): Trust {
  const state = status.trim().toUpperCase()
  // A status that the table does not have may mean anything: the value is shown with a doubt.
  const qualities = [
    ...flags.map((flag) => FLAG_EFFECTS.get(flag) ?? 'valid'),
    STATUS_EFFECTS.get(state) ?? 'questionable',
  ]
  return {
    quality: worst(qualities),
    why: [
      ...flags.map((flag) => flag.toLowerCase()),
      ...(SILENT_STATUS.has(state)
        ? []
        : [/^[A-Z]$/.test(state) ? `status_${state.toLowerCase()}` : 'status_unknown']),
    ],
  }
}

export function worst(qualities: readonly Quality[]): Quality {
  return ORDER.find((quality) => qualities.includes(quality)) ?? 'valid'
}

const TESTS: ReadonlySet<string> = new Set(['DEMO', 'TEST'])

export function isTest(flags: readonly string[]): boolean {
  return flags.some((flag) => TESTS.has(flag))
}
