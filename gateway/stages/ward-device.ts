/** All that the ward keeps of one device between its messages: its values and state, its alerts, its channels. */

import type { AlertMessage } from '../contract/alert.ts'
import { parseInstant } from '../contract/instant.ts'
import type { ObservationSet } from '../contract/reading.ts'
import { vitalsTopic } from '../contract/topics.ts'
import type { DeviceEntry, OutboundMessage } from '../ports.ts'
import { AlertLife, type AlertReport } from './alert-life.ts'
import { DeviceLife } from './device-life.ts'

/** More waves than any bedside device has. */
const MAX_CHANNELS = 32
// A device that names its waves anew, as after a change of leads, must not be shut out for ever.
const CHANNEL_IDLE_MS = 600_000

export class WardDevice {
  readonly #entry: DeviceEntry
  readonly #life: DeviceLife
  readonly #alerts: AlertLife
  /** When each channel was last heard. */
  readonly #channels = new Map<string, number>()

  constructor(entry: DeviceEntry, startedAtMs: number) {
    this.#entry = entry
    this.#life = new DeviceLife(entry, startedAtMs)
    this.#alerts = new AlertLife(entry)
  }

  announce(): OutboundMessage {
    return this.#life.announce()
  }

  /** A live set was published. */
  accept(set: ObservationSet, nowMs: number): readonly OutboundMessage[] {
    this.#alerts.delivered(nowMs)
    return this.#life.accept(set, nowMs)
  }

  /** False when the device has too many channels already. */
  takesChannel(channel: string, nowMs: number): boolean {
    if (!this.#channels.has(channel) && this.#channels.size >= MAX_CHANNELS)
      for (const [other, heardAtMs] of this.#channels)
        if (heardAtMs + CHANNEL_IDLE_MS <= nowMs) this.#channels.delete(other)
    if (!this.#channels.has(channel) && this.#channels.size >= MAX_CHANNELS) return false
    this.#channels.set(channel, nowMs)
    // Waveforms overtake and are overtaken: one that was sent before the line was lost proves nothing after it.
    if (!this.#life.isLost) this.#alerts.delivered(nowMs)
    return true
  }

  alert(report: AlertReport, nowMs: number): readonly OutboundMessage[] | 'full' {
    const published = this.#alerts.report(report, nowMs)
    if (published === 'full' || isLate(report, nowMs)) return published
    // A device that has nothing to say but this is there.
    return [...published, ...this.#life.regain(nowMs)]
  }

  /** An alert that a former run of the gateway left retained. */
  adopt(alert: AlertMessage, nowMs: number): readonly OutboundMessage[] {
    return this.#alerts.adopt(alert, nowMs)
  }

  lose(reason: string, nowMs: number): readonly OutboundMessage[] {
    return [...this.#life.lose(reason, nowMs), ...this.#alerts.lose(reason, nowMs)]
  }

  regain(nowMs: number): readonly OutboundMessage[] {
    return this.#life.regain(nowMs)
  }

  tick(nowMs: number): readonly OutboundMessage[] {
    return [...this.#life.tick(nowMs), ...this.#alerts.tick(nowMs)]
  }

  get wakeAtMs(): number {
    const never = Number.POSITIVE_INFINITY
    return Math.min(this.#life.wakeAtMs ?? never, this.#alerts.wakeAtMs ?? never)
  }

  /** The device is no longer at this place: nothing retained of it may be found there. */
  close(nowMs: number): readonly OutboundMessage[] {
    const { ward, bed, id: device } = this.#entry
    const cleared = (['last', 'state', 'birth'] as const).map((leaf) => ({
      topic: vitalsTopic({ ward, bed, device }, leaf),
      payload: Buffer.alloc(0),
      qos: 1 as const,
      retain: true,
    }))
    return [...this.#alerts.close(nowMs), ...cleared]
  }
}

function isLate({ t, ttl }: AlertReport, nowMs: number): boolean {
  return (parseInstant(t) ?? nowMs) + ttl <= nowMs
}
