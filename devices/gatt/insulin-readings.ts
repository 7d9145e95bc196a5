/** From decoded Insulin Delivery values to observations. Amounts stay IU and rates IU/h. */

import { type Metric, METRICS } from '../metrics.ts'
import type { Numeric, Observation, Text } from '../protocol.ts'
import type { AlertCondition } from './alert-conditions.ts'
import { isRecord } from './fields-of.ts'
import type { RequestName } from './insulin-procedures.ts'
import { numericOf, snakeCase, type Trust, withheld } from './trust.ts'

type Fields = Readonly<Record<string, unknown>>

const {
  MDC_AMOUNT_DRUG_REMAIN_CONTAINER,
  MDC_FLOW_FLUID_PUMP_CURRENT,
  MDC_DOSE_DRUG_BOLUS,
  MDC_DOSE_DRUG_DELIV,
  MDCX_INSULIN_ON_BOARD,
} = METRICS

export const INSULIN_METRICS = [
  MDC_AMOUNT_DRUG_REMAIN_CONTAINER,
  MDC_FLOW_FLUID_PUMP_CURRENT,
  MDC_DOSE_DRUG_BOLUS,
  MDC_DOSE_DRUG_DELIV,
  MDCX_INSULIN_ON_BOARD,
] as const

// "NaN when not attached": a number without reservoir is an old one.
export function reservoir({ reservoirIU, reservoirAttached }: Fields): Observation {
  const numeric =
    reservoirAttached === true
      ? numericOf(MDC_AMOUNT_DRUG_REMAIN_CONTAINER, reservoirIU)
      : withheld(MDC_AMOUNT_DRUG_REMAIN_CONTAINER, 'absent', 'reservoir_not_attached')
  return observed(numeric)
}

/**
 * The rate in force. "The configured rate is the profile's value, not corrected by the temporary rate"; an absolute
 * temporary rate replaces it, a relative one is a factor on it. A pump that does not run delivers no such rate.
 */
function basalRate(answer: Fields, therapyState: string | undefined): Observation {
  const metric = MDC_FLOW_FLUID_PUMP_CURRENT
  if (therapyState === 'stop' || therapyState === 'pause') {
    return observed(withheld(metric, 'absent', `therapy_${therapyState}`))
  }
  const { tbr, configuredIUh } = answer
  const unsure = therapyState === 'run' ? [] : ['therapy_state_unknown']
  if (!isRecord(tbr)) return observed(numericOf(metric, configuredIUh, believed(unsure)))
  const { type, value } = tbr
  const why = [...unsure, `temporary_basal_${String(type)}`]
  const trust = { ...believed(unsure), why }
  if (type === 'absolute') return observed(numericOf(metric, value, trust))
  if (type !== 'relative') return observed(withheld(metric, 'absent', ...why))
  return observed(
    numericOf(
      metric,
      combined(configuredIUh, value, (rate, factor) => rate * factor),
      trust,
    ),
  )
}

/** What of one running bolus is already in the patient: it grows from answer to answer and is not to be summed. */
function bolusDelivered({ bolusType, fastIU, extendedIU }: Fields): Observation {
  const delivered = combined(fastIU, extendedIU, (fast, extended) => fast + extended)
  const why = ['bolus_in_progress', `bolus_${String(bolusType)}`]
  return observed(numericOf(MDC_DOSE_DRUG_BOLUS, delivered, { ...believed([]), why }))
}

/** Bolus and basal together since the pump's counters last rolled over: a counter, not one dose. */
function insulinDelivered({ bolusIU, basalIU }: Fields): Observation {
  const total = combined(bolusIU, basalIU, (bolus, basal) => bolus + basal)
  return observed(numericOf(MDC_DOSE_DRUG_DELIV, total))
}

function insulinOnBoard({ insulinOnBoardIU }: Fields): Observation {
  return observed(numericOf(MDCX_INSULIN_ON_BOARD, insulinOnBoardIU))
}

interface Reading {
  /** What has no value when the pump refuses the request. */
  readonly metric?: Metric
  readonly from: (answer: Fields, therapyState: string | undefined) => Observation
}

const READINGS: Readonly<Partial<Record<RequestName, Reading>>> = {
  'get-active-basal-rate': { metric: MDC_FLOW_FLUID_PUMP_CURRENT, from: basalRate },
  'get-active-bolus-delivery': { from: bolusDelivered },
  'get-delivered-insulin': { metric: MDC_DOSE_DRUG_DELIV, from: insulinDelivered },
  'get-insulin-on-board': { metric: MDCX_INSULIN_ON_BOARD, from: insulinOnBoard },
}

/** The reading in the answer to a request; none where the answer holds no quantity. */
export function readingOf(
  name: RequestName,
  answer: Fields,
  therapyState: string | undefined,
): readonly Observation[] {
  const reading = READINGS[name]
  return reading === undefined ? [] : [reading.from(answer, therapyState)]
}

/** The facts in the answer to a request. */
export function factsOf(name: RequestName, answer: Fields): readonly Text[] {
  if (name === 'get-total-daily-insulin') {
    return (['bolusIU', 'basalIU', 'totalIU'] as const).flatMap((key) =>
      amountText(`daily_insulin_${key.slice(0, -2)}`, answer[key], '[iU]'),
    )
  }
  const { counter, select, minutes } = answer
  return name === 'get-counter'
    ? amountText(snakeCase(`counter_${String(counter)}_${String(select)}`), minutes, 'min')
    : []
}

function amountText(name: string, value: unknown, unit: string): readonly Text[] {
  return typeof value === 'number' ? [{ kind: 'text', name, value, unit }] : []
}

/** A refused request means that there is no value, with the pump's own word for it. */
export function refusedReading(name: RequestName, response: unknown): readonly Observation[] {
  const metric = READINGS[name]?.metric
  return metric === undefined ? [] : [observed(withheld(metric, 'absent', snakeCase(String(response))))]
}

/** The one annunciation the pump shows, or nothing. */
export function annunciation(value: Fields): readonly AlertCondition[] {
  if (value['present'] !== true) return []
  const code = String(value['type'])
  return [
    {
      code,
      source: 'technical',
      text: code.replaceAll('-', ' '),
      flags: [snakeCase(String(value['status']))],
    },
  ]
}

function observed(numeric: Numeric): Observation {
  return { kind: 'observation', numerics: [numeric] }
}

function believed(doubts: readonly string[]): Trust {
  return { quality: doubts.length === 0 ? 'valid' : 'questionable', isWithheld: false, why: doubts }
}

// Twelve digits are more than the floats on the wire carry: what lies behind is dust of the binary arithmetic.
const DIGITS = 12

/** Two fields into one; a special one among them makes the result special too. */
function combined(a: unknown, b: unknown, combine: (a: number, b: number) => number): unknown {
  if (typeof a !== 'number') return a
  return typeof b === 'number' ? Number(combine(a, b).toPrecision(DIGITS)) : b
}
