import { ByteReader } from '../framing/byte-reader.ts'
import type { DiscardReason } from '../protocol.ts'
import type { GattContext } from './characteristics.ts'
import { dateTime, dstOffset, timeZone } from './date-time.ts'
import { endsWithCrc } from './e2e.ts'
import { bits, type BitNames, bitWords, type Field, type Fields, fields, integer, sfloat } from './layout.ts'
import { CGM_LOCATIONS, typeAndLocation } from './sample-type.ts'

const STATUS: BitNames = [
  'session-stopped',
  'battery-low',
  'sensor-type-incorrect',
  'sensor-malfunction',
  'device-specific-alert',
  'general-device-fault',
  null,
  null,
  'time-sync-required',
  'calibration-not-allowed',
  'calibration-recommended',
  'calibration-required',
  'temperature-too-high',
  'temperature-too-low',
  'calibration-pending',
  null,
  'below-patient-low',
  'above-patient-high',
  'below-hypo',
  'above-hyper',
  'rate-of-decrease-exceeded',
  'rate-of-increase-exceeded',
  'result-too-low',
  'result-too-high',
]

const FEATURES: BitNames = [
  'calibration',
  'patient-high-low-alerts',
  'hypo-alerts',
  'hyper-alerts',
  'rate-alerts',
  'device-specific-alert',
  'sensor-malfunction',
  'temperature-high-low',
  'result-high-low',
  'low-battery',
  'sensor-type-error',
  'general-device-fault',
  'e2e-crc',
  'multiple-bond',
  'multiple-sessions',
  'trend',
  'quality',
]

const MIN_RECORD_BYTES = 6

// Which octet of the status word a flag announces, in the order on the wire: status, calibration and temperature, warning.
const STATUS_OCTETS = [
  { flag: 0x80, shift: 0 },
  { flag: 0x40, shift: 8 },
  { flag: 0x20, shift: 16 },
] as const

const TREND_FLAG = 0x01
const QUALITY_FLAG = 0x02

/** 2AA7 CGM Measurement: records back to back, each with its own size and CRC. */
export function cgmMeasurement(reader: ByteReader, out: Fields, context: GattContext): void {
  const records: Fields[] = []
  do records.push(readRecord(reader, context))
  while (reader.remaining > 0 && reader.fault === undefined)
  out['records'] = records
}

/** 2AA8 CGM Feature: its CRC field is always there, FFFF when the device has no E2E-CRC. */
export function cgmFeature(reader: ByteReader, out: Fields, context: GattContext): void {
  const whole = reader.bytes(6)
  const features = bitWords((whole[0] ?? 0) | ((whole[1] ?? 0) << 8) | ((whole[2] ?? 0) << 16), FEATURES)
  const isGood = features.includes('e2e-crc')
    ? endsWithCrc(whole, context.crc)
    : whole[4] === 0xff && whole[5] === 0xff
  // An unprotected value with a CRC may be a protected one whose bit 12 was lost on the way.
  if (!isGood) reader.refuse('bad-crc')
  out['features'] = features
  typeAndLocation(CGM_LOCATIONS)(new ByteReader(whole.subarray(3)), out)
}

/** 2AA9 CGM Status. */
export const cgmStatus: Field = fields(integer('timeOffsetMin', 'u16'), bits('status', 'u24', STATUS))

/** 2AAA CGM Session Start Time. */
export const cgmSessionStart: Field = fields(
  dateTime('sessionStart'),
  timeZone('timeZoneMin'),
  dstOffset('dstMin'),
)

/** 2AAB CGM Session Run Time. */
export const cgmRunTime: Field = integer('runTimeHours', 'u16')

function readRecord(reader: ByteReader, context: GattContext): Fields {
  const out: Fields = {}
  const sizeBytes = reader.peek()
  if (reader.fault === undefined && sizeBytes < MIN_RECORD_BYTES) reader.refuse('bad-size')
  const record = reader.bytes(Math.max(1, sizeBytes))
  if (reader.fault !== undefined) return out
  const flags = record[1] ?? 0
  const fault = recordFault(record, contentSizeBytes(flags), context)
  if (fault !== undefined) reader.refuse(fault)
  else recordFields(flags)(new ByteReader(record.subarray(2)), out)
  return out
}

function contentSizeBytes(flags: number): number {
  const octets = STATUS_OCTETS.filter(({ flag }) => (flags & flag) !== 0).length
  const floats = [TREND_FLAG, QUALITY_FLAG].filter((flag) => (flags & flag) !== 0).length
  return MIN_RECORD_BYTES + octets + 2 * floats
}

function recordFault(
  record: Uint8Array,
  contentBytes: number,
  context: GattContext,
): DiscardReason | undefined {
  if (context.e2e === true && !endsWithCrc(record, context.crc)) {
    return record.length === contentBytes ? 'missing-crc' : 'bad-crc'
  }
  const expectedBytes = contentBytes + (context.e2e === true ? 2 : 0)
  return record.length === expectedBytes ? undefined : 'bad-size'
}

function recordFields(flags: number): Field {
  return fields(
    sfloat('glucose'),
    integer('timeOffsetMin', 'u16'),
    (reader, out) => {
      let status = 0
      for (const { flag, shift } of STATUS_OCTETS) if ((flags & flag) !== 0) status |= reader.u8() << shift
      out['status'] = bitWords(status, STATUS)
    },
    ...((flags & TREND_FLAG) === 0 ? [] : [sfloat('trend')]),
    ...((flags & QUALITY_FLAG) === 0 ? [] : [sfloat('quality')]),
  )
}
