/** Every protocol wardgate speaks, one line each. A new driver adds its import and its line, and nothing else. */

import { bleBloodPressure } from './ble-blood-pressure.ts'
import { bleCgm, bleCgmCcittFalse } from './ble-cgm.ts'
import { bleGlucose } from './ble-glucose.ts'
import { bleHeartRate } from './ble-heart-rate.ts'
import { bleInsulinDelivery } from './ble-insulin-delivery.ts'
import { blePulseOximeter } from './ble-pulse-oximeter.ts'
import { bleThermometer } from './ble-thermometer.ts'
import { ivyAnsarb } from './ivy-ansarb.ts'
import { masimoAscii1 } from './masimo-ascii1.ts'
import { masimoTrend } from './masimo-trend.ts'
import { noninDf2 } from './nonin-df2.ts'
import { noninDf7 } from './nonin-df7.ts'
import type { CaptureFormat, DeviceProtocol } from './protocol.ts'

export const PROTOCOLS: readonly DeviceProtocol[] = [
  bleBloodPressure,
  bleCgm,
  bleCgmCcittFalse,
  bleGlucose,
  bleHeartRate,
  bleInsulinDelivery,
  blePulseOximeter,
  bleThermometer,
  ivyAnsarb,
  masimoAscii1,
  masimoTrend,
  noninDf2,
  noninDf7,
]

/** The protocol with this id, or undefined. */
export function protocolById(id: string): DeviceProtocol | undefined {
  return PROTOCOLS.find((protocol) => protocol.id === id)
}

/** What `wardgate decode` reads besides, one line each. */
export const CAPTURE_FORMATS: readonly CaptureFormat[] = []
