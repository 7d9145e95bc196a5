/** Health Thermometer Service 1809: a temperature and where it was taken. */

import { decodeCharacteristic } from './gatt/characteristics.ts'
import type { CommonServices } from './gatt/common-services.ts'
import { gattDriver, readRules, subscribeRules } from './gatt/gatt-plan.ts'
import { SPOT_TTL_MS, SpotMeasurements, spotTiming } from './gatt/spot-measurements.ts'
import { numericOf, type Trust } from './gatt/trust.ts'
import { inUnit, type Metric, METRICS } from './metrics.ts'
import type { DeviceProtocol, Driver, DriverMemory, DriverOutput, Observation } from './protocol.ts'

const BY_SITE: Readonly<Record<string, Metric>> = {
  armpit: METRICS.MDC_TEMP_AXILLA,
  body: METRICS.MDC_TEMP_BODY,
  ear: METRICS.MDC_TEMP_EAR,
  finger: METRICS.MDC_TEMP_FINGER,
  gastrointestinal: METRICS.MDC_TEMP_GIT,
  mouth: METRICS.MDC_TEMP_ORAL,
  rectum: METRICS.MDC_TEMP_RECT,
  toe: METRICS.MDC_TEMP_TOE,
  tympanum: METRICS.MDC_TEMP_TYMP,
}

const SITE_METRICS: readonly Metric[] = Object.values(BY_SITE)

// While the probe still warms up, its reading is on the way and not there yet.
const INTERMEDIATE: Trust = { quality: 'questionable', isWithheld: false, why: ['intermediate'] }
const INTERMEDIATE_TTL_MS = 10_000

export const bleThermometer: DeviceProtocol = {
  id: 'ble-thermometer',
  version: '1.0.0',
  devices: 'Thermometers with the Bluetooth Health Thermometer Service',
  link: { kind: 'gatt', service: '1809', security: 'encrypted' },
  source:
    'Health Thermometer Service, GATT Specification Supplement; values of specification and other decoders',
  metrics: [...SITE_METRICS, ...SITE_METRICS.map((metric) => inUnit(metric, '[degF]'))],
  sends: [
    ...subscribeRules({ '2A1C': 'indicate temperatures', '2A1E': 'notify temperatures on the way' }),
    ...readRules({ '2A1D': 'where the temperature is taken', '2A21': 'how often it is taken' }),
  ],
  ttlMs: SPOT_TTL_MS,
  uncertaintyMs: 30_000,
  silenceMs: 30 * 60_000,
  createDriver: thermometerDriver,
}

function thermometerDriver(memory?: DriverMemory): Driver {
  const told = new SpotMeasurements(memory)
  let type: string | undefined

  const measurement = (bytes: Uint8Array, atMs: number, common: CommonServices): readonly DriverOutput[] => {
    const decoded = decodeCharacteristic('2A1C', bytes)
    if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
    const { value } = decoded
    if (told.isRepeated(bytes, value['timestamp'])) return []
    return [observation(value, type, spotTiming(value['timestamp'], atMs, common))]
  }

  const intermediate = (bytes: Uint8Array): readonly DriverOutput[] => {
    const decoded = decodeCharacteristic('2A1E', bytes)
    if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
    return [observation(decoded.value, type, { ttlMs: INTERMEDIATE_TTL_MS }, INTERMEDIATE)]
  }

  return gattDriver({
    subscribe: ['2A1C', '2A1E'],
    read: ['2A1D', '2A21'],
    order: 'reads-first',
    values: {
      '2A1C': measurement,
      '2A1E': intermediate,
      '2A1D': (bytes) => {
        const decoded = decodeCharacteristic('2A1D', bytes)
        if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
        type = String(decoded.value['site'])
        return [{ kind: 'text', name: 'temperature_type', value: type }]
      },
      '2A21': interval,
    },
  })
}

/** The site of the measurement itself stands before the one the device is built for. */
function observation(
  { temperature, unit, site }: Readonly<Record<string, unknown>>,
  type: string | undefined,
  timing: Partial<Observation>,
  trust?: Trust,
): Observation {
  const where = typeof site === 'string' ? site : type
  const known = where === undefined ? undefined : BY_SITE[where]
  const metric = known ?? METRICS.MDC_TEMP_BODY
  const shown = unit === '[degF]' ? inUnit(metric, unit) : metric
  return { ...timing, kind: 'observation', numerics: [numericOf(shown, temperature, trust)] }
}

function interval(bytes: Uint8Array): readonly DriverOutput[] {
  const decoded = decodeCharacteristic('2A21', bytes)
  if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
  return [
    {
      kind: 'text',
      name: 'measurement_interval',
      value: Number(decoded.value['intervalSeconds']),
      unit: 's',
    },
  ]
}
