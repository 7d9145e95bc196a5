import { commonServices, type CreateBleDevice } from './ble-device.ts'
import {
  CGM_FEATURE,
  CGM_RUN_TIME,
  cgmMeasurement,
  cgmSessionStart,
  cgmStatus,
  createGlucoseSensor,
  type GlucoseReading,
} from './glucose-sensor.ts'

const APPEARANCE_CGM = 0x0d00

/** A glucose sensor: Continuous Glucose Monitoring Service 181F. Its session begins with the recording. */
export const createCgmPeripheral: CreateBleDevice = ({ serial, recordingStartMs, notify }) => {
  const sensor = createGlucoseSensor()
  const isClockSet = recordingStartMs !== undefined
  const sessionStart = cgmSessionStart(recordingStartMs)
  let newest: GlucoseReading | undefined
  const protectedRead = { properties: ['read'], security: 'authenticated' } as const
  return {
    name: `Glucose ${serial.slice(-4)}`,
    appearance: APPEARANCE_CGM,
    services: [
      {
        uuid: '181F',
        characteristics: [
          { uuid: '2AA7', properties: ['notify'], security: 'authenticated' },
          { uuid: '2AA8', ...protectedRead, value: CGM_FEATURE },
          { uuid: '2AA9', ...protectedRead, onRead: () => cgmStatus(newest, isClockSet) },
          { uuid: '2AAA', ...protectedRead, value: sessionStart },
          { uuid: '2AAB', ...protectedRead, value: CGM_RUN_TIME },
        ],
      },
      ...commonServices('SIM-CGM1', serial),
    ],
    say({ row }) {
      const reading = row === undefined ? undefined : sensor.read(row)
      if (reading === undefined) return
      newest = reading
      notify('2AA7', cgmMeasurement(reading, isClockSet))
    },
  }
}
