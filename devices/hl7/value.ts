/** OBX-5 as a number: NM, or SN (comparator, number, separator, number). */

import type { Quality } from '../protocol.ts'

export interface NumberReading {
  readonly value: number | null
  readonly quality: Quality
  readonly why: readonly string[]
}

// "An optional leading sign, the digits and an optional decimal point": no exponent, no comma, no blank inside.
const NM = /^[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})$/

/** "Sentinel -100 (also -1000, -10000) for no value." */
const SENTINELS: ReadonlySet<number> = new Set([-100, -1000, -10000])

const COMPARATORS: ReadonlyMap<string, { readonly quality: Quality; readonly why: readonly string[] }> =
  new Map([
    ['', { quality: 'valid', why: [] }],
    ['=', { quality: 'valid', why: [] }],
    ['>', { quality: 'over', why: ['greater_than'] }],
    ['>=', { quality: 'over', why: ['greater_or_equal'] }],
    ['<', { quality: 'under', why: ['less_than'] }],
    ['<=', { quality: 'under', why: ['less_or_equal'] }],
  ])

const MISSING: NumberReading = { value: null, quality: 'absent', why: ['missing'] }

/** Undefined when the type is not one of numbers. */
export function readNumber(type: string, components: readonly string[]): NumberReading | undefined {
  if (type === 'NM') return readNm(components)
  if (type === 'SN') return readSn(components)
  return undefined
}

function readNm(components: readonly string[]): NumberReading {
  const text = components[0]?.trim() ?? ''
  const isAlone = components.slice(1).every((component) => component === '')
  // `""` is HL7 for "deleted".
  if ((text === '' || text === '""') && isAlone) return MISSING
  if (!NM.test(text) || !isAlone) return { value: null, quality: 'invalid', why: ['not_a_number'] }
  const value = Number(text)
  return SENTINELS.has(value)
    ? { value: null, quality: 'absent', why: ['sentinel'] }
    : { value, quality: 'valid', why: [] }
}

/** A ratio or a range is no one number. */
function readSn([
  comparator = '',
  number = '',
  separator = '',
  second = '',
]: readonly string[]): NumberReading {
  const meaning = COMPARATORS.get(comparator.trim())
  if (meaning === undefined || separator !== '' || second !== '')
    return { value: null, quality: 'invalid', why: ['not_one_number'] }
  const read = readNm([number])
  return read.quality === 'valid' ? { ...meaning, value: read.value } : read
}
