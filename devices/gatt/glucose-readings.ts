/** From decoded glucose records to observations, alerts and facts. */

import { inUnit, type Metric, METRICS } from '../metrics.ts'
import type { Numeric, Observation, Text } from '../protocol.ts'
import type { AlertCondition } from './alert-conditions.ts'
import { epochMsOf } from './date-time.ts'
import { wordsOf } from './fields-of.ts'
import { numericOf, type StatusEffects, trustOf } from './trust.ts'

type Fields = Readonly<Record<string, unknown>>

const BY_TYPE: Readonly<Record<string, Metric>> = {
  'capillary-whole-blood': METRICS.MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD,
  'capillary-plasma': METRICS.MDC_CONC_GLU_CAPILLARY_PLASMA,
  'venous-whole-blood': METRICS.MDC_CONC_GLU_VENOUS_WHOLEBLOOD,
  'venous-plasma': METRICS.MDC_CONC_GLU_VENOUS_PLASMA,
  'arterial-whole-blood': METRICS.MDC_CONC_GLU_ARTERIAL_WHOLEBLOOD,
  'arterial-plasma': METRICS.MDC_CONC_GLU_ARTERIAL_PLASMA,
  'undetermined-whole-blood': METRICS.MDC_CONC_GLU_UNDETERMINED_WHOLEBLOOD,
  'undetermined-plasma': METRICS.MDC_CONC_GLU_UNDETERMINED_PLASMA,
  'interstitial-fluid': METRICS.MDC_CONC_GLU_ISF,
}

export const GLUCOSE_METRICS: readonly Metric[] = Object.values(BY_TYPE).flatMap((metric) => [
  metric,
  inUnit(metric, 'mmol/L'),
])

const EFFECTS: StatusEffects = {
  'battery-low': 'noted',
  'sensor-malfunction': 'invalid',
  'sample-insufficient': 'invalid',
  'strip-insertion-error': 'invalid',
  'strip-type-incorrect': 'invalid',
  'result-too-high': 'over',
  'result-too-low': 'under',
  'temperature-too-high': 'invalid',
  'temperature-too-low': 'invalid',
  'read-interrupted': 'invalid',
  'general-device-fault': 'invalid',
  'time-fault': 'noted',
}

/** "Control solution" may stand in either nibble. */
export function isControlSolution({ type, location }: Fields): boolean {
  return type === 'control-solution' || location === 'control-solution'
}

/** Undefined where the record has no concentration, or one of a kind without a code. */
export function glucoseNumeric(record: Fields): Numeric | undefined {
  const metric = BY_TYPE[String(record['type'])]
  if (metric === undefined) return undefined
  const shown = inUnit(metric, String(record['unit']))
  return numericOf(shown, record['glucose'], trustOf(wordsOf(record['status']), EFFECTS))
}

/** "User-facing time = base time + time offset", without a zone; none when the meter doubts its clock itself. */
export function recordTime(record: Fields): Pick<Observation, 'deviceTime'> {
  const baseMs = epochMsOf(record['baseTime'])
  if (baseMs === undefined || wordsOf(record['status']).includes('time-fault')) return {}
  const offsetMin = record['timeOffsetMin']
  const epochMs = baseMs + (typeof offsetMin === 'number' ? offsetMin * 60_000 : 0)
  return { deviceTime: { epochMs, zone: 'unknown' } }
}

/** A record whose result has no code or that has none: what it says, in words. */
export function recordText(record: Fields): Text {
  return { kind: 'text', name: 'glucose_record', value: wordsFor(record) }
}

/** Meal, exercise, medication and so on of the record with the same sequence number. */
export function contextText(context: Fields): Text {
  return { kind: 'text', name: 'glucose_context', value: wordsFor(context) }
}

const LASTING: ReadonlySet<string> = new Set(['battery-low', 'sensor-malfunction', 'general-device-fault'])

/** What the newest record says of the meter itself. */
export function meterAlerts(record: Fields): readonly AlertCondition[] {
  return wordsOf(record['status'])
    .filter((word) => LASTING.has(word))
    .map((code) => ({ code, source: 'technical', text: code.replaceAll('-', ' '), flags: [] }))
}

function wordsFor(fields: Fields): readonly string[] {
  return Object.entries(fields).flatMap(([key, value]) => {
    const words = wordsOf(value)
    if (Array.isArray(value)) return words.length === 0 ? [] : [`${key}=${words.join('+')}`]
    const isPlain = typeof value === 'string' || typeof value === 'number'
    return isPlain ? [`${key}=${String(value)}`] : []
  })
}
