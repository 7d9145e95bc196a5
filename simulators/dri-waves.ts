/** The curves of a simulated Datex-Ohmeda monitor. They are made up and only look alive. */

import { wavePart, type DriPart } from './dri-encoder.ts'
import type { DriReading } from './dri-reading.ts'
import { breathShape, ecgMillivolts, nextPhase, plethShape } from './pulse-wave.ts'

type Beat = 'heart' | 'breath'

interface Curve {
  readonly rateHz: number
  readonly beat: Beat
  readonly label?: number
  readonly sample: (phase: number, reading: DriReading) => number
}

const CURVES: Readonly<Record<number, Curve>> = {
  1: { rateHz: 300, beat: 'heart', label: 2, sample: (phase) => ecgMillivolts(phase) * 1000 },
  4: {
    rateHz: 100,
    beat: 'heart',
    label: 8,
    sample: (phase, { abp: [systolic, diastolic] }) =>
      (diastolic + (systolic - diastolic) * plethShape(phase)) * 100,
  },
  8: { rateHz: 100, beat: 'heart', sample: (phase) => plethShape(phase) * 1000 },
  9: { rateHz: 25, beat: 'breath', sample: (phase, { etCo2Pct }) => breathShape(phase) * etCo2Pct * 100 },
  13: {
    rateHz: 25,
    beat: 'breath',
    sample: (phase, { peepCmH2O, peakCmH2O }) =>
      (peepCmH2O + (peakCmH2O - peepCmH2O) * breathShape(phase)) * 10,
  },
  14: { rateHz: 25, beat: 'breath', sample: (phase) => Math.sin(2 * Math.PI * phase) * 300 },
  15: { rateHz: 25, beat: 'breath', sample: (phase) => breathShape(phase) * 100 },
}

/** "At most 600 samples/s in total, later types are ignored." */
const MAX_SAMPLES_PER_S = 600

/** What of a request the monitor takes; it has only these curves. */
export function grantedCurves(types: readonly number[]): readonly number[] {
  let total = 0
  return types.filter((type) => {
    const rateHz = CURVES[type]?.rateHz ?? 0
    if (rateHz === 0 || total + rateHz > MAX_SAMPLES_PER_S) return false
    total += rateHz
    return true
  })
}

export class DriWaves {
  readonly #phases = new Map<number, number>()

  /** One second of one curve; without a pulse it stays where it is. */
  second(type: number, reading: DriReading): readonly DriPart[] {
    const curve = CURVES[type]
    if (curve === undefined) return []
    const perMinute = curve.beat === 'heart' ? (reading.heartRate ?? reading.pulseRate) : reading.ventRate
    const samples = Array.from({ length: curve.rateHz }, () => {
      const phase = nextPhase(this.#phases.get(type) ?? 0, perMinute, curve.rateHz)
      this.#phases.set(type, phase)
      return Math.round(curve.sample(phase, reading))
    })
    return [wavePart(type, curve.label ?? 0, samples)]
  }
}
