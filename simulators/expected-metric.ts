import { METRICS, type MetricRef } from '../devices/metrics.ts'

export interface ExpectedMetric {
  readonly mdc: number
  /** null: the device says that it has no value. */
  readonly value: number | null
}

export function metric(ref: MetricRef, value: number | undefined): ExpectedMetric {
  return { mdc: METRICS[ref].mdc, value: value ?? null }
}
