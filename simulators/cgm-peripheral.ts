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
import { createRecordAccessServer } from './record-access-server.ts'

const APPEARANCE_CGM = 0x0d00

/** A week of a record every five minutes. */
const MOST_STORED = 2016

/** A glucose sensor: Continuous Glucose Monitoring Service 181F. Its session begins with the recording. */
export const createCgmPeripheral: CreateBleDevice = ({ serial, recordingStartMs, notify, indicate }) => {
  const sensor = createGlucoseSensor()
  const isClockSet = recordingStartMs !== undefined
  const sessionStart = cgmSessionStart(recordingStartMs)
  let newest: GlucoseReading | undefined
  let stored: readonly GlucoseReading[] = []
  const access = createRecordAccessServer(
    () =>
      stored.map((reading) => ({
        number: reading.offsetMin,
        send: () => notify('2AA7', cgmMeasurement(reading, isClockSet)),
      })),
    (bytes) => indicate('2A52', bytes),
  )
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
          {
            uuid: '2A52',
            properties: ['write', 'indicate'],
            security: 'authenticated',
            onWrite: (bytes) => access.write(bytes),
          },
        ],
      },
      ...commonServices('SIM-CGM1', serial),
    ],
    say({ row }) {
      const reading = row === undefined ? undefined : sensor.read(row)
      if (reading === undefined) return
      // A recording that begins again is another session.
      const isAnotherSession = newest !== undefined && reading.offsetMin < newest.offsetMin
      newest = reading
      stored = [...(isAnotherSession ? [] : stored), reading].slice(-MOST_STORED)
      notify('2AA7', cgmMeasurement(reading, isClockSet))
    },
    onConnected: () => access.restart(),
  }
}
