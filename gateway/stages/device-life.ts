/**
 * The life of one device as its ward sees it: which values are current, what state it is in, and when both give up.
 * Time comes in with every call; what comes out are the messages to publish.
 */

import { vitalsTopic, type Place } from '../contract/topics.ts'
import { parseInstant, toInstant } from '../contract/instant.ts'
import type {
  DeviceState,
  LastValues,
  ObservationSet,
  StateMessage,
  WireMetric,
} from '../contract/reading.ts'
import type { DeviceEntry, OutboundMessage } from '../ports.ts'

interface CurrentValue {
  readonly metric: WireMetric
  readonly t: string
  readonly ttl: number
  readonly expiresAtMs: number
}

// `last` serves late joiners: once a second is enough for them, and spares everybody else the traffic.
const LAST_PERIOD_MS = 1_000

export class DeviceLife {
  readonly #entry: DeviceEntry
  readonly #place: Place
  readonly #values = new Map<number, CurrentValue>()
  /** Metrics that have had a value: a monitor also names those for which no sensor was ever connected. */
  readonly #seen = new Set<number>()
  #state: DeviceState = 'init'
  #reason = 'no reading yet'
  #sinceMs: number
  #lostReason: string | undefined
  #isLastPublished = false
  #isLastDue = false
  #lastPublishedAtMs = Number.NEGATIVE_INFINITY

  constructor(entry: DeviceEntry, startedAtMs: number) {
    this.#entry = entry
    this.#place = { ward: entry.ward, bed: entry.bed, device: entry.id }
    this.#sinceMs = startedAtMs
  }

  /** The state as it stands, for the start of the gateway. */
  announce(): OutboundMessage {
    return this.#stateMessage()
  }

  /** A live set was published. History never passes here: it is not current. */
  accept(set: ObservationSet, nowMs: number): readonly OutboundMessage[] {
    this.#lostReason = undefined
    const measuredAtMs = parseInstant(set.t) ?? nowMs
    for (const metric of set.metrics) {
      const value = { metric, t: set.t, ttl: set.ttl, expiresAtMs: Math.min(measuredAtMs, nowMs) + set.ttl }
      this.#values.set(metric.mdc, value)
      if (metric.value !== null) this.#seen.add(metric.mdc)
    }
    this.#isLastDue = true
    return this.tick(nowMs)
  }

  /** The bedside part or the session says that nothing can come. Values keep their lifetime, the state changes now. */
  lose(reason: string, nowMs: number): readonly OutboundMessage[] {
    this.#lostReason = reason
    return this.tick(nowMs)
  }

  /** The line is there again; the next reading makes the device ready. */
  regain(nowMs: number): readonly OutboundMessage[] {
    if (this.#lostReason === undefined) return []
    this.#lostReason = undefined
    return this.tick(nowMs)
  }

  /** Nothing can come, as far as anybody knows. */
  get isLost(): boolean {
    return this.#lostReason !== undefined
  }

  /** Lets time pass: values expire, `last` is brought up to date. */
  tick(nowMs: number): readonly OutboundMessage[] {
    for (const [mdc, value] of this.#values) {
      if (value.expiresAtMs > nowMs) continue
      this.#values.delete(mdc)
      // Expiry is published at once, whatever the period: a stale value must not be found by a late joiner.
      this.#isLastDue = true
      this.#lastPublishedAtMs = Number.NEGATIVE_INFINITY
    }
    return [...this.#stateChange(nowMs), ...this.#lastChange(nowMs)]
  }

  /** When `tick` has something to do; undefined when nothing is due. */
  get wakeAtMs(): number | undefined {
    const dueAtMs = [...this.#values.values()].map((value) => value.expiresAtMs)
    if (this.#isLastDue) dueAtMs.push(this.#lastPublishedAtMs + LAST_PERIOD_MS)
    return dueAtMs.length === 0 ? undefined : Math.min(...dueAtMs)
  }

  #stateChange(nowMs: number): readonly OutboundMessage[] {
    const [state, reason] = this.#judge()
    if (state === this.#state && reason === this.#reason) return []
    if (state !== this.#state) this.#sinceMs = nowMs
    this.#state = state
    this.#reason = reason
    return [this.#stateMessage()]
  }

  #judge(): readonly [DeviceState, string] {
    if (this.#lostReason !== undefined) return ['lost', this.#lostReason]
    const current = [...this.#values.values()]
    if (current.length === 0)
      return this.#state === 'init' ? ['init', 'no reading yet'] : ['stale', 'no reading within its lifetime']
    const measured = current.filter(({ metric }) => this.#seen.has(metric.mdc))
    const judged = measured.length === 0 ? current : measured
    const doubtful = judged.filter(({ metric }) => metric.q !== 'valid')
    if (doubtful.length === 0) return ['ready', 'readings are current']
    const why = new Set(doubtful.flatMap(({ metric }) => metric.why ?? [metric.q]))
    return ['degraded', [...why].sort().join(' ').slice(0, 512)]
  }

  #lastChange(nowMs: number): readonly OutboundMessage[] {
    if (!this.#isLastDue || nowMs < this.#lastPublishedAtMs + LAST_PERIOD_MS) return []
    this.#isLastDue = false
    this.#lastPublishedAtMs = nowMs
    const valid = [...this.#values.values()].filter(({ metric }) => metric.q === 'valid')
    if (valid.length === 0) {
      if (!this.#isLastPublished) return []
      this.#isLastPublished = false
      return [this.#retained('last', Buffer.alloc(0))]
    }
    this.#isLastPublished = true
    const last: LastValues = {
      v: 1,
      device: this.#entry.id,
      bed: this.#entry.bed,
      assoc: this.#entry.assoc,
      metrics: valid.map(({ metric, t, ttl }) => ({ ...metric, t, ttl })),
    }
    return [this.#retained('last', Buffer.from(JSON.stringify(last)))]
  }

  #stateMessage(): OutboundMessage {
    const message: StateMessage = {
      v: 1,
      device: this.#entry.id,
      bed: this.#entry.bed,
      assoc: this.#entry.assoc,
      state: this.#state,
      since: toInstant(this.#sinceMs),
      reason: this.#reason,
    }
    return this.#retained('state', Buffer.from(JSON.stringify(message)))
  }

  #retained(leaf: 'last' | 'state', payload: Buffer): OutboundMessage {
    return { topic: vitalsTopic(this.#place, leaf), payload, qos: 1, retain: true }
  }
}
