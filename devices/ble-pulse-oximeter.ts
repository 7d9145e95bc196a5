/** Pulse Oximeter Service 1822: continuous measurements, and spot checks where the device makes them. */

import { decodeCharacteristic } from './gatt/characteristics.ts'
import { epochMsOf } from './gatt/date-time.ts'
import { wordsOf } from './gatt/fields-of.ts'
import { gattDriver, readRules, subscribeRules } from './gatt/gatt-plan.ts'
import { numericOf, type StatusEffects, trustOf } from './gatt/trust.ts'
import { METRICS } from './metrics.ts'
import type { DeviceProtocol, DriverOutput, Numeric, Observation } from './protocol.ts'

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
const SPOT_CHECK_TTL_MS = 60_000

export const blePulseOximeter: DeviceProtocol = {
  id: 'ble-pulse-oximeter',
  version: '1.0.0',
  devices: 'Pulse oximeters with the Bluetooth Pulse Oximeter Service',
  link: { kind: 'gatt', service: '1822', security: 'encrypted' },
  source: 'Pulse Oximeter Service characteristic definitions (2015); checked with a capture of one oximeter',
  metrics: [MDC_PULS_OXIM_SAT_O2, MDC_PULS_OXIM_PULS_RATE, MDC_BLD_PERF_INDEX],
  sends: [
    ...subscribeRules({ '2A5F': 'notify continuous measurements', '2A5E': 'indicate spot checks' }),
    ...readRules({ '2A60': 'what the oximeter supports' }),
  ],
  ttlMs: 6_000,
  uncertaintyMs: 5_000,
  silenceMs: 15_000,
  createDriver: () =>
    gattDriver({
      subscribe: ['2A5F', '2A5E'],
      read: ['2A60'],
      values: { '2A5F': continuous, '2A5E': spotCheck, '2A60': features },
    }),
}

function continuous(bytes: Uint8Array): readonly DriverOutput[] {
  return measurement('2A5F', bytes, () => ({}))
}

function spotCheck(bytes: Uint8Array): readonly DriverOutput[] {
  return measurement('2A5E', bytes, (value) => ({
    ttlMs: SPOT_CHECK_TTL_MS,
    ...deviceTimeOf(value),
    ...(wordsOf(value['measurementStatus']).includes('from-storage') && { isHistory: true }),
  }))
}

function measurement(
  characteristic: string,
  bytes: Uint8Array,
  about: (value: Readonly<Record<string, unknown>>) => Partial<Observation>,
): readonly DriverOutput[] {
  const decoded = decodeCharacteristic(characteristic, bytes)
  if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
  const { value } = decoded
  const status = wordsOf(value['measurementStatus'])
  if (TEST_STATUS.some((word) => status.includes(word))) {
    return [{ kind: 'discarded', reason: 'test-data', bytes }]
  }
  return [{ ...about(value), kind: 'observation', numerics: numericsOf(value, status) }]
}

function numericsOf(value: Readonly<Record<string, unknown>>, status: readonly string[]): readonly Numeric[] {
  const trust = trustOf([...status, ...wordsOf(value['deviceStatus'])], EFFECTS)
  const index = value['pulseAmplitudeIndex']
  return [
    numericOf(MDC_PULS_OXIM_SAT_O2, value['spo2'], trust),
    numericOf(MDC_PULS_OXIM_PULS_RATE, value['pulseRate'], trust),
    ...(index === undefined ? [] : [numericOf(MDC_BLD_PERF_INDEX, index, trust)]),
  ]
}

// The clock of the oximeter knows no zone, and says itself when it was never set.
function deviceTimeOf(value: Readonly<Record<string, unknown>>): Pick<Observation, 'deviceTime'> {
  const epochMs = epochMsOf(value['timestamp'])
  if (epochMs === undefined || value['clockNotSet'] === true) return {}
  return { deviceTime: { epochMs, zone: 'unknown' } }
}

function features(bytes: Uint8Array): readonly DriverOutput[] {
  const decoded = decodeCharacteristic('2A60', bytes)
  if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
  return [{ kind: 'text', name: 'features', value: wordsOf(decoded.value['features']) }]
}
