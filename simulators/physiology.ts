/**
 * A patient by script, for what no recording holds: ventilation, gases, temperature, catheters, infusions. Slow waves
 * around usual values, the same for the same seed. A recorded value is never replaced by one of these.
 */

export interface Physiology {
  readonly tempCoreCel: number
  readonly tempSkinCel: number
  readonly abpSystolic: number
  readonly abpDiastolic: number
  readonly abpMean: number
  readonly cvpMean: number
  readonly etCo2MmHg: number
  readonly inspO2Pct: number
  readonly peakPressureMbar: number
  readonly meanPressureMbar: number
  readonly plateauPressureMbar: number
  readonly peepMbar: number
  readonly tidalVolumeMl: number
  readonly minuteVolumeLMin: number
  readonly complianceMlMbar: number
  readonly ventRatePerMin: number
  readonly infusionMlH: number
  readonly infusedMl: number
  readonly toInfuseMl: number
}

const TOTAL_ML = 50
const RATE_ML_H = 7.5

export function physiologyAt(atS: number, seed: number): Physiology {
  const sway = (periodS: number, span: number): number =>
    span * Math.sin((2 * Math.PI * (atS + (seed % 997))) / periodS)
  const ventRatePerMin = Math.round(14 + sway(300, 1.4))
  const tidalVolumeMl = Math.round(460 + sway(120, 25))
  const abpSystolic = Math.round(118 + sway(180, 9))
  const abpDiastolic = Math.round(66 + sway(180, 5))
  const infusedMl = Math.min(TOTAL_ML, Number(((atS * RATE_ML_H) / 3600).toFixed(1)))
  return {
    tempCoreCel: Number((36.9 + sway(900, 0.3)).toFixed(1)),
    tempSkinCel: Number((33.4 + sway(700, 0.4)).toFixed(1)),
    abpSystolic,
    abpDiastolic,
    abpMean: Math.round(abpDiastolic + (abpSystolic - abpDiastolic) / 3),
    cvpMean: Math.round(8 + sway(240, 2)),
    etCo2MmHg: Math.round(37 + sway(150, 3)),
    inspO2Pct: 40,
    peakPressureMbar: Math.round(21 + sway(90, 2)),
    meanPressureMbar: Math.round(9 + sway(90, 1)),
    plateauPressureMbar: Math.round(18 + sway(90, 1.5)),
    peepMbar: 5,
    tidalVolumeMl,
    minuteVolumeLMin: Number(((tidalVolumeMl * ventRatePerMin) / 1000).toFixed(1)),
    complianceMlMbar: Math.round(38 + sway(200, 3)),
    ventRatePerMin,
    infusionMlH: infusedMl < TOTAL_ML ? RATE_ML_H : 0,
    infusedMl,
    toInfuseMl: Number((TOTAL_ML - infusedMl).toFixed(1)),
  }
}
