import { commonServices, type CreateBleDevice } from './ble-device.ts'
import { createStrap, heartRateMeasurement } from './heart-rate-strap.ts'

const CHEST = 1
const APPEARANCE_HEART_RATE_BELT = 0x0341

/** A heart-rate strap: Heart Rate Service 180D. */
export const createHeartRatePeripheral: CreateBleDevice = ({ serial, notify }) => {
  const strap = createStrap()
  return {
    name: `Strap ${serial.slice(-4)}`,
    appearance: APPEARANCE_HEART_RATE_BELT,
    services: [
      {
        uuid: '180D',
        characteristics: [
          { uuid: '2A37', properties: ['notify'], security: 'encrypted' },
          { uuid: '2A38', properties: ['read'], security: 'encrypted', value: Uint8Array.of(CHEST) },
        ],
      },
      ...commonServices('SIM-HR1', serial),
    ],
    say({ row }) {
      notify('2A37', heartRateMeasurement(strap.read(row)))
    },
  }
}
