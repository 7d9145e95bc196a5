/** Insulin Delivery Service 183A, read only: status, annunciation, stored events, and the requests of the status reader. */

import { readRules, subscribeRules } from './gatt/gatt-plan.ts'
import { InsulinDeliveryDriver, PUMP_INDICATIONS, PUMP_VALUES } from './gatt/insulin-driver.ts'
import { REQUEST_RULES } from './gatt/insulin-procedures.ts'
import { INSULIN_METRICS } from './gatt/insulin-readings.ts'
import type { DeviceProtocol } from './protocol.ts'

const { CHANGED, STATUS, ANNUNCIATION, FEATURES } = PUMP_VALUES

export const bleInsulinDelivery: DeviceProtocol = {
  id: 'ble-insulin-delivery',
  version: '1.1.0',
  devices: 'Insulin pumps with the Bluetooth Insulin Delivery Service',
  link: { kind: 'gatt', service: '183A', security: 'authenticated' },
  source:
    'Insulin Delivery Service 1.0.2 and Profile 1.0.2; no unencrypted capture of a standard pump was available',
  metrics: INSULIN_METRICS,
  sends: [
    ...subscribeRules(PUMP_INDICATIONS),
    ...readRules({
      [FEATURES]: 'whether values are protected end to end, and what the pump supports',
      [CHANGED]: 'what has changed',
      [STATUS]: 'therapy state, operational state and reservoir',
      [ANNUNCIATION]: 'the active annunciation',
    }),
    ...REQUEST_RULES,
  ],
  ttlMs: 180_000,
  uncertaintyMs: 2_000,
  silenceMs: 180_000,
  createDriver: (memory) => new InsulinDeliveryDriver(memory),
}
