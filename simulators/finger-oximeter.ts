/** A finger oximeter: one PLX Continuous Measurement (2A5F) a second. SFLOAT keeps the decimals of the recording. */

import { sfloat, sfloatValue, u16, u24 } from './gatt-octets.ts'
import type { RecordedRow } from './recording.ts'

export interface OximeterReading {
  readonly spo2: number | undefined
  readonly pulseRate: number | undefined
}

const HAS_MEASUREMENT_STATUS = 0x04
const HAS_DEVICE_STATUS = 0x08

const VALIDATED = 1 << 7
const FULLY_QUALIFIED = 1 << 8
const MEASUREMENT_UNAVAILABLE = 1 << 13
const SENSOR_UNCONNECTED = 1 << 11

export function oximeterReading(row: RecordedRow | undefined): OximeterReading {
  return { spo2: sfloatValue(row?.spo2), pulseRate: sfloatValue(row?.pulseRate) }
}

export function plxContinuous({ spo2, pulseRate }: OximeterReading): Uint8Array {
  const isFingerOff = spo2 === undefined && pulseRate === undefined
  return Uint8Array.of(
    HAS_MEASUREMENT_STATUS | HAS_DEVICE_STATUS,
    ...sfloat(spo2),
    ...sfloat(pulseRate),
    ...u16(isFingerOff ? MEASUREMENT_UNAVAILABLE : VALIDATED | FULLY_QUALIFIED),
    ...u24(isFingerOff ? SENSOR_UNCONNECTED : 0),
  )
}

const SPOT_HAS_TIMESTAMP = 0x01
const SPOT_HAS_STATUS = 0x02
const FROM_STORAGE = 1 << 9

/** 2A5E, as it comes from the storage. */
export function plxStoredSpotCheck(
  { spo2, pulseRate }: OximeterReading,
  time: readonly number[],
): Uint8Array {
  return Uint8Array.of(
    SPOT_HAS_TIMESTAMP | SPOT_HAS_STATUS,
    ...sfloat(spo2),
    ...sfloat(pulseRate),
    ...time,
    ...u16(FROM_STORAGE | FULLY_QUALIFIED),
  )
}

/** 2A60: both statuses are supported, and these are their bits; spot checks are stored with their time. */
export const PLX_FEATURES: Uint8Array = Uint8Array.of(
  ...u16(0x000f),
  ...u16(VALIDATED | FULLY_QUALIFIED | FROM_STORAGE | MEASUREMENT_UNAVAILABLE),
  ...u24(SENSOR_UNCONNECTED),
)
