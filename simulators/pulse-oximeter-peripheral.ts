import { commonServices, type CreateBleDevice } from './ble-device.ts'
import { oximeterReading, PLX_FEATURES, plxContinuous } from './finger-oximeter.ts'

const APPEARANCE_FINGERTIP_OXIMETER = 0x0c41

/** A finger oximeter: Pulse Oximeter Service 1822, continuous measurements. */
export const createPulseOximeterPeripheral: CreateBleDevice = ({ serial, notify }) => ({
  name: `Oximeter ${serial.slice(-4)}`,
  appearance: APPEARANCE_FINGERTIP_OXIMETER,
  services: [
    {
      uuid: '1822',
      characteristics: [
        { uuid: '2A5F', properties: ['notify'], security: 'encrypted' },
        { uuid: '2A60', properties: ['read'], security: 'encrypted', value: PLX_FEATURES },
      ],
    },
    ...commonServices('SIM-PLX1', serial),
  ],
  say({ row }) {
    notify('2A5F', plxContinuous(oximeterReading(row)))
  },
})
