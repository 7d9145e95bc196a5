/** Continuous Glucose Monitoring Service 181F: one record every few minutes, always in mg/dL. */

import { CGM_CHARACTERISTICS, CgmDriver } from './gatt/cgm-driver.ts'
import type { CrcVariant } from './gatt/e2e.ts'
import { readRules, subscribeRules } from './gatt/gatt-plan.ts'
import { RECORD_ACCESS_RULES } from './gatt/record-access-point.ts'
import { METRICS } from './metrics.ts'
import type { DeviceProtocol } from './protocol.ts'

const { MEASUREMENT, FEATURE, STATUS, SESSION_START, RUN_TIME } = CGM_CHARACTERISTICS

export const bleCgm: DeviceProtocol = cgmProtocol(
  'ble-cgm',
  'Glucose sensors with the Bluetooth Continuous Glucose Monitoring Service',
  'spec',
)

/** The other CRC is a choice of whoever configures the device: neither driver ever accepts both. */
export const bleCgmCcittFalse: DeviceProtocol = cgmProtocol(
  'ble-cgm-ccitt-false',
  'Glucose sensors with the Bluetooth Continuous Glucose Monitoring Service that protect records with CRC-16/CCITT-FALSE',
  'ccitt-false',
)

function cgmProtocol(id: string, devices: string, crc: CrcVariant): DeviceProtocol {
  return {
    id,
    version: '1.1.0',
    devices,
    link: { kind: 'gatt', service: '181F', security: 'authenticated' },
    source: 'Continuous Glucose Monitoring Service 1.0.2; layout checked with captures of a live sensor',
    metrics: [METRICS.MDC_CONC_GLU_ISF, METRICS.MDCX_GLU_RATE_OF_CHANGE, METRICS.MDCX_CGM_QUALITY],
    sends: [
      ...subscribeRules({ [MEASUREMENT]: 'notify glucose records' }),
      ...RECORD_ACCESS_RULES,
      ...readRules({
        [FEATURE]: 'whether records carry a CRC, and what is sampled',
        [STATUS]: 'minutes since the session start, and the state of the sensor',
        [SESSION_START]: 'when the session began',
        [RUN_TIME]: 'how long a session lasts',
      }),
    ],
    ttlMs: 15 * 60_000,
    uncertaintyMs: 60_000,
    silenceMs: 16 * 60_000,
    createDriver: (memory) => new CgmDriver(crc, memory),
  }
}
