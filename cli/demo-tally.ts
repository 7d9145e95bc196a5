/** What the demo's stations and its engineer saw, counted as it arrived. */

import type { RejectedMessage } from '../gateway/contract/reading.ts'
import type { AlertChange } from './board-alerts.ts'
import type { StationMessage } from './station.ts'
import { readObservationSet } from '../gateway/contract/read-payload.ts'

export interface QuarantineRow {
  readonly device: string
  readonly rule: string
  readonly reason: string
  count: number
}

// Enough for any demo; the quantiles of a longer one are those of its most recent part.
const LATENCIES_KEPT = 200_000

export class DemoTally {
  observationSetCount = 0
  readingCount = 0
  waveformBlockCount = 0
  alertsRaisedCount = 0
  alertsEndedCount = 0
  readonly beds = new Set<string>()
  readonly devices = new Set<string>()
  readonly metrics = new Set<string>()
  readonly quarantine: QuarantineRow[] = []
  readonly #latenciesMs: number[] = []

  takeDelivery({ payload, change }: StationMessage): void {
    if (change.kind === 'waveform') this.waveformBlockCount += 1
    if (change.kind === 'alert') this.#countAlert(change.change)
    if (change.kind !== 'set') return
    const read = readObservationSet(payload)
    if (!read.ok) return
    this.observationSetCount += 1
    this.readingCount += read.payload.metrics.length
    this.beds.add(`${change.ward}/${read.payload.bed}`)
    this.devices.add(read.payload.device)
    for (const { ref } of read.payload.metrics) this.metrics.add(ref)
    if (this.#latenciesMs.length === LATENCIES_KEPT) this.#latenciesMs.length = 0
    this.#latenciesMs.push(change.latencyMs)
  }

  takeRejection({ device, rule, reason }: RejectedMessage): void {
    const known = this.quarantine.find(
      (row) => row.device === device && row.rule === rule && row.reason === reason,
    )
    if (known === undefined) this.quarantine.push({ device, rule, reason, count: 1 })
    else known.count += 1
  }

  #countAlert(change: AlertChange): void {
    if (change === 'raised') this.alertsRaisedCount += 1
    if (change === 'ended') this.alertsEndedCount += 1
  }

  get quarantinedCount(): number {
    return this.quarantine.reduce((sum, { count }) => sum + count, 0)
  }

  /** Milliseconds from receipt at the bedside to the station, at the given quantile; null before the first reading. */
  latencyMs(quantile: number): number | null {
    const sorted = [...this.#latenciesMs].sort((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? null
  }
}
