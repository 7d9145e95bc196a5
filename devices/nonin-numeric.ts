/** What all binary formats of Nonin share: the two numbers, their markers, and what the flags do to them. */

import { METRICS } from './metrics.ts'
import type { Metric } from './metrics.ts'
import type { Numeric, Quality } from './protocol.ts'

export const HR_MISSING = 511
export const SPO2_MISSING = 127

export interface NoninFlags {
  readonly isSensorAlarm: boolean
  readonly doubts: readonly string[]
  readonly isMarginalPerfusion: boolean
}

/** True when an oximeter can send these numbers: a marker, or a value that exists. */
export function isPossibleNonin(numbers: { readonly heartRate: number; readonly spo2: number }): boolean {
  const { heartRate, spo2 } = numbers
  return (
    (heartRate === HR_MISSING || heartRate <= METRICS.MDC_PULS_OXIM_PULS_RATE.possible[1]) &&
    (spo2 === SPO2_MISSING || spo2 <= METRICS.MDC_PULS_OXIM_SAT_O2.possible[1])
  )
}

export function noninNumeric(metric: Metric, raw: number, missing: number, flags: NoninFlags): Numeric {
  const probeOff = flags.isSensorAlarm ? ['probe_off'] : []
  if (raw === missing) {
    const why = [...probeOff, ...flags.doubts]
    return { metric, value: null, quality: 'absent', why: why.length > 0 ? why : ['missing'] }
  }
  const marginal = flags.isMarginalPerfusion ? ['marginal_perfusion'] : []
  const why = [...probeOff, ...flags.doubts, ...marginal]
  return { metric, value: raw, quality: qualityOf(flags), ...(why.length > 0 ? { why } : {}) }
}

// Yellow perfusion is the vendor's "marginal": told, but no reason to doubt the number.
function qualityOf(flags: NoninFlags): Quality {
  if (flags.isSensorAlarm) return 'invalid'
  return flags.doubts.length > 0 ? 'questionable' : 'valid'
}
