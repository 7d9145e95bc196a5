/** Times on the wire: ticks of 125 us since the monitor was switched on, and its calendar as eight BCD bytes. */

import { epochMsOf } from '../framing/civil-time.ts'
import type { DeviceTime } from '../protocol.ts'
import type { WireReader } from './wire-reader.ts'

export const TICKS_PER_MS = 8
const TICK_ROUND = 2 ** 32

/** Century, year, month, day, hour, minute, second, hundredths; all FF, or no such time, means none. */
export function readAbsoluteMs(reader: WireReader): number | undefined {
  const century = bcd(reader.u8())
  const year = bcd(reader.u8())
  const month = bcd(reader.u8())
  const day = bcd(reader.u8())
  const hour = bcd(reader.u8())
  const minute = bcd(reader.u8())
  const second = bcd(reader.u8())
  const hundredths = bcd(reader.u8())
  if (!(century >= 0 && year >= 0)) return undefined
  const epochMs = epochMsOf({ year: century * 100 + year, month, day, hour, minute, second })
  // Some devices leave the hundredths unset in a time that is good otherwise.
  return epochMs === undefined ? undefined : epochMs + (hundredths >= 0 ? hundredths * 10 : 0)
}

/** -1 for what is no pair of decimal digits; no calendar has that. */
function bcd(octet: number): number {
  const high = octet >>> 4
  const low = octet & 0x0f
  return high > 9 || low > 9 ? -1 : high * 10 + low
}

/** Ticks from `before` to `now`, across the round of the counter; negative when `now` is the earlier one. */
export function ticksBetween(before: number, now: number): number {
  const ahead = (now - before + TICK_ROUND) % TICK_ROUND
  return ahead < TICK_ROUND / 2 ? ahead : ahead - TICK_ROUND
}

/** The monitor tells its calendar once, and the ticks with every result: together they date each result. */
export class DeviceClock {
  #absoluteMs: number | undefined
  #ticks = 0

  set(absoluteMs: number | undefined, ticks: number): void {
    this.#absoluteMs = absoluteMs
    this.#ticks = ticks
  }

  /** Undefined when the monitor has not told its time. */
  at(ticks: number): DeviceTime | undefined {
    if (this.#absoluteMs === undefined) return undefined
    const sinceMs = Math.round(ticksBetween(this.#ticks, ticks) / TICKS_PER_MS)
    return { epochMs: this.#absoluteMs + sinceMs, zone: 'unknown' }
  }
}
