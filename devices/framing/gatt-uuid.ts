/** UUIDs of attributes: 4 or 32 lower-case hex digits, most significant first; on the wire least significant first. */

import { hexOf } from './hex.ts'

// 16-bit UUID x stands for 0000xxxx-0000-1000-8000-00805F9B34FB.
const BASE_BEFORE = '0000'
const BASE_AFTER = '00001000800000805f9b34fb'

/** Attribute types the protocol itself gives a meaning to. */
export const GATT = {
  primaryService: '2800',
  secondaryService: '2801',
  include: '2802',
  characteristic: '2803',
  clientConfiguration: '2902',
  serverSupportedFeatures: '2b3a',
} as const

/** Undefined when the octets are not a UUID of 16 or 128 bits. */
export function uuidFromWire(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 2 && bytes.length !== 16) return undefined
  return hexOf(bytes.toReversed())
}

/** Any spelling of a UUID as attributes carry it: the short form where there is one. Undefined when it is none. */
export function normalUuid(text: string): string | undefined {
  const digits = text.toLowerCase().replaceAll('-', '')
  if (!/^(?:[0-9a-f]{4}|[0-9a-f]{32})$/.test(digits)) return undefined
  const isShort = digits.length === 32 && digits.startsWith(BASE_BEFORE) && digits.endsWith(BASE_AFTER)
  return isShort ? digits.slice(4, 8) : digits
}

export function uuidToWire(uuid: string): Uint8Array {
  return fromHex(uuid).reverse()
}

function fromHex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
