/** What a simulated Datex-Ohmeda monitor shows, at the resolution of its interface. */

import { physiologyAt } from './physiology.ts'
import { wholeNumber } from './shown-value.ts'
import type { Due } from './timeline.ts'

const SEED = 5
const MAX_RATE = 350
const AMBIENT_MM_HG = 760
const CM_H2O_PER_MBAR = 1.019_72

export interface DriReading {
  readonly heartRate: number | undefined
  readonly impedanceRate: number | undefined
  readonly abp: readonly [systolic: number, diastolic: number, mean: number]
  readonly cvpMean: number
  readonly nibp: readonly [
    systolic: number | undefined,
    diastolic: number | undefined,
    mean: number | undefined,
  ]
  readonly coreCel: number
  readonly skinCel: number
  readonly spo2: number | undefined
  readonly pulseRate: number | undefined
  readonly etCo2Pct: number
  readonly etCo2MmHg: number
  readonly ambientMmHg: number
  readonly inspO2Pct: number
  readonly ventRate: number
  readonly peakCmH2O: number
  readonly peepCmH2O: number
  readonly plateauCmH2O: number
  readonly tidalMl: number
  readonly complianceMlCmH2O: number
  readonly minuteL: number
}

export function driReading({ row, atS }: Due): DriReading {
  const now = physiologyAt(atS, SEED)
  const etCo2Pct = atResolution((now.etCo2MmHg / AMBIENT_MM_HG) * 100)
  return {
    heartRate: wholeNumber(row?.heartRate, MAX_RATE),
    impedanceRate: wholeNumber(row?.respRate, MAX_RATE),
    abp: [now.abpSystolic, now.abpDiastolic, now.abpMean],
    cvpMean: now.cvpMean,
    nibp: [
      wholeNumber(row?.nibpSystolic, MAX_RATE),
      wholeNumber(row?.nibpDiastolic, MAX_RATE),
      wholeNumber(row?.nibpMean, MAX_RATE),
    ],
    coreCel: now.tempCoreCel,
    skinCel: now.tempSkinCel,
    spo2: wholeNumber(row?.spo2, 100),
    pulseRate: wholeNumber(row?.pulseRate, MAX_RATE),
    etCo2Pct,
    etCo2MmHg: (Math.round(etCo2Pct * 100) * AMBIENT_MM_HG * 10) / 100_000,
    ambientMmHg: AMBIENT_MM_HG,
    inspO2Pct: now.inspO2Pct,
    ventRate: now.ventRatePerMin,
    peakCmH2O: atResolution(now.peakPressureMbar * CM_H2O_PER_MBAR),
    peepCmH2O: atResolution(now.peepMbar * CM_H2O_PER_MBAR),
    plateauCmH2O: atResolution(now.plateauPressureMbar * CM_H2O_PER_MBAR),
    tidalMl: now.tidalVolumeMl,
    complianceMlCmH2O: atResolution(now.complianceMlMbar / CM_H2O_PER_MBAR),
    minuteL: now.minuteVolumeLMin,
  }
}

/** Hundredths. */
function atResolution(value: number): number {
  return Math.round(value * 100) / 100
}
