/** Battery, device information and clock: the services beside the profile, alike for every device that has them. */

import type { Command, DriverOutput, SendRule, Text } from '../protocol.ts'
import { AlertConditions } from './alert-conditions.ts'
import { decodeCharacteristic } from './characteristics.ts'
import { epochMsOf } from './date-time.ts'
import { DEVICE_IDENTITY_READS, deviceIdentityText } from './device-identity.ts'
import { isRecord } from './fields-of.ts'

const BATTERY = '2A19'
const CURRENT_TIME = '2A2B'
const LOCAL_TIME = '2A0F'

const READS: readonly string[] = [...DEVICE_IDENTITY_READS, LOCAL_TIME, CURRENT_TIME]
const REPEATED: readonly string[] = [BATTERY, CURRENT_TIME]
const REPEAT_MS = 10 * 60_000

// The service has no limit of its own; at a fifth most devices warn.
const LOW_BATTERY_PCT = 20

export const COMMON_READ_RULES: readonly SendRule[] = READS.map((characteristic) => ({
  kind: 'read',
  characteristic,
  meaning: 'identity, battery and clock of the device',
}))

export class CommonServices {
  readonly #alerts = new AlertConditions()
  readonly #told = new Map<string, string>()
  #repeated: readonly string[] = []
  #dueAtMs: number | undefined
  #identity: string | undefined
  #clockAheadMs: number | undefined

  /** Serial number or system id of the device, once it was read on this connection. */
  get identity(): string | undefined {
    return this.#identity
  }

  /** Device clock less ours; undefined when the device has none or has not set it. */
  get clockAheadMs(): number | undefined {
    return this.#clockAheadMs
  }

  get wakeAtMs(): number | undefined {
    return this.#dueAtMs
  }

  open(present: readonly string[] | undefined, atMs: number): readonly Command[] {
    this.close()
    const has = (uuid: string): boolean => present?.includes(uuid) === true
    this.#repeated = REPEATED.filter(has)
    if (this.#repeated.length > 0) this.#dueAtMs = atMs + REPEAT_MS
    return READS.filter(has).map(readOf)
  }

  close(): void {
    this.#alerts.reopened()
    this.#told.clear()
    this.#repeated = []
    this.#dueAtMs = undefined
    this.#identity = undefined
    this.#clockAheadMs = undefined
  }

  /** What such a value says; nothing when the characteristic is none of these. */
  value(characteristic: string, bytes: Uint8Array, atMs: number): readonly DriverOutput[] {
    if (characteristic === CURRENT_TIME) return this.#clock(bytes, atMs)
    if (characteristic === LOCAL_TIME) return localTime(bytes)
    const outputs = deviceIdentityText(characteristic, bytes)
    return outputs.flatMap((output): readonly DriverOutput[] => {
      if (output.kind !== 'text') return [output]
      if (output.isIdentity === true) this.#identity ??= `${output.name} ${String(output.value)}`
      if (characteristic !== BATTERY) return [output]
      return [...this.#news(output.name, output.value), ...this.#battery(Number(output.value))]
    })
  }

  tick(atMs: number): readonly DriverOutput[] {
    if (this.#dueAtMs === undefined || atMs < this.#dueAtMs) return []
    this.#dueAtMs = atMs + REPEAT_MS
    return this.#repeated.map(readOf)
  }

  #battery(percent: number): readonly DriverOutput[] {
    const isLow = percent <= LOW_BATTERY_PCT
    const low = {
      code: 'battery-level-low',
      source: 'technical',
      text: 'Battery level low',
      flags: [],
    } as const
    return this.#alerts.update(isLow ? [low] : [])
  }

  #clock(bytes: Uint8Array, atMs: number): readonly DriverOutput[] {
    const decoded = decodeCharacteristic(CURRENT_TIME, bytes)
    if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
    const { dateTime, fractions256 } = decoded.value
    const localMs = epochMsOf(dateTime)
    if (localMs === undefined || isRecord(dateTime)) {
      this.#clockAheadMs = undefined
      return this.#news('device_clock', 'not_set')
    }
    this.#clockAheadMs = localMs + (Number(fractions256) * 1000) / 256 - atMs
    const aheadS = Math.round(this.#clockAheadMs / 1000)
    const before = Number(this.#told.get('device_clock_ahead_s'))
    // It is read again and again: a second more or less is the time the answer took.
    if (Math.abs(before - aheadS) <= 1) return []
    this.#told.set('device_clock_ahead_s', String(aheadS))
    return [
      { kind: 'text', name: 'device_clock', value: String(dateTime) },
      { kind: 'text', name: 'device_clock_ahead_s', value: aheadS, unit: 's' },
    ]
  }

  #news(name: string, value: Text['value']): readonly DriverOutput[] {
    if (this.#told.get(name) === String(value)) return []
    this.#told.set(name, String(value))
    return [{ kind: 'text', name, value }]
  }
}

function localTime(bytes: Uint8Array): readonly DriverOutput[] {
  const decoded = decodeCharacteristic(LOCAL_TIME, bytes)
  if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
  const { timeZoneMin, dstMin } = decoded.value
  if (typeof timeZoneMin !== 'number' || typeof dstMin !== 'number') return []
  return [{ kind: 'text', name: 'device_utc_offset_min', value: timeZoneMin + dstMin, unit: 'min' }]
}

function readOf(characteristic: string): Command {
  return { kind: 'read', characteristic }
}
