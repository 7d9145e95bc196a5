/** What one pump says in one block: numbers of one instant, its state, and facts. Alarms: alarms.ts. */

import { cleanText } from '../framing/clean-text.ts'
import { metricsByMdc } from '../metrics.ts'
import type { Metric } from '../metrics.ts'
import type { DriverOutput, FromPart, Numeric, Text } from '../protocol.ts'
import { bitsOf } from './bits.ts'
import { flowDoubts } from './flow.ts'
import {
  BIT_PARAMETERS,
  METRIC_PARAMETERS,
  NUMBER_PARAMETERS,
  SWITCH_PARAMETERS,
  SWITCHED_ON,
  WORD_PARAMETERS,
} from './parameters.ts'
import type { MetricParameter, NumberParameter } from './parameters.ts'
import { unitOfByte } from './units.ts'

const NUMBER = /^-?\d{1,9}(\.\d{1,6})?$/
const NO_VALUE: ReadonlySet<string> = new Set(['_NV', '_NA'])

export function readPump(values: ReadonlyMap<string, string>, from: FromPart): readonly DriverOutput[] {
  const numerics: Numeric[] = []
  const texts: Text[] = []
  for (const [parameter, value] of values) {
    const metric = own(METRIC_PARAMETERS, parameter)
    const read = metric === undefined ? undefined : readMetric(metric, parameter, values)
    if (read === undefined) texts.push(...readText(parameter, value))
    else if ('kind' in read) texts.push(read)
    // Two dose rates of one instant: the second one would replace the first.
    else if (numerics.every((numeric) => numeric.metric.mdc !== read.metric.mdc)) numerics.push(read)
    else texts.push(inOtherUnit(parameter, value, read.metric.unit))
  }
  const set = numerics.length === 0 ? [] : [{ kind: 'observation' as const, ...from, numerics }]
  return [...set, ...texts.map((text) => ({ ...text, ...from }))]
}

function readMetric(
  row: MetricParameter,
  parameter: string,
  values: ReadonlyMap<string, string>,
): Numeric | Text {
  const value = values.get(parameter) ?? ''
  const unit = row.unitIn === undefined ? row.metric.unit : unitOfByte(values.get(row.unitIn) ?? '')
  const metric = metricsByMdc(row.metric.mdc).find((variant) => variant.unit === unit)
  if (metric === undefined) return inOtherUnit(parameter, value, unit)
  const numeric = readNumber(row, metric, value)
  const doubts = parameter === 'INRT' && numeric.value !== null ? flowDoubts(values) : []
  const why = [...(numeric.why ?? []), ...doubts]
  const isDoubtful = numeric.quality === 'valid' && doubts.includes('pump_state_contradictory')
  return { ...numeric, ...(isDoubtful && { quality: 'questionable' }), ...(why.length > 0 && { why }) }
}

function readNumber({ more, top }: MetricParameter, metric: Metric, text: string): Numeric {
  // "_NV = no value, never zero."
  if (NO_VALUE.has(text) || text === '') return { metric, value: null, quality: 'absent', why: ['no_value'] }
  if (!NUMBER.test(text)) return { metric, value: null, quality: 'invalid', why: ['not_a_number'] }
  const value = Number(text)
  if (more !== undefined && value >= more)
    return { metric, value: null, quality: 'absent', why: ['more_than_shown'] }
  if (value < metric.possible[0] || value > metric.possible[1])
    return { metric, value, quality: 'invalid', why: ['out_of_range'] }
  if (top !== undefined && value >= top) return { metric, value, quality: 'over', why: ['top_of_range'] }
  return { metric, value, quality: 'valid' }
}

function inOtherUnit(name: string, value: string, unit: string | undefined): Text {
  if (!NUMBER.test(value)) return { kind: 'text', name, value: '', flags: ['no_value'] }
  if (unit === undefined) return { kind: 'text', name, value: Number(value), flags: ['unit_unknown'] }
  return { kind: 'text', name, value: Number(value), unit }
}

function readText(parameter: string, value: string): readonly Text[] {
  const number = own(NUMBER_PARAMETERS, parameter)
  if (number !== undefined) return [numberText(number, value)]
  const word = own(WORD_PARAMETERS, parameter)
  if (word !== undefined) return [wordText(word, parameter, value)]
  const name = own(SWITCH_PARAMETERS, parameter)
  if (name !== undefined)
    return [switchText(name, value === '0' || value === '1' ? value === '1' : undefined, value)]
  if (parameter === 'DSSTATUS') return [switchText('switched_on', own(SWITCHED_ON, value), value)]
  const field = own(BIT_PARAMETERS, parameter)
  const bits = field === undefined ? undefined : bitsOf(value)
  if (field === undefined || bits === undefined) return []
  const flags = [...new Set(bits.map((bit) => field.bits[bit] ?? `bit_${bit}`))]
  return [{ kind: 'text', name: field.name, value: Number(value), flags }]
}

function numberText({ name, unit, top }: NumberParameter, value: string): Text {
  if (NO_VALUE.has(value)) return { kind: 'text', name, value: '', flags: ['no_value'] }
  if (!NUMBER.test(value)) return { kind: 'text', name, value: cleanText(value), flags: ['not_a_number'] }
  const isTop = top !== undefined && Number(value) >= top
  return {
    kind: 'text',
    name,
    value: Number(value),
    ...(unit !== undefined && { unit }),
    ...(isTop && { flags: ['top_of_range'] }),
  }
}

function wordText(name: string, parameter: string, value: string): Text {
  if (NO_VALUE.has(value)) return { kind: 'text', name, value: '', flags: ['no_value'] }
  return {
    kind: 'text',
    name,
    value: cleanText(value),
    ...(parameter === 'INSERNUM' && { isIdentity: true }),
  }
}

function switchText(name: string, state: boolean | undefined, value: string): Text {
  if (state !== undefined) return { kind: 'text', name, value: state }
  if (NO_VALUE.has(value)) return { kind: 'text', name, value: '', flags: ['no_value'] }
  return { kind: 'text', name, value: cleanText(value), flags: ['unknown_word'] }
}

/** A parameter name comes from the wire: what an object has of its own nature is no row. */
function own<Row>(table: Readonly<Record<string, Row>>, key: string): Row | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
