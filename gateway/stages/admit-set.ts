/**
 * The decision over one untrusted observation set: what of it becomes trusted, and what is refused by which rule.
 * A bad metric does not take the good ones of its instant with it.
 */

import { parseInstant, toInstant } from '../contract/instant.ts'
import type { IngestSet, ObservationSet, RejectedMessage, WireMetric } from '../contract/reading.ts'
import { checkMetric } from './check-metric.ts'
import { refuseWhole, rejection, trustedSource, type AdmissionContext } from './refuse.ts'

export interface AdmittedSet {
  /** Undefined when nothing of the set is fit to be shown. `history` is true when it arrived after its lifetime. */
  readonly set: ObservationSet | undefined
  readonly rejected: readonly RejectedMessage[]
}

export function admitSet(set: IngestSet, context: AdmissionContext): AdmittedSet {
  const refusal = refuseWhole(set, context)
  if (refusal !== undefined) return { set: undefined, rejected: [refusal] }

  const accepted: WireMetric[] = []
  const rejected: RejectedMessage[] = []
  for (const metric of set.metrics) {
    const verdict = checkMetric(metric)
    if (verdict.verdict === 'accepted') accepted.push(verdict.metric)
    else rejected.push({ ...rejection(set, context, verdict.rule, verdict.reason), metric })
  }
  return { set: accepted.length === 0 ? undefined : trusted(set, accepted, context), rejected }
}

function trusted(set: IngestSet, metrics: readonly WireMetric[], context: AdmissionContext): ObservationSet {
  const { entry, nowMs } = context
  const measuredAtMs = parseInstant(set.t) ?? nowMs
  return {
    v: 1,
    device: entry.id,
    bed: entry.bed,
    assoc: entry.assoc,
    seq: set.seq,
    boot: set.boot,
    t: set.t,
    ...(set.td === undefined ? {} : { td: set.td }),
    tr: set.tr ?? toInstant(nowMs),
    ...(set.tu === undefined ? {} : { tu: set.tu }),
    ttl: set.ttl,
    history: set.history === true || measuredAtMs + set.ttl <= nowMs,
    src: trustedSource(set.src, context),
    metrics,
  }
}
