import { commonServices, type CreateBleDevice } from './ble-device.ts'
import { createDeviceClock } from './device-clock.ts'
import { float } from './gatt-octets.ts'
import { createKeptIndications } from './kept-indications.ts'
import { physiologyAt } from './physiology.ts'

const APPEARANCE_THERMOMETER = 0x0300
const IN_THE_EAR = 3
const HAS_TIMESTAMP = 0x02

/** An ear thermometer: Health Thermometer Service 1809. No recording holds a temperature, so it is one by script. */
export const createThermometerPeripheral: CreateBleDevice = ({ serial, recordingStartMs, indicate }) => {
  const clock = createDeviceClock(recordingStartMs)
  const kept = createKeptIndications((bytes) => indicate('2A1C', bytes))
  return {
    name: `Thermometer ${serial.slice(-4)}`,
    appearance: APPEARANCE_THERMOMETER,
    services: [
      {
        uuid: '1809',
        characteristics: [
          { uuid: '2A1C', properties: ['indicate'], security: 'encrypted' },
          { uuid: '2A1D', properties: ['read'], security: 'encrypted', value: Uint8Array.of(IN_THE_EAR) },
        ],
      },
      ...commonServices('SIM-HTP1', serial),
      clock.service,
    ],
    say({ atS }) {
      clock.reach(atS)
      const flags = clock.isSet ? HAS_TIMESTAMP : 0
      const time = clock.isSet ? clock.dateTime(atS) : []
      kept.add(Uint8Array.of(flags, ...float(earTemperatureCel(atS)), ...time))
    },
  }
}

/** Everybody's script: a thermometer has no seed of its own. */
export function earTemperatureCel(atS: number): number {
  return physiologyAt(atS, 0).tempCoreCel
}
