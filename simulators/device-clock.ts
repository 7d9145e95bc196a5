/** The clock of a simulated device: it runs with the recording, and is not set while the replay keeps no wall time. */

import type { ServiceDefinition } from './radio/gatt-database.ts'
import { u16 } from './gatt-octets.ts'

export interface DeviceClock {
  readonly isSet: boolean
  /** Seven octets of an instant of the recording; all zero while the clock is not set. */
  dateTime(atS: number): readonly number[]
  /** The recording has reached this instant. */
  reach(atS: number): void
  /** Current Time 1805. */
  readonly service: ServiceDefinition
}

const NOT_SET = [0, 0, 0, 0, 0, 0, 0] as const
const DAY_UNKNOWN = 0

export function createDeviceClock(recordingStartMs: number | undefined): DeviceClock {
  let nowS = 0
  const dateTime = (atS: number): readonly number[] =>
    recordingStartMs === undefined ? NOT_SET : dateTimeOctets(recordingStartMs + atS * 1000)
  const currentTime = (): Uint8Array => Uint8Array.of(...dateTime(nowS), DAY_UNKNOWN, 0, 0)
  return {
    isSet: recordingStartMs !== undefined,
    dateTime,
    reach(atS) {
      nowS = atS
    },
    service: {
      uuid: '1805',
      characteristics: [{ uuid: '2A2B', properties: ['read'], onRead: currentTime }],
    },
  }
}

export function dateTimeOctets(epochMs: number): readonly number[] {
  const time = new Date(epochMs)
  return [
    ...u16(time.getUTCFullYear()),
    time.getUTCMonth() + 1,
    time.getUTCDate(),
    time.getUTCHours(),
    time.getUTCMinutes(),
    time.getUTCSeconds(),
  ]
}
