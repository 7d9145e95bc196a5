/** Calendar fields as devices send them, to milliseconds since 1970 in the proleptic Gregorian calendar. */

export interface CivilTime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const
const DAY_MS = 86_400_000
const MARCH = 3

/** Undefined when there is no such day or time. */
export function epochMsOf(time: CivilTime): number | undefined {
  const monthDays = MONTH_DAYS[time.month - 1]
  if (monthDays === undefined) return undefined
  const lastDay = time.month === 2 && isLeapYear(time.year) ? 29 : monthDays
  if (time.day < 1 || time.day > lastDay) return undefined
  if (time.hour > 23 || time.minute > 59 || time.second > 59) return undefined
  return dayNumber(time) * DAY_MS + ((time.hour * 60 + time.minute) * 60 + time.second) * 1000
}

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
}

// Years are counted from March, so that the leap day is the last of its year; 719,468 days lie between that origin and 1970.
function dayNumber({ year, month, day }: CivilTime): number {
  const marchYear = month < MARCH ? year - 1 : year
  const marchMonth = month < MARCH ? month + 9 : month - MARCH
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  const dayOfYear = Math.floor((153 * marchMonth + 2) / 5) + day - 1
  return marchYear * 365 + leapDays + dayOfYear - 719_468
}

/** The calendar fields of an instant in UTC, as protocols write them: `YYYYMMDDHHMMSS`. */
export function civilOf(epochMs: number): string {
  const seconds = Math.floor(epochMs / 1000)
  const days = Math.floor(seconds / 86_400)
  const ofDay = seconds - days * 86_400
  // The inverse of `dayNumber`: 400 years are 146,097 days.
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const ofEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * ofYear + 2) / 153)
  const day = ofYear - Math.floor((153 * marchMonth + 2) / 5) + 1
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  const time = [Math.floor(ofDay / 3600), Math.floor(ofDay / 60) % 60, ofDay % 60]
  return [
    String(year).padStart(4, '0'),
    ...[month, day, ...time].map((two) => String(two).padStart(2, '0')),
  ].join('')
}
