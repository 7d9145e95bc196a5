/** Heart Rate Service 180D: straps and sensors that notify a rate about once a second. */

import { decodeCharacteristic } from './gatt/characteristics.ts'
import { numbersOf } from './gatt/fields-of.ts'
import { gattDriver, readRules, subscribeRules } from './gatt/gatt-plan.ts'
import { numericOf, withheld } from './gatt/trust.ts'
import { METRICS } from './metrics.ts'
import type { DeviceProtocol, DriverOutput, Numeric } from './protocol.ts'

const { MDC_ECG_HEART_RATE, MDC_ECG_TIME_PD_RR_GL } = METRICS

const QUESTIONABLE_ZERO = { quality: 'questionable', isWithheld: false, why: ['rate_zero'] } as const

export const bleHeartRate: DeviceProtocol = {
  id: 'ble-heart-rate',
  version: '1.0.0',
  devices: 'Heart-rate straps and sensors with the Bluetooth Heart Rate Service',
  link: { kind: 'gatt', service: '180D', security: 'encrypted' },
  source: 'Heart Rate Service 1.0, GATT Specification Supplement; checked with captures of two straps',
  metrics: [MDC_ECG_HEART_RATE, MDC_ECG_TIME_PD_RR_GL],
  sends: [
    ...subscribeRules({ '2A37': 'notify the heart rate' }),
    ...readRules({ '2A38': 'where on the body the sensor sits' }),
  ],
  ttlMs: 5_000,
  uncertaintyMs: 2_000,
  silenceMs: 15_000,
  createDriver: () =>
    gattDriver({
      subscribe: ['2A37'],
      read: ['2A38'],
      values: { '2A37': measurement, '2A38': sensorLocation },
    }),
}

function measurement(bytes: Uint8Array): readonly DriverOutput[] {
  const decoded = decodeCharacteristic('2A37', bytes)
  if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
  const { heartRate, contact, rr1024 } = decoded.value
  const intervals = numbersOf(rr1024)
  if (contact === 'no-contact') return [{ kind: 'observation', numerics: noContact(intervals.length > 0) }]
  // A strap that cannot tell contact sends 0 when it hears no beat: 0 is passed on, never as a fact.
  const rate =
    heartRate === 0
      ? numericOf(MDC_ECG_HEART_RATE, heartRate, QUESTIONABLE_ZERO)
      : numericOf(MDC_ECG_HEART_RATE, heartRate)
  // All intervals of one notification stand in one observation, oldest first.
  const rr = intervals.map((raw) => numericOf(MDC_ECG_TIME_PD_RR_GL, (raw * 1000) / 1024))
  return [{ kind: 'observation', numerics: [rate, ...rr] }]
}

// Without contact a rate of 0 is no asystole and any other rate is old.
function noContact(hasIntervals: boolean): readonly Numeric[] {
  const metrics = hasIntervals ? [MDC_ECG_HEART_RATE, MDC_ECG_TIME_PD_RR_GL] : [MDC_ECG_HEART_RATE]
  return metrics.map((metric) => withheld(metric, 'absent', 'no_contact'))
}

function sensorLocation(bytes: Uint8Array): readonly DriverOutput[] {
  const decoded = decodeCharacteristic('2A38', bytes)
  if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
  return [{ kind: 'text', name: 'body_sensor_location', value: String(decoded.value['location']) }]
}
