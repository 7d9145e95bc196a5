/** The state of an insulin pump: what the recording says it does, and what follows for its reservoir and counters. */

import { sfloatValue } from './gatt-octets.ts'
import type { RecordedRow } from './recording.ts'

interface Bolus {
  readonly id: number
  readonly amountIU: number
  readonly isCorrection: boolean
  readonly isMeal: boolean
}

/** Everything as the pump can show it. */
export interface PumpReading {
  readonly basalIUh: number | undefined
  readonly reservoirIU: number
  /** The bolus of the newest row; it is over with the next row. */
  readonly bolus: Bolus | undefined
  /** Since the replay began. */
  readonly deliveredBolusIU: number
  readonly deliveredBasalIU: number
  readonly insulinOnBoardIU: number | undefined
}

export interface InsulinPump {
  readonly reading: PumpReading
  /** Undefined in a gap of the recording: then rate and insulin on board are not known. */
  apply(row: RecordedRow | undefined): PumpReading
}

const FULL_RESERVOIR_IU = 300
const REFILL_BELOW_IU = 5
/** A rate is taken to have lasted no longer than this after its row. */
const LONGEST_STEP_S = 900
/**
 * No insulin pump delivers faster. A log that claims more has slipped a unit: it is sent as recorded, and the
 * reservoir loses what a thousandth of it would take.
 */
const FASTEST_BASAL_IU_H = 35
const UNIT_SLIP = 1000

/** `rowAtStart` is in force already: its own delivery is not counted. */
export function createInsulinPump(rowAtStart: RecordedRow | undefined): InsulinPump {
  let row = rowAtStart
  let bolusCount = 0
  let reservoirIU = FULL_RESERVOIR_IU
  let deliveredBolusIU = 0
  let deliveredBasalIU = 0
  let reading = readingOf(rowAtStart, startBolus(rowAtStart))

  function readingOf(newest: RecordedRow | undefined, bolus: Bolus | undefined): PumpReading {
    return {
      basalIUh: sfloatValue(newest?.basalIUh),
      reservoirIU: sfloatValue(reservoirIU) ?? 0,
      bolus,
      deliveredBolusIU: milliunits(deliveredBolusIU),
      deliveredBasalIU: milliunits(deliveredBasalIU),
      insulinOnBoardIU: sfloatValue(newest?.insulinOnBoardIU),
    }
  }

  function deliver(bolusIU: number, basalIU: number): void {
    deliveredBolusIU += bolusIU
    deliveredBasalIU += basalIU
    reservoirIU -= bolusIU + basalIU
    if (reservoirIU < REFILL_BELOW_IU) reservoirIU = FULL_RESERVOIR_IU
  }

  function startBolus(newest: RecordedRow | undefined): Bolus | undefined {
    const { bolusIU, correctionIU = 0, mealIU = 0 } = newest ?? {}
    if (bolusIU === undefined || bolusIU === 0) return undefined
    bolusCount += 1
    return {
      id: bolusCount,
      amountIU: sfloatValue(bolusIU) ?? 0,
      isCorrection: correctionIU > 0,
      isMeal: mealIU > 0,
    }
  }

  return {
    get reading() {
      return reading
    },
    apply(next) {
      // A repeated row is the same instant written down twice, not a second delivery.
      if (next !== undefined && next.atS === row?.atS) return reading
      deliver(next?.bolusIU ?? 0, basalSince(row, next))
      row = next
      reading = readingOf(next, startBolus(next))
      return reading
    },
  }
}

function basalSince(row: RecordedRow | undefined, next: RecordedRow | undefined): number {
  if (row?.basalIUh === undefined || next === undefined) return 0
  const rateIUh = row.basalIUh > FASTEST_BASAL_IU_H ? row.basalIUh / UNIT_SLIP : row.basalIUh
  return (rateIUh * Math.min(Math.max(0, next.atS - row.atS), LONGEST_STEP_S)) / 3600
}

function milliunits(amountIU: number): number {
  return Number(amountIU.toFixed(3))
}
