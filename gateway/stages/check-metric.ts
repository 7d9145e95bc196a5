/** One metric against the nomenclature: known code, its own name and unit, and what the quantity can be. */

import { metricsByMdc, type Metric } from '../../devices/metrics.ts'
import type { RejectionRule, WireMetric } from '../contract/reading.ts'

export type MetricVerdict =
  | { readonly verdict: 'accepted'; readonly metric: WireMetric }
  | { readonly verdict: 'rejected'; readonly rule: RejectionRule; readonly reason: string }

/** Impossible is refused, implausible is published as questionable, absent stays absent. The value never changes. */
export function checkMetric(metric: WireMetric): MetricVerdict {
  const variants = metricsByMdc(metric.mdc)
  const [usual] = variants
  if (usual === undefined)
    return rejected('unknown-metric', `MDC code ${metric.mdc} (${metric.ref}) is not in the nomenclature`)
  if (usual.ref !== metric.ref)
    return rejected(
      'unknown-metric',
      `MDC code ${metric.mdc} is ${usual.ref}, the message calls it ${metric.ref}`,
    )
  const row = variants.find(({ unit }) => unit === metric.unit)
  if (row === undefined) {
    const units = variants.map(({ unit }) => unit).join(' or ')
    return rejected('unit-mismatch', `${usual.ref} is in ${units}, the message says ${metric.unit}`)
  }
  if (metric.value === null) return accepted(metric, row)
  if (!within(metric.value, row.possible))
    return rejected(
      'out-of-possible-range',
      `${row.ref} ${metric.value} ${row.unit} is outside ${range(row, 'possible')}`,
    )
  if (metric.q === 'valid' && !within(metric.value, row.plausible))
    return accepted(
      { ...metric, q: 'questionable', why: [...(metric.why ?? []), 'outside_plausible_range'] },
      row,
    )
  return accepted(metric, row)
}

// The LOINC code is the nomenclature's, so that every consumer finds the same one whatever the device sent.
function accepted(metric: WireMetric, row: Metric): MetricVerdict {
  const { loinc: _, ...rest } = metric
  return { verdict: 'accepted', metric: row.loinc === undefined ? rest : { ...rest, loinc: row.loinc } }
}

function within(value: number, [min, max]: readonly [number, number]): boolean {
  return value >= min && value <= max
}

function range(row: Metric, which: 'possible' | 'plausible'): string {
  const [min, max] = row[which]
  return `what is ${which} (${min} to ${max} ${row.unit})`
}

function rejected(rule: RejectionRule, reason: string): MetricVerdict {
  return { verdict: 'rejected', rule, reason }
}
