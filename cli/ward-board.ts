/**
 * What a nurses' station knows of its ward: every value with its quality and its age, and none beyond its lifetime.
 * It trusts its own clock and the payload, nothing else. Pure: messages and the time come in, rows come out.
 */

import { metricByMdc } from '../devices/metrics.ts'
import { parseInstant } from '../gateway/contract/instant.ts'
import { readLastValues, readObservationSet, readStateMessage } from '../gateway/contract/read-payload.ts'
import type { DeviceState, WireMetric } from '../gateway/contract/reading.ts'
import { parseVitalsTopic } from '../gateway/contract/topics.ts'
import { BoardAlerts, type AlertApplied, type BoardAlert } from './board-alerts.ts'

export interface BoardValue {
  readonly ref: string
  readonly unit: string
  readonly value: number | null
  readonly quality: WireMetric['q']
  readonly why: readonly string[]
  readonly ageMs: number
  /** Its lifetime has passed: it must be struck out, never shown as current. */
  readonly isStale: boolean
}

export interface BoardRow {
  readonly ward: string
  readonly bed: string
  readonly device: string
  readonly state: DeviceState | 'unknown'
  readonly reason: string
  readonly values: readonly BoardValue[]
  readonly alerts: readonly BoardAlert[]
}

export type BoardChange =
  | { readonly kind: 'set'; readonly ward: string; readonly seq: number; readonly latencyMs: number }
  | { readonly kind: 'state' | 'last' | 'waveform' }
  | AlertApplied

interface KnownValue {
  readonly metric: WireMetric
  /** There has been a number for this metric. */
  readonly wasMeasured: boolean
  readonly measuredAtMs: number
  readonly expiresAtMs: number
}

interface KnownDevice {
  readonly ward: string
  bed: string
  state: DeviceState | 'unknown'
  stateSinceMs: number
  reason: string
  readonly values: Map<number, KnownValue>
  readonly alerts: BoardAlerts
}

export class WardBoard {
  readonly #devices = new Map<string, KnownDevice>()

  /** Takes one message as it came over MQTT. Back-fill (`history`) changes nothing: it is not current. */
  apply(topic: string, payload: Buffer, nowMs: number): BoardChange {
    const place = parseVitalsTopic(topic)
    if (place === undefined) return { kind: 'ignored', reason: 'not a topic of this contract' }
    const device = this.#device(place.ward, place.bed, place.device)
    if (place.leaf === 'numeric') return this.#applySet(device, payload, nowMs)
    if (place.leaf === 'state') return applyState(device, payload)
    if (place.leaf === 'last') return applyLast(device, payload, nowMs)
    // A board shows no curves: that one has come is all there is to know.
    if (place.leaf.startsWith('waveform/')) return { kind: 'waveform' }
    if (place.leaf.startsWith('alert/')) return device.alerts.apply(place.leaf, payload)
    return { kind: 'ignored', reason: place.leaf }
  }

  /** Sorted by ward, bed and device. */
  rows(nowMs: number): readonly BoardRow[] {
    return [...this.#devices.entries()]
      .map(([id, device]) => ({
        ward: device.ward,
        bed: device.bed,
        device: id,
        state: device.state,
        reason: device.reason,
        values: [...device.values.values()].filter(isOfInterest).map((known) => boardValue(known, nowMs)),
        alerts: device.alerts.rows(nowMs),
      }))
      .sort((a, b) => compare(`${a.ward}/${a.bed}/${a.device}`, `${b.ward}/${b.bed}/${b.device}`))
  }

  #device(ward: string, bed: string, id: string): KnownDevice {
    const known = this.#devices.get(id)
    if (known !== undefined && known.ward === ward && known.bed === bed) return known
    // A device at another bed is another patient's: nothing of the old place may be seen at the new one.
    const fresh: KnownDevice = {
      ward,
      bed,
      state: 'unknown',
      stateSinceMs: 0,
      reason: '',
      values: new Map(),
      alerts: new BoardAlerts(),
    }
    this.#devices.set(id, fresh)
    return fresh
  }

  #applySet(device: KnownDevice, payload: Buffer, nowMs: number): BoardChange {
    const read = readObservationSet(payload)
    if (!read.ok) return { kind: 'ignored', reason: read.reason }
    const set = read.payload
    const measuredAtMs = parseInstant(set.t) ?? nowMs
    if (!set.history)
      for (const metric of set.metrics) remember(device, { metric, measuredAtMs, ttlMs: set.ttl, nowMs })
    const receivedAtMs = parseInstant(set.tr) ?? nowMs
    return { kind: 'set', ward: device.ward, seq: set.seq, latencyMs: Math.max(0, nowMs - receivedAtMs) }
  }
}

function remember(
  device: KnownDevice,
  {
    metric,
    measuredAtMs,
    ttlMs,
    nowMs,
  }: { metric: WireMetric; measuredAtMs: number; ttlMs: number; nowMs: number },
): void {
  // A sender's clock that is ahead must not make a value live longer.
  const bornAtMs = Math.min(measuredAtMs, nowMs)
  const wasMeasured = metric.value !== null || device.values.get(metric.mdc)?.wasMeasured === true
  device.values.set(metric.mdc, {
    metric,
    wasMeasured,
    measuredAtMs: bornAtMs,
    expiresAtMs: bornAtMs + ttlMs,
  })
}

function applyState(device: KnownDevice, payload: Buffer): BoardChange {
  const read = readStateMessage(payload)
  const sinceMs = read.ok ? parseInstant(read.payload.since) : undefined
  // A retained state may arrive after a newer live one.
  if (sinceMs !== undefined && sinceMs < device.stateSinceMs)
    return { kind: 'ignored', reason: 'an older state' }
  device.state = read.ok ? read.payload.state : 'unknown'
  device.stateSinceMs = sinceMs ?? device.stateSinceMs
  device.reason = read.ok ? read.payload.reason : ''
  return { kind: 'state' }
}

function applyLast(device: KnownDevice, payload: Buffer, nowMs: number): BoardChange {
  const read = readLastValues(payload)
  // Cleared at expiry: the values here have their own lifetime and are struck out by it.
  if (!read.ok) return { kind: 'ignored', reason: read.reason }
  for (const { t, ttl, ...metric } of read.payload.metrics) {
    const measuredAtMs = parseInstant(t)
    if (measuredAtMs === undefined || device.values.has(metric.mdc)) continue
    remember(device, { metric, measuredAtMs, ttlMs: ttl, nowMs })
  }
  return { kind: 'last' }
}

/** A monitor also names every parameter for which no sensor was ever connected: that is no gap. */
function isOfInterest({ metric, wasMeasured }: KnownValue): boolean {
  return wasMeasured || metric.why?.every((word) => word === 'missing') !== true
}

function boardValue({ metric, measuredAtMs, expiresAtMs }: KnownValue, nowMs: number): BoardValue {
  return {
    ref: metricByMdc(metric.mdc)?.ref ?? metric.ref,
    unit: metric.unit,
    value: metric.value,
    quality: metric.q,
    why: metric.why ?? [],
    ageMs: Math.max(0, nowMs - measuredAtMs),
    isStale: nowMs >= expiresAtMs,
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
