/** A blood glucose meter: a finger-stick every hour of the recording, stored until it is asked for. */

import { dateTimeOctets } from './device-clock.ts'
import { u16 } from './gatt-octets.ts'
import type { RecordedRow } from './recording.ts'

export interface MeterRecord {
  readonly sequence: number
  readonly atS: number
  readonly glucoseMgDl: number
}

export interface GlucoseMeter {
  readonly records: readonly MeterRecord[]
  /** Takes the row when it is time for a finger-stick. */
  read(row: RecordedRow): MeterRecord | undefined
}

const STICK_EVERY_S = 3600
const MOST_STORED = 500

export function createGlucoseMeter(): GlucoseMeter {
  let records: readonly MeterRecord[] = []
  let sequence = 0
  let lastAtS: number | undefined
  return {
    get records() {
      return records
    },
    read(row) {
      const { glucoseMgDl, atS } = row
      // A recording that begins again is another day of the same meter.
      const passedS = lastAtS === undefined || atS < lastAtS ? STICK_EVERY_S : atS - lastAtS
      if (glucoseMgDl === undefined || passedS < STICK_EVERY_S) return undefined
      lastAtS = atS
      sequence += 1
      const record = { sequence, atS, glucoseMgDl: Math.round(glucoseMgDl) }
      records = [...records, record].slice(-MOST_STORED)
      return record
    },
  }
}

const HAS_CONCENTRATION = 0x02
const CONTEXT_FOLLOWS = 0x10
const CAPILLARY_PLASMA_FINGER = 0x12
const HAS_MEAL = 0x02
const CASUAL = 4

// mg/dL are 1e-5 kg/L.
const KG_L_EXPONENT = 0xb000

// A meter always has a time, if only one of its own.
const FACTORY_TIME_MS = Date.UTC(2026, 0, 1)

/** 2A18. */
export function meterMeasurement(record: MeterRecord, recordingStartMs: number | undefined): Uint8Array {
  const { sequence, atS, glucoseMgDl } = record
  return Uint8Array.of(
    HAS_CONCENTRATION | CONTEXT_FOLLOWS,
    ...u16(sequence),
    ...dateTimeOctets((recordingStartMs ?? FACTORY_TIME_MS) + atS * 1000),
    ...u16(KG_L_EXPONENT | glucoseMgDl),
    CAPILLARY_PLASMA_FINGER,
  )
}

/** 2A34. */
export function meterContext({ sequence }: MeterRecord): Uint8Array {
  return Uint8Array.of(HAS_MEAL, ...u16(sequence), CASUAL)
}
