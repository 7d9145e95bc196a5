/** The two attribute values the protocol itself defines: Characteristic Declaration and its client configuration. */

import type { Parsed } from './att-codec.ts'
import { ByteReader } from './byte-reader.ts'
import { uuidFromWire, uuidToWire } from './gatt-uuid.ts'
import { PduWriter } from './att-layout.ts'

/** Bits of the properties octet, lowest first. */
const PROPERTIES = [
  'broadcast',
  'read',
  'write-without-response',
  'write',
  'notify',
  'indicate',
  'signed',
  'extended',
] as const

export type CharacteristicProperty = (typeof PROPERTIES)[number]

export interface CharacteristicDeclaration {
  readonly properties: number
  readonly valueHandle: number
  readonly uuid: string
}

export interface ClientConfiguration {
  readonly notify: boolean
  readonly indicate: boolean
}

// Properties, value handle, then a UUID of 2 or 16 octets: nothing between.
const HANDLE_AT = 1
const UUID_AT = 3

export function readDeclaration(bytes: Uint8Array): Parsed<CharacteristicDeclaration> {
  const uuid = uuidFromWire(bytes.subarray(UUID_AT))
  if (uuid === undefined) return { ok: false, reason: 'invalid-length' }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    ok: true,
    value: { properties: view.getUint8(0), valueHandle: view.getUint16(HANDLE_AT, true), uuid },
  }
}

export function writeDeclaration({ properties, valueHandle, uuid }: CharacteristicDeclaration): Uint8Array {
  return new PduWriter().u8(properties).u16(valueHandle).bytes(uuidToWire(uuid)).finish()
}

export function readClientConfiguration(bytes: Uint8Array): Parsed<ClientConfiguration> {
  const reader = new ByteReader(bytes)
  const bits = reader.u16()
  const fault = reader.finish()
  // Reserved bits are read as if they were 0.
  return fault === undefined
    ? { ok: true, value: { notify: (bits & 1) !== 0, indicate: (bits & 2) !== 0 } }
    : { ok: false, reason: fault }
}

export function writeClientConfiguration({ notify, indicate }: ClientConfiguration): Uint8Array {
  return Uint8Array.of((notify ? 1 : 0) | (indicate ? 2 : 0), 0)
}

export function propertyWords(bits: number): readonly CharacteristicProperty[] {
  return PROPERTIES.filter((_word, bit) => ((bits >>> bit) & 1) === 1)
}

export function propertyBits(words: readonly CharacteristicProperty[]): number {
  return words.reduce((bits, word) => bits | (1 << PROPERTIES.indexOf(word)), 0)
}
