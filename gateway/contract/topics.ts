/** The topics: fixed depth, lower-case ids, no person. The only place that knows how a topic is spelled. */

import type { EventClass } from './reading.ts'

/** What an id may look like everywhere: device, bed, ward, gateway, bedside box, consumer. */
export const ID_PATTERN = /^[a-z0-9-]{1,32}$/

export function isId(text: string): boolean {
  return ID_PATTERN.test(text)
}

const INGEST_KINDS = ['numeric', 'waveform', 'alert', 'state'] as const
export type IngestKind = (typeof INGEST_KINDS)[number]

/** Where a device stands: the scope of its trusted topics. */
export interface Place {
  readonly ward: string
  readonly bed: string
  readonly device: string
}

export function ingestTopic(device: string, kind: IngestKind): string {
  return `ingest/v1/${device}/${kind}`
}

/** The device and kind of an ingest topic, or undefined when it is not one. */
export function parseIngestTopic(topic: string): { device: string; kind: IngestKind } | undefined {
  const levels = topic.split('/')
  const [root, version, device, kind] = levels
  if (levels.length !== 4 || root !== 'ingest' || version !== 'v1') return undefined
  if (device === undefined || !isId(device)) return undefined
  const known = INGEST_KINDS.find((candidate) => candidate === kind)
  return known === undefined ? undefined : { device, kind: known }
}

export type TrustedLeaf =
  'birth' | 'state' | 'numeric' | 'last' | 'history' | `waveform/${string}` | `alert/${string}`

export function vitalsTopic(place: Place, leaf: TrustedLeaf): string {
  return `vitals/v1/${place.ward}/${place.bed}/${place.device}/${leaf}`
}

/** Place and leaf of a trusted topic, or undefined when it is not one. */
export function parseVitalsTopic(topic: string): (Place & { leaf: string }) | undefined {
  const [root, version, ward, bed, device, ...leaf] = topic.split('/')
  if (root !== 'vitals' || version !== 'v1' || leaf.length === 0) return undefined
  if (ward === undefined || bed === undefined || device === undefined) return undefined
  return { ward, bed, device, leaf: leaf.join('/') }
}

export function opsStateTopic(gateway: string): string {
  return `ops/v1/${gateway}/state`
}

export function opsEventTopic(gateway: string, eventClass: EventClass): string {
  return `ops/v1/${gateway}/event/${eventClass}`
}

export function opsRejectedTopic(gateway: string, device: string): string {
  return `ops/v1/${gateway}/rejected/${device}`
}
