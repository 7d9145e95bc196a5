import { commonServices, type CreateBleDevice } from './ble-device.ts'
import { createDeviceClock } from './device-clock.ts'
import { oximeterReading, PLX_FEATURES, plxContinuous, plxStoredSpotCheck } from './finger-oximeter.ts'
import { createRecordAccessServer, type StoredRecord } from './record-access-server.ts'

const APPEARANCE_FINGERTIP_OXIMETER = 0x0c41

/** While nobody listens it stores a spot check this often. */
const STORE_EVERY_S = 60
const MOST_STORED = 500

/** A finger oximeter: Pulse Oximeter Service 1822, continuous measurements, and a storage for when nobody listens. */
export const createPulseOximeterPeripheral: CreateBleDevice = ({
  serial,
  recordingStartMs,
  notify,
  indicate,
}) => {
  const clock = createDeviceClock(recordingStartMs)
  let stored: readonly StoredRecord[] = []
  let storedAtS: number | undefined
  const access = createRecordAccessServer(
    () => stored,
    (bytes) => indicate('2A52', bytes),
  )
  const guard = { security: 'encrypted' } as const
  return {
    name: `Oximeter ${serial.slice(-4)}`,
    appearance: APPEARANCE_FINGERTIP_OXIMETER,
    services: [
      {
        uuid: '1822',
        characteristics: [
          { uuid: '2A5F', properties: ['notify'], ...guard },
          { uuid: '2A60', properties: ['read'], ...guard, value: PLX_FEATURES },
          { uuid: '2A5E', properties: ['indicate'], ...guard },
          {
            uuid: '2A52',
            properties: ['write', 'indicate'],
            ...guard,
            onWrite: (bytes) => access.write(bytes),
          },
        ],
      },
      ...commonServices('SIM-PLX1', serial),
      clock.service,
    ],
    say({ atS, row }) {
      clock.reach(atS)
      const reading = oximeterReading(row)
      const isHeard = notify('2A5F', plxContinuous(reading)) !== false
      const isDue = storedAtS === undefined || Math.abs(atS - storedAtS) >= STORE_EVERY_S
      if (isHeard || !isDue || !clock.isSet || reading.spo2 === undefined) return
      storedAtS = atS
      const octets = plxStoredSpotCheck(reading, clock.dateTime(atS))
      const record = { number: stored.length, send: () => indicate('2A5E', octets) }
      stored = [...stored, record].slice(-MOST_STORED)
    },
    onConnected: () => access.restart(),
  }
}
