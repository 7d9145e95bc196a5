/**
 * The decision over one untrusted observation set: what of it becomes trusted, and what is refused by which rule.
 * A bad metric does not take the good ones of its instant with it.
 */

import { parseInstant, toInstant } from '../contract/instant.ts'
import type {
  IngestSet,
  ObservationSet,
  RejectedMessage,
  RejectionRule,
  WireMetric,
} from '../contract/reading.ts'
import type { DeviceEntry } from '../ports.ts'
import { checkMetric } from './check-metric.ts'

export interface AdmittedSet {
  /** Undefined when nothing of the set is fit to be shown. `history` is true when it arrived after its lifetime. */
  readonly set: ObservationSet | undefined
  readonly rejected: readonly RejectedMessage[]
}

export interface AdmissionContext {
  readonly gateway: string
  /** The device that the topic names. */
  readonly entry: DeviceEntry
  readonly nowMs: number
}

// Two machines with NTP differ by far less; a reading from further ahead would look current for too long.
const AHEAD_TOLERANCE_MS = 5_000

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

/** A rejection of a message that could not be read at all. */
export function rejectUnread(
  payload: Buffer,
  rule: RejectionRule,
  reason: string,
  context: { readonly device: string; readonly nowMs: number },
): RejectedMessage {
  // Base64 of at most 2 KiB: the bytes themselves may be anything.
  return {
    v: 1,
    device: context.device,
    at: toInstant(context.nowMs),
    rule,
    reason,
    payload: payload.subarray(0, 2048).toString('base64'),
  }
}

function refuseWhole(set: IngestSet, context: AdmissionContext): RejectedMessage | undefined {
  const { entry, nowMs } = context
  if (set.device !== entry.id)
    return rejection(
      set,
      context,
      'device-mismatch',
      `the topic is of ${entry.id}, the message of ${set.device}`,
    )
  if (set.bed !== undefined && set.bed !== entry.bed)
    return rejection(
      set,
      context,
      'bed-mismatch',
      `the inventory has ${entry.id} at ${entry.bed}, the message says ${set.bed}`,
    )
  if (set.assoc !== undefined && set.assoc !== entry.assoc)
    return rejection(
      set,
      context,
      'bed-mismatch',
      'the message belongs to an earlier association of device and bed',
    )
  const measuredAtMs = parseInstant(set.t)
  if (measuredAtMs === undefined)
    return rejection(set, context, 'time-implausible', `t is no instant: ${set.t}`)
  if (measuredAtMs > nowMs + AHEAD_TOLERANCE_MS)
    return rejection(
      set,
      context,
      'time-implausible',
      `t is ${measuredAtMs - nowMs} ms ahead of the gateway's clock`,
    )
  return undefined
}

function trusted(set: IngestSet, metrics: readonly WireMetric[], context: AdmissionContext): ObservationSet {
  const { entry, gateway, nowMs } = context
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
    src: {
      gateway,
      link: set.src?.link ?? 'mqtt',
      driver: set.src?.driver ?? `${entry.protocol}@device`,
    },
    metrics,
  }
}

function rejection(
  set: IngestSet,
  context: AdmissionContext,
  rule: RejectionRule,
  reason: string,
): RejectedMessage {
  return {
    v: 1,
    device: context.entry.id,
    at: toInstant(context.nowMs),
    rule,
    reason,
    seq: set.seq,
    boot: set.boot,
  }
}
