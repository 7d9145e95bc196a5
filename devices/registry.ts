/** Every protocol wardgate speaks, one line each. A new driver adds its import and its line, and nothing else. */

import { alarisAsena } from './alaris-asena.ts'
import { baxterAs50 } from './baxter-as50.ts'
import { bbraunBcc } from './bbraun-bcc.ts'
import { bleBloodPressure } from './ble-blood-pressure.ts'
import { bleCgm, bleCgmCcittFalse } from './ble-cgm.ts'
import { bleGlucose } from './ble-glucose.ts'
import { bleHeartRate } from './ble-heart-rate.ts'
import { bleInsulinDelivery } from './ble-insulin-delivery.ts'
import { blePulseOximeter } from './ble-pulse-oximeter.ts'
import { bleThermometer } from './ble-thermometer.ts'
import { contec5Byte } from './contec-5byte.ts'
import { contecV7, contecV7Command } from './contec-v7.ts'
import { datexDri, datexDriRecord } from './datex-dri.ts'
import { intellivueFcs } from './intellivue-fcs.ts'
import { intellivueLan } from './intellivue-lan.ts'
import { intellivueRs232 } from './intellivue-rs232.ts'
import { hl7Mllp } from './hl7-mllp.ts'
import { ivyAnsarb } from './ivy-ansarb.ts'
import { masimoAscii1 } from './masimo-ascii1.ts'
import { masimoTrend } from './masimo-trend.ts'
import { medibus, medibusRealtime } from './medibus.ts'
import { noninCommand } from './nonin-command.ts'
import { noninDf13 } from './nonin-df13.ts'
import { noninDf2 } from './nonin-df2.ts'
import { noninDf7 } from './nonin-df7.ts'
import { noninDf8 } from './nonin-df8.ts'
import type { CaptureFormat, DeviceProtocol } from './protocol.ts'

export const PROTOCOLS: readonly DeviceProtocol[] = [
  alarisAsena,
  baxterAs50,
  bbraunBcc,
  bleBloodPressure,
  bleCgm,
  bleCgmCcittFalse,
  bleGlucose,
  bleHeartRate,
  bleInsulinDelivery,
  blePulseOximeter,
  bleThermometer,
  contec5Byte,
  contecV7,
  datexDri,
  intellivueLan,
  intellivueRs232,
  hl7Mllp,
  ivyAnsarb,
  masimoAscii1,
  masimoTrend,
  medibus,
  noninDf13,
  noninDf2,
  noninDf7,
  noninDf8,
]

/** The protocol with this id, or undefined. */
export function protocolById(id: string): DeviceProtocol | undefined {
  return PROTOCOLS.find((protocol) => protocol.id === id)
}

/** What `wardgate decode` reads besides, one line each. */
export const CAPTURE_FORMATS: readonly CaptureFormat[] = [
  contecV7Command,
  datexDriRecord,
  intellivueFcs,
  medibusRealtime,
  noninCommand,
]
