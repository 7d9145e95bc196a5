/** The attributes of a simulated peripheral, laid out from the description of its services. */

import {
  propertyBits,
  writeDeclaration,
  type CharacteristicProperty,
} from '../../devices/framing/att-declaration.ts'
import type { SecurityLevel } from '../../devices/framing/link-security.ts'
import { LAST_HANDLE, LONGEST_VALUE_BYTES } from '../../devices/framing/att-pdu.ts'
import { GATT, normalUuid, uuidToWire } from '../../devices/framing/gatt-uuid.ts'

/** An error code of the Attribute Protocol: ATT_ERRORS, or 0x80-0x9F of the service. */
export type AttErrorCode = number

export interface ServiceDefinition {
  /** '180D', or 32 digits of a vendor's. */
  readonly uuid: string
  readonly characteristics: readonly CharacteristicDefinition[]
  /** Where its attributes start; right after the service before it when absent. */
  readonly startHandle?: number
}

interface CharacteristicDefinition {
  readonly uuid: string
  readonly properties: readonly CharacteristicProperty[]
  /** What the link must have reached to read, write or subscribe; 'none' when absent. */
  readonly security?: SecurityLevel
  /** A person must have approved this collector at the device. */
  readonly needsAuthorization?: boolean
  /** The value at rest; empty when absent. */
  readonly value?: Uint8Array
  readonly onRead?: () => Uint8Array | AttErrorCode
  /** An error code refuses; what the handler notifies or indicates follows the write response. */
  readonly onWrite?: (bytes: Uint8Array) => AttErrorCode | undefined
  /** The longest value that may be written. */
  readonly maxBytes?: number
}

export interface Attribute {
  readonly handle: number
  /** 4 or 32 lower-case hex digits. */
  readonly type: string
  /** Last handle of the group a service declaration opens. */
  readonly groupEnd?: number
  readonly access: readonly ('read' | 'write' | 'write-command')[]
  /** What the link must have reached. */
  readonly readSecurity: SecurityLevel
  readonly writeSecurity: SecurityLevel
  readonly needsAuthorization: boolean
  readonly maxBytes: number
  readonly read: () => Uint8Array | AttErrorCode
  readonly write: (bytes: Uint8Array) => AttErrorCode | undefined
  /** For a Client Characteristic Configuration: the value it switches. */
  readonly configures?: {
    readonly handle: number
    readonly uuid: string
    readonly canNotify: boolean
    readonly canIndicate: boolean
  }
}

const NOTHING = new Uint8Array(0)

export function buildDatabase(services: readonly ServiceDefinition[]): readonly Attribute[] {
  const attributes: Attribute[] = []
  let handle = 1
  for (const service of services) {
    handle = Math.max(handle, service.startHandle ?? handle)
    const declaration = handle
    const own = service.characteristics.flatMap((characteristic) => {
      const laidOut = layOut(characteristic, handle + 1)
      handle += laidOut.length
      return laidOut
    })
    attributes.push(
      constant(declaration, GATT.primaryService, uuidToWire(uuidOf(service.uuid)), handle),
      ...own,
    )
    handle += 1
  }
  refuseDoubles(attributes)
  return attributes
}

/** Handles of values by the UUID a simulator uses, e.g. '2A37'. */
export function valueHandle(attributes: readonly Attribute[], uuid: string): number | undefined {
  const type = normalUuid(uuid)
  return attributes.find((attribute) => attribute.type === type)?.handle
}

function layOut(definition: CharacteristicDefinition, handle: number): Attribute[] {
  const uuid = uuidOf(definition.uuid)
  const properties = definition.properties
  const value = definition.value ?? NOTHING
  const security = definition.security ?? 'none'
  const needsAuthorization = definition.needsAuthorization ?? false
  const declared = writeDeclaration({ properties: propertyBits(properties), valueHandle: handle + 1, uuid })
  const attributes: Attribute[] = [
    constant(handle, GATT.characteristic, declared),
    {
      handle: handle + 1,
      type: uuid,
      access: [
        ...(properties.includes('read') ? (['read'] as const) : []),
        ...(properties.includes('write') ? (['write'] as const) : []),
        ...(properties.includes('write-without-response') ? (['write-command'] as const) : []),
      ],
      readSecurity: security,
      writeSecurity: security,
      needsAuthorization,
      maxBytes: definition.maxBytes ?? LONGEST_VALUE_BYTES,
      read: definition.onRead ?? (() => value),
      write: definition.onWrite ?? (() => undefined),
    },
  ]
  const canNotify = properties.includes('notify')
  const canIndicate = properties.includes('indicate')
  if (canNotify || canIndicate)
    attributes.push({
      handle: handle + 2,
      type: GATT.clientConfiguration,
      access: ['read', 'write'],
      // Readable without authentication, also where everything else asks for it.
      readSecurity: 'none',
      writeSecurity: security,
      needsAuthorization,
      maxBytes: 2,
      // Its value belongs to the client: the server keeps it, not the database.
      read: () => NOTHING,
      write: () => undefined,
      configures: { handle: handle + 1, uuid, canNotify, canIndicate },
    })
  return attributes
}

function constant(handle: number, type: string, value: Uint8Array, groupEnd?: number): Attribute {
  return {
    handle,
    type,
    ...(groupEnd !== undefined && { groupEnd }),
    access: ['read'],
    readSecurity: 'none',
    writeSecurity: 'none',
    needsAuthorization: false,
    maxBytes: 0,
    read: () => value,
    write: () => undefined,
  }
}

function uuidOf(text: string): string {
  const uuid = normalUuid(text)
  if (uuid === undefined) throw new Error(`'${text}' is not a UUID: write 4 or 32 hex digits, like 2A37`)
  return uuid
}

function refuseDoubles(attributes: readonly Attribute[]): void {
  const values = attributes.filter(({ type }) => !Object.values<string>(GATT).includes(type))
  const twice = values.find(({ type }, index) => values.findIndex((other) => other.type === type) !== index)
  if (twice !== undefined)
    throw new Error(`characteristic ${twice.type.toUpperCase()} is described twice: give each one once`)
  const last = attributes.at(-1)
  if (last !== undefined && last.handle > LAST_HANDLE)
    throw new Error('the services need more than 65535 handles')
}
