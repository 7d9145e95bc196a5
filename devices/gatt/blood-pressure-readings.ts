/** From a decoded blood-pressure measurement to numerics. */

import { inUnit, METRICS } from '../metrics.ts'
import type { Numeric } from '../protocol.ts'
import { wordsOf } from './fields-of.ts'
import { numericOf, type StatusEffects, type Trust, trustOf } from './trust.ts'

type Fields = Readonly<Record<string, unknown>>

const EFFECTS: StatusEffects = {
  'body-movement': 'questionable',
  'cuff-too-loose': 'questionable',
  'improper-position': 'questionable',
  'irregular-pulse': 'noted',
}

// The range is one of the pulse rate; the pressures are none the worse for it.
const PULSE_EFFECTS: StatusEffects = {
  ...EFFECTS,
  'pulse-above-range': 'questionable',
  'pulse-below-range': 'questionable',
  'pulse-range-rfu': 'questionable',
}

/** Systolic, diastolic, mean in the unit of the device; an unmeasured one is absent. The pulse where it was sent. */
export function pressureNumerics(value: Fields): readonly Numeric[] {
  const { systolic, diastolic, meanArterial, pulseRate, unit } = value
  const words = wordsOf(value['status'])
  const trust = doubted(trustOf(words, EFFECTS), doubtsAbout(value))
  const [sys, dia, mean] = [
    METRICS.MDC_PRESS_BLD_NONINV_SYS,
    METRICS.MDC_PRESS_BLD_NONINV_DIA,
    METRICS.MDC_PRESS_BLD_NONINV_MEAN,
  ].map((metric) => inUnit(metric, String(unit)))
  return [
    ...(sys === undefined ? [] : [numericOf(sys, systolic, trust)]),
    ...(dia === undefined ? [] : [numericOf(dia, diastolic, trust)]),
    ...(mean === undefined ? [] : [numericOf(mean, meanArterial, trust)]),
    ...(pulseRate === undefined
      ? []
      : [numericOf(METRICS.MDC_PULS_RATE_NON_INV, pulseRate, trustOf(words, PULSE_EFFECTS))]),
  ]
}

/** The unit flag is not proof: monitors were seen to call kilopascals millimetres of mercury. */
function doubtsAbout({ systolic, diastolic, meanArterial, unit }: Fields): readonly string[] {
  const [lowest, highest] = inUnit(METRICS.MDC_PRESS_BLD_NONINV_SYS, String(unit)).plausible
  const isUnitDoubtful = typeof systolic === 'number' && (systolic < lowest || systolic > highest)
  const falling = [systolic, meanArterial, diastolic].filter((pressure) => typeof pressure === 'number')
  const isOrdered = falling.every(
    (pressure, index) => index === 0 || pressure < (falling[index - 1] ?? Infinity),
  )
  return [...(isUnitDoubtful ? ['unit_doubtful'] : []), ...(isOrdered ? [] : ['pressures_out_of_order'])]
}

function doubted(trust: Trust, doubts: readonly string[]): Trust {
  if (doubts.length === 0) return trust
  return { ...trust, quality: 'questionable', why: [...trust.why, ...doubts] }
}
