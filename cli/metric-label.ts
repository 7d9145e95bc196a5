import { METRICS } from '../devices/metrics.ts'

const labels: ReadonlyMap<string, string> = new Map(
  Object.values(METRICS).map(({ ref, label }) => [ref, label]),
)

/** What a nurse calls it, or its reference id where the nomenclature has none. */
export function metricLabel(ref: string): string {
  return labels.get(ref) ?? ref
}
