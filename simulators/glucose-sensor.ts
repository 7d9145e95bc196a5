/** A glucose sensor: one CGM Measurement record (2AA7) for each recorded row, with E2E-CRC. Gaps stay gaps. */

import { appendCrc } from '../devices/gatt/e2e.ts'
import { sfloat, sfloatValue, u16, u24 } from './gatt-octets.ts'
import type { RecordedRow } from './recording.ts'

export interface GlucoseReading {
  readonly glucoseMgDl: number
  /** Against the newest row of an earlier time; absent after a gap. */
  readonly trendMgDlMin: number | undefined
  readonly offsetMin: number
}

export interface GlucoseSensor {
  /** What the sensor makes of a row; undefined when the row holds no glucose. */
  read(row: RecordedRow): GlucoseReading | undefined
}

/** A trend over a longer time is none. */
const LONGEST_TREND_S = 900
const TREND_DECIMALS = 1

/** mg/dL, as this sensor is set. */
const LIMITS = { hypo: 54, patientLow: 70, patientHigh: 180, hyper: 250 } as const

const HAS_TREND = 0x01
const HAS_WARNING = 0x20
const HAS_CALIBRATION = 0x40

const TIME_SYNC_REQUIRED = 0x01
const BELOW_PATIENT_LOW = 0x01
const ABOVE_PATIENT_HIGH = 0x02
const BELOW_HYPO = 0x04
const ABOVE_HYPER = 0x08

export function createGlucoseSensor(): GlucoseSensor {
  let earlier: RecordedRow | undefined
  let newest: RecordedRow | undefined
  return {
    read(row) {
      const glucoseMgDl = sfloatValue(row.glucoseMgDl)
      if (glucoseMgDl === undefined) return undefined
      const offsetMin = Math.floor(row.atS / 60)
      // The offset is the number of the record: a minute has one.
      if (newest !== undefined && Math.floor(newest.atS / 60) === offsetMin) return undefined
      if (newest !== undefined && newest.atS < row.atS) earlier = newest
      newest = row
      return { glucoseMgDl, trendMgDlMin: trendOf(earlier, row), offsetMin }
    },
  }
}

/** `isClockSet` false: the sensor asks for its time, because the replay runs faster or slower than the clock. */
export function cgmMeasurement(reading: GlucoseReading, isClockSet: boolean): Uint8Array {
  const { glucoseMgDl, trendMgDlMin, offsetMin } = reading
  const warning = warningOf(glucoseMgDl)
  const octets = [
    ...(isClockSet ? [] : [TIME_SYNC_REQUIRED]),
    ...(warning === 0 ? [] : [warning]),
    ...(trendMgDlMin === undefined ? [] : sfloat(trendMgDlMin)),
  ]
  const flags =
    (isClockSet ? 0 : HAS_CALIBRATION) |
    (warning === 0 ? 0 : HAS_WARNING) |
    (trendMgDlMin === undefined ? 0 : HAS_TREND)
  const head = [flags, ...sfloat(glucoseMgDl), ...u16(offsetMin)]
  // The size octet counts itself and the CRC.
  const sizeBytes = 1 + head.length + octets.length + 2
  return appendCrc(Uint8Array.of(sizeBytes, ...head, ...octets))
}

const FEATURE_BITS = [1, 2, 3, 12, 15] as const
/** Interstitial fluid, subcutaneous. */
const TYPE_AND_LOCATION = 0x59

/** 2AA8: patient, hypo and hyper alerts, E2E-CRC, trend. */
export const CGM_FEATURE: Uint8Array = appendCrc(
  Uint8Array.of(...u24(FEATURE_BITS.reduce((word, bit) => word | (1 << bit), 0)), TYPE_AND_LOCATION),
)

/** 2AA9. */
export function cgmStatus(reading: GlucoseReading | undefined, isClockSet: boolean): Uint8Array {
  const { offsetMin, glucoseMgDl } = reading ?? { offsetMin: 0, glucoseMgDl: undefined }
  const warning = glucoseMgDl === undefined ? 0 : warningOf(glucoseMgDl)
  return appendCrc(Uint8Array.of(...u16(offsetMin), 0, isClockSet ? 0 : TIME_SYNC_REQUIRED, warning))
}

const ZONE_UNKNOWN = 0x80
const DST_UNKNOWN = 0xff

/** 2AAA: when the session began, in UTC; all zero while the clock is not set. */
export function cgmSessionStart(startMs: number | undefined): Uint8Array {
  if (startMs === undefined) return appendCrc(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, ZONE_UNKNOWN, DST_UNKNOWN))
  const start = new Date(startMs)
  return appendCrc(
    Uint8Array.of(
      ...u16(start.getUTCFullYear()),
      start.getUTCMonth() + 1,
      start.getUTCDate(),
      start.getUTCHours(),
      start.getUTCMinutes(),
      start.getUTCSeconds(),
      0,
      0,
    ),
  )
}

const RUN_TIME_HOURS = 240

/** 2AAB. */
export const CGM_RUN_TIME: Uint8Array = appendCrc(Uint8Array.of(...u16(RUN_TIME_HOURS)))

function trendOf(earlier: RecordedRow | undefined, row: RecordedRow): number | undefined {
  if (earlier?.glucoseMgDl === undefined || row.glucoseMgDl === undefined) return undefined
  const passedS = row.atS - earlier.atS
  if (passedS > LONGEST_TREND_S) return undefined
  const trend = ((row.glucoseMgDl - earlier.glucoseMgDl) * 60) / passedS
  return Number(trend.toFixed(TREND_DECIMALS))
}

function warningOf(glucoseMgDl: number): number {
  return (
    (glucoseMgDl < LIMITS.patientLow ? BELOW_PATIENT_LOW : 0) |
    (glucoseMgDl > LIMITS.patientHigh ? ABOVE_PATIENT_HIGH : 0) |
    (glucoseMgDl < LIMITS.hypo ? BELOW_HYPO : 0) |
    (glucoseMgDl > LIMITS.hyper ? ABOVE_HYPER : 0)
  )
}
