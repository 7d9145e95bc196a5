/** Date Time (seven octets, no zone inside), Time Zone and DST Offset of the GATT Specification Supplement. */

import type { ByteReader } from '../framing/byte-reader.ts'
import { epochMsOf as civilEpochMs } from '../framing/civil-time.ts'
import type { Field } from './layout.ts'

/** A date of which the device does not know every part. */
interface PartialDateTime {
  readonly year: number | null
  readonly month: number | null
  readonly day: number | null
  readonly time: string
}

const SECONDS_PER_DAY = 86_400

export function dateTime(key: string): Field {
  return (reader, out) => {
    out[key] = readDateTime(reader)
  }
}

/** Seconds since 1 January of `epochYear`, as the enhanced blood pressure characteristics count. */
export function secondsSince(key: string, epochYear: number): Field {
  return (reader, out) => {
    out[key] = isoSince(epochYear, reader.u32())
  }
}

/** Whole seconds since 1 January of `epochYear` as a zone-less ISO time. */
export function isoSince(epochYear: number, seconds: number): string {
  const { year, month, day } = civilDate(dayNumber(epochYear, 1, 1) + Math.floor(seconds / SECONDS_PER_DAY))
  const rest = seconds % SECONDS_PER_DAY
  return `${isoDate(year, month, day)}T${isoTime(Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60)}`
}

/** A calendar date: year, month, day; a part that the device does not know is null. */
export function date(key: string): Field {
  return (reader, out) => {
    const known = readDate(reader)
    out[key] = isComplete(known) ? isoDate(known.year, known.month, known.day) : known
  }
}

// Quarters of an hour, -48..56; -128 unknown; it excludes daylight saving.
export function timeZone(key: string): Field {
  return (reader, out) => {
    const quarters = reader.s8()
    if (quarters !== -128 && (quarters < -48 || quarters > 56)) reader.refuse('rfu-value')
    out[key] = quarters === -128 ? 'unknown' : quarters * 15
  }
}

const DST_MINUTES: Readonly<Record<number, number | 'unknown'>> = {
  0: 0,
  2: 30,
  4: 60,
  8: 120,
  255: 'unknown',
}

export function dstOffset(key: string): Field {
  return (reader, out) => {
    const minutes = DST_MINUTES[reader.u8()]
    if (minutes === undefined) reader.refuse('rfu-value')
    out[key] = minutes
  }
}

/** Milliseconds since 1970 of a zone-less ISO time read as UTC; undefined when a part of it is unknown. */
export function epochMsOf(value: unknown): number | undefined {
  const match = typeof value === 'string' ? /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/.exec(value) : null
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  return civilEpochMs({ year, month, day, hour, minute, second })
}

function readDateTime(reader: ByteReader): string | PartialDateTime {
  const known = readDate(reader)
  const [hour, minute, second] = [reader.u8(), reader.u8(), reader.u8()]
  if (hour > 23 || minute > 59 || second > 59) reader.refuse('invalid-datetime')
  const time = isoTime(hour, minute, second)
  return isComplete(known) ? `${isoDate(known.year, known.month, known.day)}T${time}` : { ...known, time }
}

type KnownDate = Omit<PartialDateTime, 'time'>

// Zero is "unknown" for each part; the Gregorian calendar starts in 1582.
function readDate(reader: ByteReader): KnownDate {
  const [year, month, day] = [reader.u16(), reader.u8(), reader.u8()]
  const isYear = year === 0 || (year >= 1582 && year <= 9999)
  if (!isYear || month > 12 || day > daysIn(year, month)) reader.refuse('invalid-datetime')
  return { year: orNull(year), month: orNull(month), day: orNull(day) }
}

function isComplete(known: KnownDate): known is { year: number; month: number; day: number } {
  return known.year !== null && known.month !== null && known.day !== null
}

function orNull(part: number): number | null {
  return part === 0 ? null : part
}

const DAYS = [31, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 && !isLeap ? 28 : (DAYS[month] ?? 0)
}

function isoDate(year: number, month: number, day: number): string {
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
}

function isoTime(hour: number, minute: number, second: number): string {
  return `${two(hour)}:${two(minute)}:${two(second)}`
}

function two(part: number): string {
  return String(part).padStart(2, '0')
}

/** Days since 1970-01-01. */
function dayNumber(year: number, month: number, day: number): number {
  const epochMs = civilEpochMs({ year, month, day, hour: 0, minute: 0, second: 0 }) ?? 0
  return epochMs / (SECONDS_PER_DAY * 1000)
}

function civilDate(days: number): { year: number; month: number; day: number } {
  let year = Math.floor(days / 365.2425) + 1969
  while (dayNumber(year + 1, 1, 1) <= days) year++
  let month = 1
  while (month < 12 && dayNumber(year, month + 1, 1) <= days) month++
  return { year, month, day: days - dayNumber(year, month, 1) + 1 }
}
