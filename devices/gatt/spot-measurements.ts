import { hexOf } from '../framing/hex.ts'
import type { DriverMemory, Observation } from '../protocol.ts'
import type { CommonServices } from './common-services.ts'
import { epochMsOf } from './date-time.ts'

const KEY = 'spot.told'
const KEPT_COUNT = 8

// Longer ago by the device's own clock: it was measured before this connection and kept.
const FRESH_MS = 2 * 60_000

/** How long a spot measurement may be shown as current: until the next one, and no longer than this. */
export const SPOT_TTL_MS = 15 * 60_000

/**
 * Measurements that a device makes once in a while and indicates when it can: those it kept are told as history, and
 * one that is indicated again because the confirmation was lost is told once.
 */
export class SpotMeasurements {
  readonly #memory: DriverMemory | undefined
  #told: readonly string[]

  constructor(memory: DriverMemory | undefined) {
    this.#memory = memory
    this.#told = (memory?.get(KEY) ?? '').split(' ').filter((octets) => octets !== '')
  }

  /** Only what carries its time can be known again: two equal readings without a time may be two measurements. */
  isRepeated(bytes: Uint8Array, timestamp: unknown): boolean {
    if (typeof timestamp !== 'string') return false
    const octets = hexOf(bytes)
    if (this.#told.includes(octets)) return true
    this.#told = [...this.#told, octets].slice(-KEPT_COUNT)
    this.#memory?.set(KEY, this.#told.join(' '))
    return false
  }
}

/** The clock of these devices has no zone; without a clock to compare with, what is indicated is taken as new. */
export function spotTiming(
  timestamp: unknown,
  atMs: number,
  { clockAheadMs }: CommonServices,
): Partial<Observation> {
  const epochMs = epochMsOf(timestamp)
  if (epochMs === undefined) return { ttlMs: SPOT_TTL_MS }
  const ageMs = clockAheadMs === undefined ? 0 : atMs + clockAheadMs - epochMs
  return {
    ttlMs: SPOT_TTL_MS,
    deviceTime: { epochMs, zone: 'unknown' },
    ...(ageMs > FRESH_MS && { isHistory: true }),
  }
}
