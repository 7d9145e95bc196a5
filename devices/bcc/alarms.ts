/** Which alarms a pump shows: INAxx one by one, or ALARM1, ALARM2 and PREALARM as bit fields. */

import { AlertConditions } from '../gatt/alert-conditions.ts'
import type { AlertCondition } from '../gatt/alert-conditions.ts'
import type { Alert, FromPart } from '../protocol.ts'
import { bitsOf } from './bits.ts'

/** The device's words; the code in a topic is the same with dashes. */
const INA_WORDS: Readonly<Record<number, string>> = {
  1: 'battery empty',
  2: 'syringe empty',
  3: 'pressure',
  5: 'standby over',
  6: 'CC',
  7: 'end of volume',
  8: 'time over',
  9: 'syringe',
  11: 'battery pre-alarm',
  12: 'syringe pre-alarm',
  14: 'drop',
  15: 'air',
  16: 'KVO end',
}

const BIT_WORDS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  ALARM1: {
    2: 'battery empty',
    9: 'syringe empty',
    10: 'pressure',
    11: 'pressure',
    12: 'standby over',
    13: 'end of volume',
    14: 'time over',
    17: 'syringe',
    18: 'syringe',
    19: 'KVO end',
    20: 'upstream',
    ...sameWord(22, 27, 'drop'),
    ...sameWord(28, 31, 'air'),
  },
  ALARM2: {},
  PREALARM: { 2: 'volume near end', 3: 'time near end', 4: 'battery pre-alarm', 5: 'KVO' },
}

function sameWord(first: number, last: number, word: string): Readonly<Record<number, string>> {
  return Object.fromEntries(Array.from({ length: last - first + 1 }, (_, index) => [first + index, word]))
}

const TECHNICAL: ReadonlySet<string> = new Set(['battery empty', 'battery pre-alarm', 'CC'])

/** The alarms of one pump. A parameter that a block leaves out says nothing: what was shown is still shown. */
export class PumpAlarms {
  readonly #conditions = new AlertConditions()
  /** Parameter and bit, with the word for it. */
  readonly #active = new Map<string, string>()

  /** True when the parameter is one of alarms. */
  take(parameter: string, value: string): boolean {
    const words = Object.hasOwn(BIT_WORDS, parameter) ? BIT_WORDS[parameter] : undefined
    if (words !== undefined) {
      this.#takeBits(parameter, words, value)
      return true
    }
    const [, number] = /^INA(\d{1,2})$/.exec(parameter) ?? []
    if (number === undefined) return false
    // An alarm that is not in the table is told by its number: it is not for us to keep quiet.
    if (value === '1') this.#active.set(parameter, INA_WORDS[Number(number)] ?? parameter)
    else if (value === '0') this.#active.delete(parameter)
    return true
  }

  #takeBits(parameter: string, words: Readonly<Record<number, string>>, value: string): void {
    const bits = bitsOf(value)
    if (bits === undefined) return
    for (const key of this.#active.keys()) if (key.startsWith(`${parameter}.`)) this.#active.delete(key)
    for (const bit of bits) this.#active.set(`${parameter}.${bit}`, words[bit] ?? `${parameter} bit ${bit}`)
  }

  /** What has changed. */
  changes(from: FromPart): readonly Alert[] {
    const byWord = new Map<string, string[]>()
    for (const [key, word] of this.#active) byWord.set(word, [...(byWord.get(word) ?? []), key])
    return this.#conditions.update([...byWord].map(([word, keys]) => condition(word, keys, from)))
  }

  /** The pump is gone: it shows nothing any more. */
  end(): readonly Alert[] {
    this.#active.clear()
    return this.#conditions.update([])
  }
}

function condition(word: string, keys: readonly string[], from: FromPart): AlertCondition {
  return {
    ...from,
    code: word.toLowerCase().replaceAll(' ', '-'),
    source: TECHNICAL.has(word) ? 'technical' : 'unknown',
    text: word,
    flags: [...keys].sort(),
  }
}
