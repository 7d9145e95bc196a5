import { commonServices, type CreateBleDevice } from './ble-device.ts'
import { createDeviceClock } from './device-clock.ts'
import { sfloat, sfloatValue, u16 } from './gatt-octets.ts'
import { createKeptIndications } from './kept-indications.ts'
import type { RecordedRow } from './recording.ts'

const APPEARANCE_UPPER_ARM = 0x0381
const HAS_TIMESTAMP = 0x02
/** Movement, cuff fit, irregular pulse. */
const FEATURES = 0x0007

export interface NibpReading {
  readonly systolic: number | undefined
  readonly diastolic: number | undefined
  readonly mean: number | undefined
}

/** Undefined when the cuff measured nothing in this row. */
export function nibpReading(row: RecordedRow | undefined): NibpReading | undefined {
  const systolic = sfloatValue(row?.nibpSystolic)
  const diastolic = sfloatValue(row?.nibpDiastolic)
  const mean = sfloatValue(row?.nibpMean)
  if (systolic === undefined && diastolic === undefined && mean === undefined) return undefined
  return { systolic, diastolic, mean }
}

/** A cuff: Blood Pressure Service 1810. One measurement for each recorded one; what was not taken is kept. */
export const createBloodPressurePeripheral: CreateBleDevice = ({ serial, recordingStartMs, indicate }) => {
  const clock = createDeviceClock(recordingStartMs)
  const kept = createKeptIndications((bytes) => indicate('2A35', bytes))
  return {
    name: `Cuff ${serial.slice(-4)}`,
    appearance: APPEARANCE_UPPER_ARM,
    services: [
      {
        uuid: '1810',
        characteristics: [
          { uuid: '2A35', properties: ['indicate'], security: 'encrypted' },
          {
            uuid: '2A49',
            properties: ['read'],
            security: 'encrypted',
            value: Uint8Array.from(u16(FEATURES)),
          },
        ],
      },
      ...commonServices('SIM-BLP1', serial),
      clock.service,
    ],
    say({ atS, row }) {
      clock.reach(atS)
      const reading = nibpReading(row)
      if (reading === undefined) return
      const { systolic, diastolic, mean } = reading
      const time = clock.isSet ? clock.dateTime(atS) : []
      const flags = clock.isSet ? HAS_TIMESTAMP : 0
      kept.add(Uint8Array.of(flags, ...sfloat(systolic), ...sfloat(diastolic), ...sfloat(mean), ...time))
    },
  }
}
