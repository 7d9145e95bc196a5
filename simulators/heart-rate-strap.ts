/** A chest strap: one Heart Rate Measurement (2A37) a second, with the RR intervals of the beats since the last one. */

import { u16 } from './gatt-octets.ts'
import type { RecordedRow } from './recording.ts'
import { wholeNumber } from './shown-value.ts'

export interface StrapReading {
  readonly heartRate: number | undefined
  /** In 1/1024 s, oldest first. The recordings hold rates: every beat of a second is as long as its rate says. */
  readonly rr1024: readonly number[]
}

export interface Strap {
  /** The next second. */
  read(row: RecordedRow | undefined): StrapReading
}

const SECOND_1024 = 1024
const MINUTE_1024 = 60 * SECOND_1024
const MAX_RATE = 0xffff
const MAX_U8_RATE = 0xff

const RATE_IS_U16 = 0x01
const NO_CONTACT = 0x04
const CONTACT = 0x06
const HAS_RR = 0x10

export function createStrap(): Strap {
  let sinceBeat1024 = 0
  return {
    read(row) {
      const heartRate = wholeNumber(row?.heartRate, MAX_RATE)
      if (heartRate === undefined || heartRate === 0) {
        sinceBeat1024 = 0
        return { heartRate, rr1024: [] }
      }
      const interval1024 = Math.round(MINUTE_1024 / heartRate)
      sinceBeat1024 += SECOND_1024
      // A rate that rises may leave more than a beat over; it is heard in this second and not again.
      const beats = Math.floor(sinceBeat1024 / interval1024)
      sinceBeat1024 -= beats * interval1024
      return { heartRate, rr1024: Array.from({ length: beats }, () => interval1024) }
    },
  }
}

/** Without a rate the strap says that it has lost the skin; the rate is then 0 and means nothing. */
export function heartRateMeasurement({ heartRate, rr1024 }: StrapReading): Uint8Array {
  if (heartRate === undefined) return Uint8Array.of(NO_CONTACT, 0)
  const isWide = heartRate > MAX_U8_RATE
  const flags = CONTACT | (isWide ? RATE_IS_U16 : 0) | (rr1024.length > 0 ? HAS_RR : 0)
  return Uint8Array.of(flags, ...(isWide ? u16(heartRate) : [heartRate]), ...rr1024.flatMap(u16))
}
