/** What a simulated ventilator measures, as the four characters of its answers allow. */

import { physiologyAt } from './physiology.ts'
import { wholeNumber } from './shown-value.ts'
import type { Due } from './timeline.ts'

const SEED = 8

export interface MedibusReading {
  readonly peakMbar: number
  readonly meanMbar: number
  readonly plateauMbar: number
  readonly peepMbar: number
  readonly tidalMl: number
  readonly minuteL: number
  readonly ratePerMin: number
  readonly inspO2Pct: number
  readonly complianceLBar: number
  readonly etCo2MmHg: number
  readonly spo2: number | undefined
  readonly pulseRate: number | undefined
}

export function medibusReading({ row, atS }: Due): MedibusReading {
  const now = physiologyAt(atS, SEED)
  return {
    peakMbar: now.peakPressureMbar,
    meanMbar: now.meanPressureMbar,
    plateauMbar: now.plateauPressureMbar,
    peepMbar: now.peepMbar,
    tidalMl: now.tidalVolumeMl,
    minuteL: Number(now.minuteVolumeLMin.toFixed(1)),
    ratePerMin: now.ventRatePerMin,
    inspO2Pct: now.inspO2Pct,
    complianceLBar: now.complianceMlMbar,
    etCo2MmHg: now.etCo2MmHg,
    spo2: wholeNumber(row?.spo2, 100),
    pulseRate: wholeNumber(row?.pulseRate, 350),
  }
}
