/** A simulated device that speaks GATT: its services, and what it sends when something is due. No radio in it. */

import type { ServiceDefinition } from './radio/gatt-database.ts'
import type { RecordedRow } from './recording.ts'
import type { Due } from './timeline.ts'

interface BleDeviceOptions {
  /** Ten digits: what the device calls itself. */
  readonly serial: string
  /** Wall clock of the instant `atS` 0 of the recording; undefined when the replay does not keep wall time. */
  readonly recordingStartMs: number | undefined
  /** What was recorded last when the replay begins: the device has not just been switched on. */
  readonly rowAtStart: RecordedRow | undefined
  /** False when nobody has subscribed: then it is lost. */
  readonly notify: (characteristic: string, bytes: Uint8Array) => boolean | undefined
  /** True when the collector has confirmed it, false when nobody has subscribed or the link has gone. */
  readonly indicate: (characteristic: string, bytes: Uint8Array) => Promise<boolean>
}

export interface BleDevice {
  readonly name: string
  readonly appearance: number
  /** The service it advertises stands first. */
  readonly services: readonly ServiceDefinition[]
  say(due: Due): void
  /** A collector has connected: what counts per connection begins again. */
  onConnected?(): void
}

export type CreateBleDevice = (options: BleDeviceOptions) => BleDevice

const MANUFACTURER = 'wardgate simulators'
const BATTERY_PCT = 83

/** Device Information and Battery, as every one of them has. */
export function commonServices(model: string, serial: string): readonly ServiceDefinition[] {
  const text = (uuid: string, value: string): ServiceDefinition['characteristics'][number] => ({
    uuid,
    properties: ['read'],
    value: new TextEncoder().encode(value),
  })
  return [
    {
      uuid: '180A',
      characteristics: [
        text('2A29', MANUFACTURER),
        text('2A24', model),
        text('2A25', serial),
        { uuid: '2A23', properties: ['read'], value: systemId(serial) },
      ],
    },
    {
      uuid: '180F',
      characteristics: [{ uuid: '2A19', properties: ['read'], value: Uint8Array.of(BATTERY_PCT) }],
    },
  ]
}

/** EUI-64: the digits of the serial number as eight octets, lowest first. */
function systemId(serial: string): Uint8Array {
  const digits = BigInt(serial)
  return Uint8Array.from({ length: 8 }, (_, octet) => Number((digits >> BigInt(8 * octet)) & 0xffn))
}
