import { commonServices, type CreateBleDevice } from './ble-device.ts'
import { createDeviceClock } from './device-clock.ts'
import { createGlucoseMeter, meterContext, meterMeasurement } from './glucose-meter.ts'
import { createRecordAccessServer } from './record-access-server.ts'

const APPEARANCE_GLUCOSE_METER = 0x0400

/** A blood glucose meter: Glucose Service 1808. It stores its results and says nothing before it is asked. */
export const createGlucosePeripheral: CreateBleDevice = ({ serial, recordingStartMs, notify, indicate }) => {
  const meter = createGlucoseMeter()
  const clock = createDeviceClock(recordingStartMs)
  const access = createRecordAccessServer(
    () =>
      meter.records.map((record) => ({
        number: record.sequence,
        send: () => {
          notify('2A18', meterMeasurement(record, recordingStartMs))
          return notify('2A34', meterContext(record))
        },
      })),
    (bytes) => indicate('2A52', bytes),
  )
  return {
    name: `Meter ${serial.slice(-4)}`,
    appearance: APPEARANCE_GLUCOSE_METER,
    services: [
      {
        uuid: '1808',
        characteristics: [
          { uuid: '2A18', properties: ['notify'], security: 'encrypted' },
          { uuid: '2A34', properties: ['notify'], security: 'encrypted' },
          { uuid: '2A51', properties: ['read'], security: 'encrypted', value: Uint8Array.of(0, 0) },
          {
            uuid: '2A52',
            properties: ['write', 'indicate'],
            security: 'encrypted',
            onWrite: (bytes) => access.write(bytes),
          },
        ],
      },
      ...commonServices('SIM-GLP1', serial),
      clock.service,
    ],
    say({ atS, row }) {
      clock.reach(atS)
      if (row !== undefined) meter.read(row)
    },
    onConnected: () => access.restart(),
  }
}
