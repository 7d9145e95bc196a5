/** From decoded oximeter values to observations. */

import { METRICS } from '../metrics.ts'
import type { Numeric, Observation } from '../protocol.ts'
import { epochMsOf } from './date-time.ts'
import { wordsOf } from './fields-of.ts'
import { numericOf, type StatusEffects, trustOf } from './trust.ts'

type Fields = Readonly<Record<string, unknown>>

const { MDC_PULS_OXIM_SAT_O2, MDC_PULS_OXIM_PULS_RATE, MDC_BLD_PERF_INDEX } = METRICS

// Demonstration and test readings are never a patient's.
const TEST_STATUS = ['demo-data', 'testing-data'] as const

const EFFECTS: StatusEffects = {
  'early-estimate': 'questionable',
  'calibration-ongoing': 'calibrating',
  'measurement-unavailable': 'absent',
  questionable: 'questionable',
  invalid: 'invalid',
  'equipment-malfunction': 'invalid',
  'signal-processing-irregularity': 'questionable',
  'inadequate-signal': 'questionable',
  'poor-signal': 'questionable',
  'low-perfusion': 'questionable',
  'erratic-signal': 'questionable',
  'nonpulsatile-signal': 'questionable',
  'questionable-pulse': 'questionable',
  'signal-analysis-ongoing': 'questionable',
  'sensor-interference': 'questionable',
  'sensor-unconnected': 'absent',
  'unknown-sensor': 'questionable',
  'sensor-displaced': 'questionable',
  'sensor-malfunction': 'invalid',
  'sensor-disconnected': 'absent',
}

// A spot check stands until the next one is taken.
export const SPOT_CHECK_TTL_MS = 60_000

export function isTestReading(value: Fields): boolean {
  const status = wordsOf(value['measurementStatus'])
  return TEST_STATUS.some((word) => status.includes(word))
}

export function oximeterNumerics(value: Fields): readonly Numeric[] {
  const trust = trustOf([...wordsOf(value['measurementStatus']), ...wordsOf(value['deviceStatus'])], EFFECTS)
  const index = value['pulseAmplitudeIndex']
  return [
    numericOf(MDC_PULS_OXIM_SAT_O2, value['spo2'], trust),
    numericOf(MDC_PULS_OXIM_PULS_RATE, value['pulseRate'], trust),
    ...(index === undefined ? [] : [numericOf(MDC_BLD_PERF_INDEX, index, trust)]),
  ]
}

// The clock of the oximeter knows no zone, and says itself when it was never set.
export function spotCheckTime(value: Fields): Pick<Observation, 'deviceTime'> {
  const epochMs = epochMsOf(value['timestamp'])
  if (epochMs === undefined || value['clockNotSet'] === true) return {}
  return { deviceTime: { epochMs, zone: 'unknown' } }
}
