/** What refuses a message as a whole, whatever it holds: another device, another place, a time that cannot be. */

import { parseInstant, toInstant } from '../contract/instant.ts'
import type { LinkName, RejectedMessage, RejectionRule, SetSource } from '../contract/reading.ts'
import type { DeviceEntry } from '../ports.ts'

export interface AdmissionContext {
  readonly gateway: string
  /** The device that the topic names. */
  readonly entry: DeviceEntry
  readonly nowMs: number
}

/** What every untrusted message says of itself. */
export interface Claim {
  readonly device: string
  readonly bed?: string
  readonly assoc?: string
  readonly seq: number
  readonly boot: string
  readonly t: string
}

// Two machines with NTP differ by far less; a reading from further ahead would look current for too long.
const AHEAD_TOLERANCE_MS = 5_000

/** `lengthMs` is how long after `t` the last thing in the message was measured. */
export function refuseWhole(
  claim: Claim,
  context: AdmissionContext,
  lengthMs = 0,
): RejectedMessage | undefined {
  const { entry, nowMs } = context
  if (claim.device !== entry.id)
    return rejection(
      claim,
      context,
      'device-mismatch',
      `the topic is of ${entry.id}, the message of ${claim.device}`,
    )
  if (claim.bed !== undefined && claim.bed !== entry.bed)
    return rejection(
      claim,
      context,
      'bed-mismatch',
      `the inventory has ${entry.id} at ${entry.bed}, the message says ${claim.bed}`,
    )
  if (claim.assoc !== undefined && claim.assoc !== entry.assoc)
    return rejection(
      claim,
      context,
      'bed-mismatch',
      'the message belongs to an earlier association of device and bed',
    )
  const measuredAtMs = parseInstant(claim.t)
  if (measuredAtMs === undefined)
    return rejection(claim, context, 'time-implausible', `t is no instant: ${claim.t}`)
  const aheadMs = measuredAtMs + lengthMs - nowMs
  if (aheadMs > AHEAD_TOLERANCE_MS)
    return rejection(
      claim,
      context,
      'time-implausible',
      `t is ${Math.round(aheadMs)} ms ahead of the gateway's clock`,
    )
  return undefined
}

export function rejection(
  { seq, boot }: Pick<Claim, 'seq' | 'boot'>,
  { entry, nowMs }: Pick<AdmissionContext, 'entry' | 'nowMs'>,
  rule: RejectionRule,
  reason: string,
): RejectedMessage {
  return { v: 1, device: entry.id, at: toInstant(nowMs), rule, reason, seq, boot }
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

/** Where a message came from, as far as its sender says. */
export function trustedSource(
  src: { readonly link?: LinkName; readonly driver?: string } | undefined,
  { gateway, entry }: AdmissionContext,
): SetSource {
  return { gateway, link: src?.link ?? 'mqtt', driver: src?.driver ?? `${entry.protocol}@device` }
}
