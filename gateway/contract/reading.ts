/**
 * The payloads, as types; waveforms and alerts in waveform.ts and alert.ts. Their JSON Schemas are in reading.schema.ts and
 * relay.schema.ts; the topics in topics.ts.
 * A reading knows device and bed, never a person. Instants are RFC 3339 in UTC with milliseconds.
 */

import type { Quality } from '../../devices/protocol.ts'

export const CONTRACT_VERSION = 1

/** One metric of an observation set. */
export interface WireMetric {
  readonly mdc: number
  readonly ref: string
  readonly loinc?: string
  /** null when there is no value; never 0 for "nothing", never a repeated old value, never NaN. */
  readonly value: number | null
  readonly unit: string
  readonly q: Quality
  readonly why?: readonly string[]
}

/** What a device or its bedside part publishes on `ingest/v1/{device}/numeric`: untrusted. */
export interface IngestSet {
  readonly v: 1
  readonly device: string
  /** Counts up by one within one `boot`; lets a consumer drop repeats. */
  readonly seq: number
  /** Names one run of the sender; a new one starts `seq` again. */
  readonly boot: string
  /** Best estimate of the time of measurement. */
  readonly t: string
  /** The device's own clock; without a trailing Z when the device knows no zone. */
  readonly td?: string
  /** When the sender received it from the device. */
  readonly tr?: string
  /** Uncertainty of `t` in ms. */
  readonly tu?: number
  /** How long after `t` the values may be shown as current, in ms. */
  readonly ttl: number
  readonly history?: boolean
  /** May be given, must then agree with the inventory. */
  readonly bed?: string
  readonly assoc?: string
  readonly src?: IngestSource
  readonly metrics: readonly WireMetric[]
}

export interface IngestSource {
  readonly gateway?: string
  readonly link?: LinkName
  readonly driver?: string
}

/** What the gateway publishes on `vitals/v1/{ward}/{bed}/{device}/numeric`: trusted. */
export interface ObservationSet {
  readonly v: 1
  readonly device: string
  readonly bed: string
  readonly assoc: string
  readonly seq: number
  readonly boot: string
  readonly t: string
  readonly td?: string
  readonly tr: string
  /** Uncertainty of `t` in ms; absent when nobody can say. */
  readonly tu?: number
  readonly ttl: number
  readonly history: boolean
  readonly src: SetSource
  readonly metrics: readonly WireMetric[]
}

export const LINK_NAMES = ['serial', 'tcp', 'udp', 'tcp-listen', 'ble', 'mqtt'] as const
export type LinkName = (typeof LINK_NAMES)[number]
export interface SetSource {
  readonly gateway: string
  readonly link: LinkName
  readonly driver: string
}

/** Retained on `.../last`: for each metric the last valid value, each with its own time and lifetime. */
export interface LastValues {
  readonly v: 1
  readonly device: string
  readonly bed: string
  readonly assoc: string
  readonly metrics: readonly (WireMetric & { readonly t: string; readonly ttl: number })[]
}

export const DEVICE_STATES = ['init', 'ready', 'degraded', 'stale', 'lost', 'withheld'] as const
export type DeviceState = (typeof DEVICE_STATES)[number]

/** What a bedside part says of a device's line on `ingest/v1/{device}/state`. */
export interface IngestState {
  readonly v: 1
  readonly device: string
  readonly line: 'up' | 'down'
  readonly t: string
  readonly reason: string
}

/** Retained on `.../state`. */
export interface StateMessage {
  readonly v: 1
  readonly device: string
  readonly bed: string
  readonly assoc: string
  readonly state: DeviceState
  /** Since when. */
  readonly since: string
  readonly reason: string
}

/** Retained on `.../birth`: what this device can say. */
export interface BirthMessage {
  readonly v: 1
  readonly device: string
  readonly bed: string
  readonly assoc: string
  readonly driver: string
  readonly gateway: string
  readonly software: string
  readonly t: string
  readonly ttl: number
  readonly metrics: readonly {
    readonly mdc: number
    readonly ref: string
    readonly loinc?: string
    readonly unit: string
  }[]
}

/** Published on `ops/v1/{gateway}/rejected/{device}`: one refused message or metric, with the rule it broke. */
export interface RejectedMessage {
  readonly v: 1
  readonly device: string
  readonly at: string
  readonly rule: RejectionRule
  /** For people: what was wrong, with the value and the limit. */
  readonly reason: string
  readonly seq?: number
  readonly boot?: string
  readonly metric?: WireMetric
  /** The offending payload, cut to 2 KiB, when it could not be read at all. */
  readonly payload?: string
}

export const REJECTION_RULES = [
  'not-json',
  'schema',
  'device-mismatch',
  'bed-mismatch',
  'unknown-device',
  'unknown-metric',
  'unit-mismatch',
  'out-of-possible-range',
  'time-implausible',
  'unknown-wave',
  'sample-block',
  'too-many-channels',
  'too-many-alerts',
] as const
export type RejectionRule = (typeof REJECTION_RULES)[number]

/** Published on `ops/v1/{gateway}/event/{class}`. */
export interface EventMessage {
  readonly v: 1
  readonly gateway: string
  readonly at: string
  readonly class: EventClass
  /** What happened, as a stable word: 'plaintext-refused'. */
  readonly event: string
  readonly detail: Readonly<Record<string, string | number | boolean>>
}

export const EVENT_CLASSES = ['security', 'technical'] as const
export type EventClass = (typeof EVENT_CLASSES)[number]

/** Retained on `ops/v1/{gateway}/state`. */
export interface GatewayStateMessage {
  readonly v: 1
  readonly gateway: string
  readonly state: 'online' | 'stopping' | 'lost'
  readonly since: string
}
