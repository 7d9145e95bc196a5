/** What the demo's stations and its engineer saw, counted as it arrived. */

import type { RejectedMessage } from '../gateway/contract/reading.ts'
import type { AlertMessage } from '../gateway/contract/alert.ts'
import type { AlertApplied } from './board-alerts.ts'
import type { StationMessage } from './station.ts'
import { readObservationSet } from '../gateway/contract/read-payload.ts'

export interface QuarantineRow {
  readonly device: string
  readonly rule: string
  readonly reason: string
  count: number
}

export type AlertRow = Pick<AlertMessage, 'device' | 'code' | 'priority' | 'text' | 'phase'>

const ALERTS_KEPT = 200
// Enough for any demo; the quantiles of a longer one are those of its most recent part.
const LATENCIES_KEPT = 200_000

export class DemoTally {
  observationSetCount = 0
  readingCount = 0
  waveformBlockCount = 0
  alertsRaisedCount = 0
  alertsEndedCount = 0
  /** Each condition of each device once, as it was last told. */
  readonly alerts: AlertRow[] = []
  readonly beds = new Set<string>()
  readonly devices = new Set<string>()
  readonly metrics = new Set<string>()
  readonly quarantine: QuarantineRow[] = []
  readonly #latenciesMs: number[] = []

  takeDelivery({ payload, change }: StationMessage): void {
    if (change.kind === 'waveform') this.waveformBlockCount += 1
    if (change.kind === 'alert') this.#countAlert(change)
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

  #countAlert({ change, alert }: Extract<AlertApplied, { kind: 'alert' }>): void {
    if (change === 'raised') this.alertsRaisedCount += 1
    if (change === 'ended') this.alertsEndedCount += 1
    if (alert === undefined) return
    const { device, code, phase, priority, text } = alert
    const row = { device, code, priority, text, phase }
    const index = this.alerts.findIndex((known) => known.device === device && known.code === code)
    const known = this.alerts[index]
    // Some devices send other words at the end; what began is what ends.
    if (known !== undefined) this.alerts[index] = phase === 'ended' ? { ...known, phase } : row
    else if (this.alerts.length < ALERTS_KEPT) this.alerts.push(row)
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
