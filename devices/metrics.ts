/**
 * The nomenclature: one row per metric, in `nomenclature/` by part of the body or kind of device. MDC codes are ISO/IEEE
 * 11073-10101 context-free codes (65536 x partition + term code), units are UCUM, LOINC codes are for the EHR.
 *
 * `ttlMs` is not here: how long a value stays current depends on how often its device reports.
 */

import { CARDIAC } from './nomenclature/cardiac.ts'
import { GLUCOSE } from './nomenclature/glucose.ts'
import { INFUSION } from './nomenclature/infusion.ts'
import { PRESSURE } from './nomenclature/pressure.ts'
import { RESPIRATION } from './nomenclature/respiration.ts'
import type { MetricRow, UnitRange } from './nomenclature/row.ts'
import { TEMPERATURE } from './nomenclature/temperature.ts'

/** A quantity in one unit: what a driver measures and a reading carries. */
export interface Metric extends UnitRange {
  readonly mdc: number
  /** MDC reference id; MDCX_ marks a code from the range that 11073-10101 leaves to private use (0xF000 and up). */
  readonly ref: string
  readonly loinc?: string
  /** A few letters for a narrow column. */
  readonly label: string
}

const table = { ...CARDIAC, ...PRESSURE, ...TEMPERATURE, ...RESPIRATION, ...INFUSION, ...GLUCOSE } as const

export type MetricRef = keyof typeof table

const byMdc = new Map<number, readonly Metric[]>()

function metricOf(ref: string, { mdc, loinc, label, also = [], ...usual }: MetricRow): Metric {
  const code = { mdc, ref, label, ...(loinc !== undefined && { loinc }) }
  const usualMetric = Object.freeze({ ...code, ...usual })
  byMdc.set(mdc, [usualMetric, ...also.map((range) => Object.freeze({ ...code, ...range }))])
  return usualMetric
}

/** Every metric in its usual unit by its reference id: `METRICS.MDC_PULS_OXIM_SAT_O2`. */
export const METRICS: Readonly<Record<MetricRef, Metric>> = Object.freeze(
  Object.fromEntries(Object.entries<MetricRow>(table).map(([ref, row]) => [ref, metricOf(ref, row)])),
) as Readonly<Record<MetricRef, Metric>>

/** The metric with this MDC code in its usual unit, or undefined when wardgate does not know the code. */
export function metricByMdc(mdc: number): Metric | undefined {
  return byMdc.get(mdc)?.[0]
}

/** The quantity with this MDC code in each unit that devices send it in; empty when the code is not known. */
export function metricsByMdc(mdc: number): readonly Metric[] {
  return byMdc.get(mdc) ?? []
}

/** A metric in another of its units. A unit that its row does not list is a fault of the driver. */
export function inUnit(metric: Metric, unit: string): Metric {
  const found = metricsByMdc(metric.mdc).find((variant) => variant.unit === unit)
  if (found === undefined) throw new RangeError(`${metric.ref} is not known in ${unit}`)
  return found
}
