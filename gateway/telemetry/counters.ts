/** The gateway's own figures, for /metrics and for the demo's summary. Labels are closed sets: never a bed, never a person. */

import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { CounterName, Counters } from '../ports.ts'

const HELP: Readonly<Record<CounterName, { help: string; labels: readonly string[] }>> = {
  observation_sets_total: { help: 'Observation sets published on trusted topics', labels: ['topic'] },
  readings_total: { help: 'Metrics published on trusted topics, by quality', labels: ['quality'] },
  quarantined_total: { help: 'Messages and metrics diverted to quarantine, by rule', labels: ['rule'] },
  discarded_frames_total: { help: 'Pieces of device bytes thrown away, by reason', labels: ['reason'] },
  dropped_total: { help: 'Readings dropped because a queue was full', labels: ['where'] },
  waveform_blocks_total: { help: 'Waveform blocks published on trusted topics', labels: [] },
  alerts_total: { help: 'Alerts that devices began, changed or ended, by phase', labels: ['phase'] },
  not_relayed_total: { help: 'Outputs of devices that end at the bedside, by reason', labels: ['reason'] },
  commands_refused_total: {
    help: 'Commands of a driver outside its closed list; a fault of ours',
    labels: [],
  },
  plaintext_refused_total: { help: 'Connections that did not speak TLS', labels: [] },
  handshake_refused_total: { help: 'TLS handshakes refused', labels: [] },
  uplink_refused_total: { help: 'Uplink attempts refused by the guard', labels: ['reason'] },
  uplink_forwarded_total: { help: 'Messages acknowledged by an uplink', labels: [] },
  publish_denied_total: { help: 'Publishes outside the rights of their sender', labels: [] },
  subscribe_denied_total: { help: 'Subscriptions outside the rights of their sender', labels: [] },
}

export interface MeteredCounters extends Counters {
  /** Prometheus text exposition. */
  expose(): Promise<string>
  /** When the first certificate of each role runs out, or the first list (role `crl`); roles that are absent are forgotten. */
  soonestExpiry(notAfterMsByRole: ReadonlyMap<string, number>): void
  /** Sum over all labels, and by the first label's value. */
  total(name: CounterName): Promise<{ readonly sum: number; readonly by: Readonly<Record<string, number>> }>
}

export function createCounters(): MeteredCounters {
  const registry = new Registry()
  const counters = new Map<CounterName, Counter>()
  for (const [name, { help, labels }] of entriesOf(HELP)) {
    counters.set(
      name,
      new Counter({ name: `wardgate_${name}`, help, labelNames: [...labels], registers: [registry] }),
    )
  }
  const latency = new Histogram({
    name: 'wardgate_reading_latency_seconds',
    help: 'From receipt at the bedside to publication on the trusted topic',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [registry],
  })
  const loopDelay = new Gauge({
    name: 'wardgate_event_loop_delay_seconds',
    help: 'How late the event loop was on the average of the last half second',
    registers: [registry],
  })
  const expiry = new Gauge({
    name: 'wardgate_certificate_expiry_timestamp_seconds',
    help: 'When the first certificate of a role runs out, or the first revocation list (role crl), since 1970',
    labelNames: ['role'],
    registers: [registry],
  })
  return {
    count: (name, labels = {}) => counters.get(name)?.inc(known(HELP[name].labels, labels)),
    observeLatencyMs: (latencyMs) => {
      latency.observe(Math.max(0, latencyMs) / 1000)
    },
    observeLoopDelayMs: (delayMs) => {
      loopDelay.set(delayMs / 1000)
    },
    soonestExpiry(notAfterMsByRole) {
      expiry.reset()
      for (const [role, notAfterMs] of notAfterMsByRole) expiry.set({ role }, notAfterMs / 1000)
    },
    expose: () => registry.metrics(),
    async total(name) {
      const label = HELP[name].labels[0]
      const values = (await counters.get(name)?.get())?.values ?? []
      const by: Record<string, number> = {}
      for (const { labels, value } of values) {
        if (label !== undefined) by[String(labels[label] ?? '')] = value
      }
      return { sum: values.reduce((sum, { value }) => sum + value, 0), by }
    },
  }
}

function known(names: readonly string[], labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, labels[name] ?? 'other']))
}

function entriesOf<K extends string, V>(record: Readonly<Record<K, V>>): [K, V][] {
  return Object.entries(record) as [K, V][]
}
