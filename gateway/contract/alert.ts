/** An alert of a device, as types. Its JSON Schema is in relay.schema.ts. */

import type { Alert, Inactivation } from '../../devices/protocol.ts'
import type { IngestSource, SetSource } from './reading.ts'

export const ALERT_PHASES = ['present', 'unknown', 'ended'] as const
/** 'unknown': it was present, and nothing says any more whether it is. */
type AlertPhase = (typeof ALERT_PHASES)[number]

interface AlertContent {
  readonly v: 1
  readonly device: string
  /** Names the condition within its device; the last level of its topic. */
  readonly code: string
  readonly priority: Alert['priority']
  readonly source: Alert['source']
  /** Word for word. */
  readonly text: string
  /** The device's own state words. */
  readonly flags: readonly string[]
  readonly inactivation?: readonly Inactivation[]
  /** The quantity it is about. */
  readonly about?: { readonly mdc: number; readonly ref: string }
  /** As of when this holds. */
  readonly t: string
  readonly td?: string
  /** How long after `t` it may be shown as present, in ms. */
  readonly ttl: number
  /** True when nothing has changed: a present alert is told again well within its lifetime. */
  readonly refresh?: boolean
}

/** Published on `ingest/v1/{device}/alert`: untrusted. */
export interface IngestAlert extends AlertContent {
  readonly phase: 'present' | 'ended'
  /** Counts up by one within one `boot`, over all alerts of the device. */
  readonly seq: number
  readonly boot: string
  readonly tr?: string
  readonly bed?: string
  readonly assoc?: string
  readonly src?: IngestSource
}

/** On `vitals/v1/{ward}/{bed}/{device}/alert/{code}`: trusted. Retained until it ends. */
export interface AlertMessage extends AlertContent {
  readonly bed: string
  readonly assoc: string
  readonly phase: AlertPhase
  /** Those of the device's report that this repeats; absent where the gateway decided. */
  readonly seq?: number
  readonly boot?: string
  /** Why the gateway, and not the device, decided on this phase. */
  readonly reason?: string
  /** When it began, as far as the gateway knows. */
  readonly since: string
  /** When the gateway published this. */
  readonly at: string
  /** When the device last said so. */
  readonly tr: string
  readonly src: SetSource
}
