/** Blood Pressure Service 1810: cuff measurements, and the cuff while it is inflated. */

import { pressureNumerics } from './gatt/blood-pressure-readings.ts'
import { decodeCharacteristic } from './gatt/characteristics.ts'
import type { CommonServices } from './gatt/common-services.ts'
import { wordsOf } from './gatt/fields-of.ts'
import { gattDriver, readRules, subscribeRules } from './gatt/gatt-plan.ts'
import { SPOT_TTL_MS, SpotMeasurements, spotTiming } from './gatt/spot-measurements.ts'
import { numericOf } from './gatt/trust.ts'
import { inUnit, METRICS } from './metrics.ts'
import type { DeviceProtocol, Driver, DriverMemory, DriverOutput, LinkEvent } from './protocol.ts'

const PRESSURES = [
  METRICS.MDC_PRESS_BLD_NONINV_SYS,
  METRICS.MDC_PRESS_BLD_NONINV_DIA,
  METRICS.MDC_PRESS_BLD_NONINV_MEAN,
  METRICS.MDC_PRESS_CUFF,
] as const

const CUFF_TTL_MS = 5_000

export const bleBloodPressure: DeviceProtocol = {
  id: 'ble-blood-pressure',
  version: '1.0.0',
  devices: 'Blood-pressure monitors with the Bluetooth Blood Pressure Service',
  link: { kind: 'gatt', service: '1810', security: 'encrypted' },
  source: 'Blood Pressure Service, GATT Specification Supplement; values of specification and other decoders',
  metrics: [...PRESSURES, ...PRESSURES.map((metric) => inUnit(metric, 'kPa')), METRICS.MDC_PULS_RATE_NON_INV],
  sends: [
    ...subscribeRules({
      '2A35': 'indicate measurements',
      '2A36': 'notify the cuff pressure',
      '2B34': 'indicate measurements in the enhanced form',
      '2B35': 'notify the cuff pressure in the enhanced form',
    }),
    ...readRules({ '2A49': 'what the monitor supports' }),
  ],
  ttlMs: SPOT_TTL_MS,
  uncertaintyMs: 60_000,
  silenceMs: 30 * 60_000,
  createDriver: bloodPressureDriver,
}

function bloodPressureDriver(memory?: DriverMemory): Driver {
  const told = new SpotMeasurements(memory)
  let userId: string | undefined

  const measurement =
    (characteristic: string) =>
    (bytes: Uint8Array, atMs: number, common: CommonServices): readonly DriverOutput[] => {
      const decoded = decodeCharacteristic(characteristic, bytes)
      if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
      const { value } = decoded
      if (told.isRepeated(bytes, value['timestamp'])) return []
      const { userId: slot } = value
      const user = typeof slot === 'number' || typeof slot === 'string' ? String(slot) : undefined
      const isAnother = user !== undefined && user !== userId
      userId = user ?? userId
      return [
        ...(isAnother ? [{ kind: 'text', name: 'user_slot', value: user } as const] : []),
        {
          ...spotTiming(value['timestamp'], atMs, common),
          kind: 'observation',
          numerics: pressureNumerics(value),
        },
      ]
    }

  const driver = gattDriver({
    subscribe: ['2A35', '2A36', '2B34', '2B35'],
    read: ['2A49'],
    order: 'reads-first',
    values: {
      '2A35': measurement('2A35'),
      '2A36': cuff('2A36'),
      '2B34': measurement('2B34'),
      '2B35': cuff('2B35'),
      '2A49': features,
    },
  })
  return {
    ...driver,
    get wakeAtMs() {
      return driver.wakeAtMs
    },
    receive: (event, atMs) => driver.receive(withOneForm(event), atMs),
  }
}

// A monitor with both forms would tell each measurement twice.
function withOneForm(event: LinkEvent): LinkEvent {
  if (event.kind !== 'opened' || event.characteristics?.includes('2A35') !== true) return event
  const characteristics = event.characteristics.filter((uuid) => uuid !== '2B34' && uuid !== '2B35')
  return { kind: 'opened', characteristics }
}

function cuff(characteristic: string): (bytes: Uint8Array) => readonly DriverOutput[] {
  return (bytes) => {
    const decoded = decodeCharacteristic(characteristic, bytes)
    if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
    const { cuffPressure, unit } = decoded.value
    const metric = inUnit(METRICS.MDC_PRESS_CUFF, String(unit))
    return [{ kind: 'observation', numerics: [numericOf(metric, cuffPressure)], ttlMs: CUFF_TTL_MS }]
  }
}

function features(bytes: Uint8Array): readonly DriverOutput[] {
  const decoded = decodeCharacteristic('2A49', bytes)
  if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
  return [{ kind: 'text', name: 'features', value: wordsOf(decoded.value['features']) }]
}
