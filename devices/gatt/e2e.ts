/** End-to-end protection of CGM (a CRC) and Insulin Delivery (a counter, then a CRC over all before it). */

import { crc16CcittFalse, crc16Mcrf4xx } from '../framing/crc16.ts'

export type CrcVariant = 'spec' | 'ccitt-false'

const CRC: Readonly<Record<CrcVariant, (bytes: Uint8Array) => number>> = {
  spec: crc16Mcrf4xx,
  'ccitt-false': crc16CcittFalse,
}

/** What both ends assume to have been sent last when a connection starts. */
export const COUNTER_AT_CONNECT = 255

export function crcOf(bytes: Uint8Array, variant: CrcVariant = 'spec'): number {
  return CRC[variant](bytes)
}

/** True when the last two octets are the CRC of the others, low octet first. */
export function endsWithCrc(bytes: Uint8Array, variant: CrcVariant = 'spec'): boolean {
  const [low, high] = bytes.subarray(-2)
  if (low === undefined || high === undefined) return false
  return crcOf(bytes.subarray(0, -2), variant) === low + high * 256
}

export function appendCrc(bytes: Uint8Array, variant: CrcVariant = 'spec'): Uint8Array {
  const crc = crcOf(bytes, variant)
  return Uint8Array.of(...bytes, crc & 0xff, crc >>> 8)
}

/** The counter is inside the CRC, the CRC is last. */
export function appendCounterAndCrc(bytes: Uint8Array, counter: number): Uint8Array {
  return appendCrc(Uint8Array.of(...bytes, counter))
}

/** "Starts at 1 on every connection; 255 is followed by 1, 0 is never used." */
export function nextCounter(last: number): number {
  return (last % 255) + 1
}

/** A gap, a repeat and 0 are errors. */
export function acceptsCounter(last: number, received: number): boolean {
  return received === nextCounter(last)
}
