/** From decoded CGM values to observations and alerts. */

import { METRICS } from '../metrics.ts'
import type { DeviceTime, Numeric, Observation } from '../protocol.ts'
import type { AlertCondition } from './alert-conditions.ts'
import { epochMsOf } from './date-time.ts'
import { wordsOf } from './fields-of.ts'
import { numericOf, type StatusEffects, type Trust, trustOf } from './trust.ts'

type Fields = Readonly<Record<string, unknown>>

const { MDC_CONC_GLU_ISF, MDCX_GLU_RATE_OF_CHANGE, MDCX_CGM_QUALITY } = METRICS

const EFFECTS: StatusEffects = {
  'session-stopped': 'invalid',
  'battery-low': 'noted',
  'sensor-type-incorrect': 'invalid',
  'sensor-malfunction': 'invalid',
  'device-specific-alert': 'noted',
  'general-device-fault': 'invalid',
  'time-sync-required': 'noted',
  'calibration-not-allowed': 'noted',
  'calibration-recommended': 'noted',
  'calibration-required': 'questionable',
  'temperature-too-high': 'questionable',
  'temperature-too-low': 'questionable',
  'calibration-pending': 'calibrating',
  'below-patient-low': 'noted',
  'above-patient-high': 'noted',
  'below-hypo': 'noted',
  'above-hyper': 'noted',
  'rate-of-decrease-exceeded': 'noted',
  'rate-of-increase-exceeded': 'noted',
  'result-too-low': 'under',
  'result-too-high': 'over',
}

// The status octets have no bit for warm-up: live sensors send glucose 0 and an absurd trend until they measure.
const NO_MEASUREMENT: Trust = { quality: 'invalid', isWithheld: true, why: ['no_measurement'] }

const PATIENT_ALERTS: Readonly<Record<string, string>> = {
  'below-patient-low': 'Glucose below the patient low limit',
  'above-patient-high': 'Glucose above the patient high limit',
  'below-hypo': 'Glucose below the hypoglycaemia limit',
  'above-hyper': 'Glucose above the hyperglycaemia limit',
  'rate-of-decrease-exceeded': 'Glucose is falling too fast',
  'rate-of-increase-exceeded': 'Glucose is rising too fast',
}

const TECHNICAL_ALERTS: Readonly<Record<string, string>> = {
  'session-stopped': 'Session of the sensor stopped',
  'battery-low': 'Battery of the sensor low',
  'sensor-type-incorrect': 'Sensor type incorrect',
  'sensor-malfunction': 'Sensor malfunction',
  'device-specific-alert': 'Device specific alert of the sensor',
  'general-device-fault': 'Fault of the sensor',
  'calibration-required': 'Calibration required',
  'temperature-too-high': 'Sensor temperature too high',
  'temperature-too-low': 'Sensor temperature too low',
}

/** When a session began, as far as the sensor's clock tells. */
export interface SessionStart {
  readonly localMs: number
  /** Minutes to subtract for UTC; undefined when zone or daylight saving is unknown. */
  readonly offsetMin: number | undefined
}

export function sessionStartOf(value: Fields): SessionStart | undefined {
  const localMs = epochMsOf(value['sessionStart'])
  if (localMs === undefined) return undefined
  const { timeZoneMin, dstMin } = value
  const isZoneKnown = typeof timeZoneMin === 'number' && typeof dstMin === 'number'
  return { localMs, offsetMin: isZoneKnown ? timeZoneMin + dstMin : undefined }
}

export function recordNumerics(record: Fields): readonly Numeric[] {
  const { glucose, trend, quality } = record
  const isMeasured = typeof glucose !== 'number' || glucose > 0
  const trust = isMeasured ? trustOf(wordsOf(record['status']), EFFECTS) : unmeasured(record)
  return [
    numericOf(MDC_CONC_GLU_ISF, glucose, trust),
    ...(trend === undefined ? [] : [numericOf(MDCX_GLU_RATE_OF_CHANGE, trend, trendTrust(trust))]),
    // How good the sensor calls its own signal stands also where the signal gives no glucose.
    ...(quality === undefined ? [] : [numericOf(MDCX_CGM_QUALITY, quality)]),
  ]
}

/** The time offset is minutes since the session start; that time is void while the sensor asks to be set. */
export function deviceTimeOf(
  record: Fields,
  start: SessionStart | undefined,
): Pick<Observation, 'deviceTime'> {
  const offsetMin = record['timeOffsetMin']
  const isUnset = wordsOf(record['status']).includes('time-sync-required')
  if (start === undefined || typeof offsetMin !== 'number' || isUnset) return {}
  const localMs = start.localMs + offsetMin * 60_000
  const deviceTime: DeviceTime =
    start.offsetMin === undefined
      ? { epochMs: localMs, zone: 'unknown' }
      : { epochMs: localMs - start.offsetMin * 60_000, zone: 'utc' }
  return { deviceTime }
}

/** What the status words say of the patient and of the sensor itself. */
export function statusAlerts(value: Fields): readonly AlertCondition[] {
  return wordsOf(value['status']).flatMap((code): readonly AlertCondition[] => {
    const patient = PATIENT_ALERTS[code]
    if (patient !== undefined) return [{ code, source: 'patient', text: patient, flags: [] }]
    const technical = TECHNICAL_ALERTS[code]
    return technical === undefined ? [] : [{ code, source: 'technical', text: technical, flags: [] }]
  })
}

// "Under" and "over" are said of the glucose; its change is then no more than an indication.
function trendTrust(trust: Trust): Trust {
  const isBeyondRange = trust.quality === 'under' || trust.quality === 'over'
  return isBeyondRange ? { ...trust, quality: 'questionable', isWithheld: false } : trust
}

function unmeasured(record: Fields): Trust {
  const { why } = trustOf(wordsOf(record['status']), EFFECTS)
  return { ...NO_MEASUREMENT, why: [...why, ...NO_MEASUREMENT.why] }
}
