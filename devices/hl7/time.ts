/** HL7 times: `YYYYMMDDHHMM[SS[.S[S[S[S]]]]][+/-ZZZZ]`. */

import { epochMsOf } from '../framing/civil-time.ts'
import type { DeviceTime } from '../protocol.ts'

const FORM = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?(\.\d{1,4})?([+-])?(\d{2})?(\d{2})?$/
const LARGEST_OFFSET_HOURS = 14

/** Undefined when it is no instant: a date alone, or a day that does not exist. */
export function readTime(text: string): DeviceTime | undefined {
  const match = FORM.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = match.slice(1, 6).map(Number)
  const [, , , , , , second = '0', fraction = '0', sign, zoneHours, zoneMinutes] = match
  const localMs = epochMsOf({ year, month, day, hour, minute, second: Number(second) })
  const offsetMs = offsetOf(sign, zoneHours, zoneMinutes)
  if (localMs === undefined || offsetMs === 'malformed') return undefined
  const epochMs = localMs + Math.floor(Number(fraction) * 1000)
  // MSH-7 has a zone more often than the rest: whether the others mean the same one is not said.
  if (offsetMs === undefined) return { epochMs, zone: 'unknown' }
  return { epochMs: epochMs - offsetMs, zone: 'utc' }
}

function offsetOf(
  sign: string | undefined,
  hours: string | undefined,
  minutes: string | undefined,
): number | undefined | 'malformed' {
  if (sign === undefined) return hours === undefined ? undefined : 'malformed'
  if (hours === undefined || minutes === undefined) return 'malformed'
  if (Number(hours) > LARGEST_OFFSET_HOURS || Number(minutes) > 59) return 'malformed'
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}

/** How much earlier than `later`; undefined where two clocks cannot be compared. */
export function ageMs(time: DeviceTime, later: DeviceTime | undefined): number | undefined {
  return later === undefined || later.zone !== time.zone ? undefined : later.epochMs - time.epochMs
}
