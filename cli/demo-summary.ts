/** The end of a demo in figures: those a program reads, and the same for people. */

import type { MeteredCounters } from '../gateway/telemetry/counters.ts'
import type { UplinkAttempt } from './demo-intruder.ts'
import { printable } from './draw-board.ts'
import type { DemoView } from './demo-screen.ts'
import type { AlertRow, QuarantineRow } from './demo-tally.ts'

export interface DemoSummary {
  readonly beds: number
  readonly devices: number
  readonly observationSets: number
  readonly readings: number
  /** Blocks of samples that arrived at the stations. */
  readonly waveformBlocks: number
  /** Alerts of devices that the stations saw begin, and end. */
  readonly alertsRaised: number
  readonly alertsEnded: number
  /** Each condition of each device once, as it was last told. */
  readonly alerts: readonly AlertRow[]
  readonly quarantined: number
  /** Each distinct reason for a quarantined reading. */
  readonly quarantinedWhy: readonly QuarantineRow[]
  readonly discardedFrames: number
  readonly tls: { readonly protocol: string; readonly cipher: string }
  readonly plaintextRefused: number
  readonly uplinkRefused: readonly UplinkAttempt[]
  readonly latencyMs: { readonly p50: number | null; readonly p99: number | null }
  /** Reference ids of all metrics that arrived. */
  readonly metrics: readonly string[]
  readonly state: string
}

export async function summaryOf(view: DemoView, counters: MeteredCounters): Promise<DemoSummary> {
  const { tally, stations, uplinks, stateDir } = view
  const session = stations.map((station) => station.session()).find(({ kind }) => kind === 'online')
  const tls =
    session?.kind === 'online'
      ? { protocol: session.protocol, cipher: session.cipher }
      : { protocol: '', cipher: '' }
  return {
    beds: tally.beds.size,
    devices: tally.devices.size,
    observationSets: tally.observationSetCount,
    readings: tally.readingCount,
    waveformBlocks: tally.waveformBlockCount,
    alertsRaised: tally.alertsRaisedCount,
    alertsEnded: tally.alertsEndedCount,
    alerts: tally.alerts,
    quarantined: tally.quarantinedCount,
    quarantinedWhy: tally.quarantine,
    discardedFrames: (await counters.total('discarded_frames_total')).sum,
    tls,
    plaintextRefused: (await counters.total('plaintext_refused_total')).sum,
    uplinkRefused: uplinks,
    latencyMs: { p50: tally.latencyMs(0.5), p99: tally.latencyMs(0.99) },
    metrics: [...tally.metrics].sort(),
    state: stateDir,
  }
}

export function summaryText(summary: DemoSummary, view: DemoView): string {
  const { latencyMs, tls } = summary
  return [
    '',
    `${summary.beds} beds, ${summary.devices} devices: ${summary.observationSets} observation sets with ${summary.readings} readings arrived at the stations`,
    `  over ${tls.protocol} ${tls.cipher}, both sides proved by certificate`,
    `  ${latencyMs.p50} ms from device to station in the median, ${latencyMs.p99} ms at the 99th percentile`,
    `  metrics: ${summary.metrics.join(' ')}`,
    `${summary.waveformBlocks} waveform blocks; ${summary.alertsRaised} alerts of devices raised, ${summary.alertsEnded} ended`,
    ...summary.alerts.map(({ device, text, phase }) => `  ${device}: alert "${printable(text)}" (${phase})`),
    `${summary.quarantined} readings quarantined, ${summary.discardedFrames} pieces of device bytes discarded`,
    ...summary.quarantinedWhy.map(
      ({ device, rule, reason, count }) => `  ${count} x ${device}: ${reason} (${rule})`,
    ),
    `${summary.plaintextRefused} plaintext connections refused without an answer`,
    ...view.uplinks.map(({ url, reason }) => `  uplink to ${url} refused: ${reason}`),
    `State kept in ${summary.state}; run it again with: wardgate run --config ${view.configFile}`,
    '',
  ].join('\n')
}
