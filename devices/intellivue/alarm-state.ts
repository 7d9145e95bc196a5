/** What the words of an alarm say: its type, its state. Texts are localized, so nothing is read from them. */

import type { Alert, Inactivation } from '../protocol.ts'

interface TypeBit {
  readonly mask: number
  readonly priority: Alert['priority']
  readonly source: Alert['source']
}

// The heaviest first: it decides.
const TYPE_BITS: readonly TypeBit[] = [
  { mask: 0x0400, priority: 'high', source: 'patient' },
  { mask: 0x0200, priority: 'medium', source: 'patient' },
  { mask: 0x0100, priority: 'low', source: 'patient' },
  { mask: 0x0004, priority: 'high', source: 'technical' },
  { mask: 0x0002, priority: 'medium', source: 'technical' },
  { mask: 0x0001, priority: 'low', source: 'technical' },
]

/** `listed` is what the list itself says, for a type that says nothing. */
export function alarmType(type: number, listed: Alert['source']): Pick<Alert, 'priority' | 'source'> {
  const found = TYPE_BITS.find(({ mask }) => (type & mask) !== 0)
  return found === undefined
    ? { priority: 'unknown', source: listed }
    : { priority: found.priority, source: found.source }
}

interface StateBit {
  readonly mask: number
  readonly word: string
  readonly inactivation?: Inactivation
}

const STATE_BITS: readonly StateBit[] = [
  { mask: 0x8000, word: 'inhibited', inactivation: 'alarm-off' },
  { mask: 0x4000, word: 'suspended', inactivation: 'alarm-paused' },
  { mask: 0x2000, word: 'latched' },
  // On these monitors whoever silences an alarm has acknowledged it.
  { mask: 0x1000, word: 'silenced', inactivation: 'acknowledged' },
  { mask: 0x0400, word: 'test' },
  { mask: 0x0200, word: 'standby' },
  { mask: 0x0100, word: 'demo' },
  { mask: 0x0008, word: 'new' },
]

const TEST_OR_DEMO = 0x0500

export function isTestAlarm(state: number): boolean {
  return (state & TEST_OR_DEMO) !== 0
}

export function alarmFlags(state: number): readonly string[] {
  return STATE_BITS.filter(({ mask }) => (state & mask) !== 0).map(({ word }) => word)
}

export function alarmInactivation(state: number): readonly Inactivation[] {
  return STATE_BITS.flatMap(({ mask, inactivation }) =>
    (state & mask) === 0 || inactivation === undefined ? [] : [inactivation],
  )
}
