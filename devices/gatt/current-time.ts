import { dateTime, dstOffset, timeZone } from './date-time.ts'
import { bits, code, type Field, fields, integer } from './layout.ts'

/** 2A08 Date Time. */
export const dateTimeValue: Field = dateTime('dateTime')

/** 2A2B Current Time. */
export const currentTime: Field = fields(
  dateTime('dateTime'),
  code('dayOfWeek', {
    0: 'unknown',
    1: 'mon',
    2: 'tue',
    3: 'wed',
    4: 'thu',
    5: 'fri',
    6: 'sat',
    7: 'sun',
  }),
  integer('fractions256', 'u8'),
  bits('adjustReason', 'u8', ['manual', 'external-reference', 'time-zone', 'dst']),
)

/** 2A0F Local Time Information. */
export const localTimeInformation: Field = fields(timeZone('timeZoneMin'), dstOffset('dstMin'))

// In eighths of a second; 254 is "more than 31.625 s".
const accuracy: Field = (reader, out) => {
  const eighths = reader.u8()
  const special: Record<number, string> = { 254: '>31.625', 255: 'unknown' }
  out['accuracySeconds'] = special[eighths] ?? eighths / 8
}

// 255 in both octets is "255 days or more"; hours count 0..23.
const sinceUpdate: Field = (reader, out) => {
  const [days, hours] = [reader.u8(), reader.u8()]
  const isLongAgo = days === 255 && hours === 255
  if (!isLongAgo && (days === 255 || hours > 23)) reader.refuse('rfu-value')
  out['sinceUpdate'] = isLongAgo ? '>=255d' : `${days}d${hours}h`
}

/** 2A14 Reference Time Information. */
export const referenceTimeInformation: Field = fields(
  code('source', {
    0: 'unknown',
    1: 'ntp',
    2: 'gps',
    3: 'radio',
    4: 'manual',
    5: 'atomic',
    6: 'cellular',
    7: 'not-synchronized',
  }),
  accuracy,
  sinceUpdate,
)
