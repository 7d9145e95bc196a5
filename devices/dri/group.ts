/**
 * A group of the basic class: status32, label16, then signed words. What a status bit does to the numbers of its
 * group stands in a table; the numbers themselves are judged here.
 */

import type { Metric } from '../metrics.ts'
import type { Numeric, Quality, Text } from '../protocol.ts'
import { viewOf } from './record.ts'

const GROUP_HEADER_BYTES = 6
const EXISTS = 0x1
const ACTIVE = 0x2

/** "Values <= -32001 are codes." */
const LAST_CODE = -32_001

const CODES: Readonly<Record<number, { readonly quality: Quality; readonly why: string }>> = {
  [-32_767]: { quality: 'invalid', why: 'invalid' },
  [-32_766]: { quality: 'absent', why: 'not_updated' },
  [-32_765]: { quality: 'absent', why: 'discontinued' },
  [-32_764]: { quality: 'under', why: 'under_range' },
  [-32_763]: { quality: 'over', why: 'over_range' },
  [-32_762]: { quality: 'calibrating', why: 'not_calibrated' },
}

/** `note` tells and doubts nothing. */
type Effect = 'invalid' | 'calibrating' | 'questionable' | 'note'
const WORST_FIRST: readonly Effect[] = ['invalid', 'calibrating', 'questionable']

export interface FlagBit {
  readonly bit: number
  readonly flag: string
  readonly effect: Effect
}

interface SetFlag {
  readonly flag: string
  readonly effect: Effect
}

export interface Field {
  /** Names it among the texts when it has no code. */
  readonly name: string
  /** Which word after the header. */
  readonly word: number
  readonly unit: string
  readonly divisor: number
  readonly metric?: Metric
  /** A factor that travels beside the value. */
  readonly factor?: number
  /** True when a 0 of this field stands for nothing measured. */
  readonly isZeroMissing?: boolean
  /** What holds for this field alone. */
  readonly flags?: readonly SetFlag[]
}

export interface GroupLayout {
  readonly name: string
  readonly at: number
  readonly statusBits: readonly FlagBit[]
  readonly labelBits?: readonly FlagBit[]
  /** Measured now and then: the last number stands although the measurement is over. */
  readonly isIntermittent?: boolean
  fieldsOf(words: GroupWords): readonly Field[]
  textsOf?(words: GroupWords): readonly Text[]
}

export interface GroupWords {
  readonly status: number
  readonly label: number
  readonly values: readonly number[]
}

export type GroupReading =
  | { readonly kind: 'numeric'; readonly name: string; readonly numeric: Numeric }
  | { readonly kind: 'text'; readonly text: Text }

export const isCode = (raw: number): boolean => raw <= LAST_CODE

/** Nothing when the monitor has no such module. */
export function readGroup(data: Uint8Array, layout: GroupLayout, endAt: number): readonly GroupReading[] {
  const words = readWords(data.subarray(layout.at, endAt))
  if ((words.status & EXISTS) === 0) return []
  const flags = setFlags(words, layout)
  const readings = layout.fieldsOf(words).flatMap((field) => readField(field, words, flags))
  const texts = layout.textsOf?.(words) ?? []
  return [...readings, ...texts.map((text): GroupReading => ({ kind: 'text', text }))]
}

function readWords(group: Uint8Array): GroupWords {
  const view = viewOf(group)
  const count = (group.length - GROUP_HEADER_BYTES) / 2
  return {
    status: view.getUint32(0, true),
    label: view.getUint16(4, true),
    values: Array.from({ length: count }, (_, index) => view.getInt16(GROUP_HEADER_BYTES + index * 2, true)),
  }
}

function setFlags({ status, label }: GroupWords, layout: GroupLayout): readonly SetFlag[] {
  const isIdle = (status & ACTIVE) === 0 && layout.isIntermittent !== true
  return [
    ...(isIdle ? [{ flag: 'not_active', effect: 'invalid' } as const] : []),
    ...layout.statusBits.filter(({ bit }) => hasBit(status, bit)),
    ...(layout.labelBits ?? []).filter(({ bit }) => hasBit(label, bit)),
  ]
}

export const hasBit = (word: number, bit: number): boolean => ((word >>> bit) & 1) === 1

function readField(
  field: Field,
  { values }: GroupWords,
  groupFlags: readonly SetFlag[],
): readonly GroupReading[] {
  const judged = judgeValue(field, values[field.word] ?? CODE_OF_NOTHING, [
    ...groupFlags,
    ...(field.flags ?? []),
  ])
  if (field.metric !== undefined)
    return [{ kind: 'numeric', name: field.name, numeric: { metric: field.metric, ...judged } }]
  const { name, unit } = field
  // A text has no quality: a number that may not be trusted is not said.
  const isTrusted = judged.quality === 'valid' || judged.quality === 'questionable'
  const value = isTrusted ? judged.value : null
  const why = value === null ? (judged.why ?? [judged.quality]) : undefined
  return [{ kind: 'text', text: { kind: 'text', name, value, unit, ...(why && { flags: why }) } }]
}

const CODE_OF_NOTHING = -32_767

function judgeValue(field: Field, raw: number, flags: readonly SetFlag[]): Omit<Numeric, 'metric'> {
  const words = flags.map(({ flag }) => flag)
  if (isCode(raw)) {
    const { quality, why } = CODES[raw] ?? { quality: 'invalid', why: `code_${-raw}` }
    return { value: null, quality, why: [why, ...words] }
  }
  if (raw === 0 && field.isZeroMissing === true)
    return { value: null, quality: 'absent', why: ['zero_without_asystole', ...words] }
  const worst = WORST_FIRST.find((effect) => flags.some((flag) => flag.effect === effect))
  const quality: Quality = worst === undefined || worst === 'note' ? 'valid' : worst
  const value = (raw * (field.factor ?? 1)) / field.divisor
  return { value, quality, ...(words.length > 0 && { why: words }) }
}
