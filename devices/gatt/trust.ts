/** From a decoded field to a numeric: what the device says about a value decides how far it is believed. */

import type { SpecialFloat } from '../framing/ieee11073-float.ts'
import type { Metric } from '../metrics.ts'
import type { Numeric, Quality } from '../protocol.ts'

/** How far values are believed, and whether there is one at all. */
export interface Trust {
  readonly quality: Quality
  readonly isWithheld: boolean
  readonly why: readonly string[]
}

const FULL_TRUST: Trust = { quality: 'valid', isWithheld: false, why: [] }

/** What one status word of a device does to the values beside it. */
export type StatusEffects = Readonly<Record<string, StatusEffect>>

type StatusEffect = 'noted' | 'questionable' | 'calibrating' | 'over' | 'under' | 'absent' | 'invalid'

// Worst last. Where the device itself says that there is no measurement, its number is not repeated.
const RANK: readonly StatusEffect[] = [
  'noted',
  'questionable',
  'calibrating',
  'over',
  'under',
  'absent',
  'invalid',
]
const WITHHOLDING: ReadonlySet<StatusEffect> = new Set(['over', 'under', 'absent', 'invalid'])

const SPECIALS: Readonly<Record<SpecialFloat, { quality: Quality; why: string }>> = {
  NaN: { quality: 'absent', why: 'not_a_number' },
  NRes: { quality: 'absent', why: 'not_at_this_resolution' },
  '+INF': { quality: 'over', why: 'positive_infinity' },
  '-INF': { quality: 'under', why: 'negative_infinity' },
  RFU: { quality: 'invalid', why: 'reserved_pattern' },
}

/** The worst effect among the words decides; every word that has an effect is a reason. */
export function trustOf(words: readonly string[], effects: StatusEffects): Trust {
  const found = words.filter((word) => effects[word] !== undefined)
  const worst = Math.max(0, ...found.map((word) => RANK.indexOf(effects[word] ?? 'noted')))
  const effect = RANK[worst] ?? 'invalid'
  return {
    quality: effect === 'noted' ? 'valid' : effect,
    isWithheld: WITHHOLDING.has(effect),
    why: found.map(snakeCase),
  }
}

/** `source` is a number or the word of a special float; nothing but a trusted number becomes a value. */
export function numericOf(metric: Metric, source: unknown, trust: Trust = FULL_TRUST): Numeric {
  const special = isSpecial(source) ? SPECIALS[source] : undefined
  const isNumber = typeof source === 'number' && Number.isFinite(source)
  const why = special === undefined ? trust.why : [...trust.why, special.why]
  if (isNumber && !trust.isWithheld) {
    return { metric, value: source, quality: trust.quality, ...reasons(why) }
  }
  const quality = trust.isWithheld ? trust.quality : (special?.quality ?? 'absent')
  return { metric, value: null, quality, ...reasons(why) }
}

/** A metric for which there is no value, and why. */
export function withheld(metric: Metric, quality: Quality, ...why: readonly string[]): Numeric {
  return { metric, value: null, quality, ...reasons(why) }
}

export function snakeCase(word: string): string {
  return word.replaceAll('-', '_')
}

function reasons(why: readonly string[]): Pick<Numeric, 'why'> {
  return why.length === 0 ? {} : { why }
}

function isSpecial(source: unknown): source is SpecialFloat {
  return typeof source === 'string' && Object.hasOwn(SPECIALS, source)
}
