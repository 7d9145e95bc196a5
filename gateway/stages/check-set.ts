/** The bedside part's look at its own set before it is sent: the same checks that admission makes again. */

import type { IngestSet } from '../contract/reading.ts'
import { checkMetric } from './check-metric.ts'

/**
 * Marks what is implausible as questionable. What is impossible is sent on unchanged: the gateway diverts it with its
 * value and the rule, where an engineer can see it; dropped here it would be gone without a trace.
 */
export function checkSet(set: IngestSet): IngestSet {
  return {
    ...set,
    metrics: set.metrics.map((metric) => {
      const verdict = checkMetric(metric)
      return verdict.verdict === 'accepted' ? verdict.metric : metric
    }),
  }
}
