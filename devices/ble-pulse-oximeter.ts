/** Pulse Oximeter Service 1822: continuous measurements, and spot checks where the device makes them. */

import { readRules, subscribeRules } from './gatt/gatt-plan.ts'
import { OximeterDriver } from './gatt/oximeter-driver.ts'
import { RECORD_ACCESS_RULES } from './gatt/record-access-point.ts'
import { METRICS } from './metrics.ts'
import type { DeviceProtocol } from './protocol.ts'

const { MDC_PULS_OXIM_SAT_O2, MDC_PULS_OXIM_PULS_RATE, MDC_BLD_PERF_INDEX } = METRICS

export const blePulseOximeter: DeviceProtocol = {
  id: 'ble-pulse-oximeter',
  version: '1.1.0',
  devices: 'Pulse oximeters with the Bluetooth Pulse Oximeter Service',
  link: { kind: 'gatt', service: '1822', security: 'encrypted' },
  source: 'Pulse Oximeter Service characteristic definitions (2015); checked with a capture of one oximeter',
  metrics: [MDC_PULS_OXIM_SAT_O2, MDC_PULS_OXIM_PULS_RATE, MDC_BLD_PERF_INDEX],
  sends: [
    ...subscribeRules({ '2A5F': 'notify continuous measurements', '2A5E': 'indicate spot checks' }),
    ...RECORD_ACCESS_RULES,
    ...readRules({ '2A60': 'what the oximeter supports' }),
  ],
  ttlMs: 6_000,
  uncertaintyMs: 5_000,
  silenceMs: 15_000,
  createDriver: (memory) => new OximeterDriver(memory),
}
