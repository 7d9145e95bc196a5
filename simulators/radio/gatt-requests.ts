/** What a GATT server answers to one request. The checks stand in the order of the error codes' meanings. */

import { attOpcode } from '../../devices/framing/att-codec.ts'
import { readClientConfiguration, type ClientConfiguration } from '../../devices/framing/att-declaration.ts'
import { ATT_ERRORS } from '../../devices/framing/att-error.ts'
import type { AttPdu, AttPduOf } from '../../devices/framing/att-pdu.ts'
import { GATT, uuidFromWire } from '../../devices/framing/gatt-uuid.ts'
import { hexOf } from '../../devices/framing/hex.ts'
import { isAtLeast, type SecurityLevel } from '../../devices/framing/link-security.ts'
import type { AttErrorCode, Attribute } from './gatt-database.ts'

export interface LinkState {
  readonly level: SecurityLevel
  readonly isBonded: boolean
  readonly isAuthorized: boolean
}

/** What a request meets: the database, the link, and what this client has configured. */
export interface Served {
  readonly attributes: readonly Attribute[]
  readonly link: LinkState
  readonly mtu: number
  readonly configuration: (valueHandle: number) => Uint8Array
  readonly configure: (attribute: Attribute, configuration: ClientConfiguration) => void
}

interface Refusal {
  readonly refused: AttErrorCode
  readonly handle: number
}

type Answer = AttPdu | Refusal

interface Range {
  readonly start: number
  readonly end: number
}

export function answerRequest(pdu: AttPdu, served: Served): AttPdu {
  const answer = dispatch(pdu, served)
  if (!('refused' in answer)) return answer
  const { refused: code, handle } = answer
  return { pdu: 'error-response', request: attOpcode(pdu.pdu), handle, code }
}

/** A command is carried out or ignored; nothing is answered. */
export function obeyCommand({ handle, value }: AttPduOf<'write-command'>, served: Served): void {
  const attribute = find(served, handle)
  if (attribute !== undefined && denial(attribute, 'write-command', served.link) === undefined)
    store(attribute, value, served)
}

function dispatch(pdu: AttPdu, served: Served): Answer {
  if ('start' in pdu && (pdu.start === 0 || pdu.start > pdu.end))
    return { refused: ATT_ERRORS['invalid-handle'], handle: pdu.start }
  if (pdu.pdu === 'find-information-request') return findInformation(pdu, served)
  if (pdu.pdu === 'find-by-type-value-request') return findByTypeValue(pdu, served)
  if (pdu.pdu === 'read-by-type-request') return readByType(pdu, served)
  if (pdu.pdu === 'read-by-group-type-request') return readByGroupType(pdu, served)
  if (pdu.pdu === 'read-request') return read(pdu.handle, 0, served)
  if (pdu.pdu === 'read-blob-request') return read(pdu.handle, pdu.offset, served)
  if (pdu.pdu === 'write-request') return write(pdu, served)
  return { refused: ATT_ERRORS['request-not-supported'], handle: 0 }
}

function findInformation({ start, end }: Range, served: Served): Answer {
  const found = within(served, { start, end })
  const [first] = found
  if (first === undefined) return { refused: ATT_ERRORS['attribute-not-found'], handle: start }
  const uuidDigits = first.type.length
  const items = upToFirst(found, ({ type }) => type.length !== uuidDigits)
    .slice(0, capacity(served.mtu, 2 + uuidDigits / 2))
    .map(({ handle, type }) => ({ handle, uuid: type }))
  return { pdu: 'find-information-response', items }
}

function findByTypeValue(pdu: AttPduOf<'find-by-type-value-request'>, served: Served): Answer {
  const wanted = hexOf(pdu.value)
  const items = within(served, pdu)
    .filter((attribute) => {
      if (attribute.type !== pdu.type || denial(attribute, 'read', served.link) !== undefined) return false
      const value = valueOf(attribute, served)
      return typeof value !== 'number' && hexOf(value) === wanted
    })
    .map(({ handle, groupEnd }) => ({ start: handle, end: groupEnd ?? handle }))
    .slice(0, Math.floor((served.mtu - 1) / 4))
  if (items.length > 0) return { pdu: 'find-by-type-value-response', items }
  return { refused: ATT_ERRORS['attribute-not-found'], handle: pdu.start }
}

// The size of an element is one octet, the handle included.
const LONGEST_LISTED_VALUE_BYTES = 253

function readByType(pdu: AttPduOf<'read-by-type-request'>, served: Served): Answer {
  const items: { readonly handle: number; readonly value: Uint8Array }[] = []
  const longestBytes = Math.min(served.mtu - 4, LONGEST_LISTED_VALUE_BYTES)
  for (const attribute of within(served, pdu)) {
    if (attribute.type !== pdu.type) continue
    const value = denial(attribute, 'read', served.link) ?? valueOf(attribute, served)
    // A refusal counts only for the first: what was found before it is answered.
    if (typeof value === 'number') {
      if (items.length === 0) return { refused: value, handle: attribute.handle }
      break
    }
    const listed = value.slice(0, longestBytes)
    const sizeBytes = items[0]?.value.length ?? listed.length
    if (listed.length !== sizeBytes || items.length === capacity(served.mtu, 2 + sizeBytes)) break
    items.push({ handle: attribute.handle, value: listed })
  }
  if (items.length > 0) return { pdu: 'read-by-type-response', items }
  return { refused: ATT_ERRORS['attribute-not-found'], handle: pdu.start }
}

function readByGroupType(pdu: AttPduOf<'read-by-group-type-request'>, served: Served): Answer {
  if (pdu.type !== GATT.primaryService && pdu.type !== GATT.secondaryService)
    return { refused: ATT_ERRORS['unsupported-group-type'], handle: pdu.start }
  const groups = within(served, pdu).flatMap((attribute) => {
    if (attribute.type !== pdu.type) return []
    const value = valueOf(attribute, served)
    const uuid = typeof value === 'number' ? undefined : uuidFromWire(value)
    if (uuid === undefined) return []
    return [{ start: attribute.handle, end: attribute.groupEnd ?? attribute.handle, uuid }]
  })
  const [first] = groups
  if (first === undefined) return { refused: ATT_ERRORS['attribute-not-found'], handle: pdu.start }
  const uuidDigits = first.uuid.length
  const items = upToFirst(groups, ({ uuid }) => uuid.length !== uuidDigits)
  return {
    pdu: 'read-by-group-type-response',
    items: items.slice(0, capacity(served.mtu, 4 + uuidDigits / 2)),
  }
}

function read(handle: number, offset: number, served: Served): Answer {
  const attribute = find(served, handle)
  if (attribute === undefined) return { refused: ATT_ERRORS['invalid-handle'], handle }
  const value = denial(attribute, 'read', served.link) ?? valueOf(attribute, served)
  if (typeof value === 'number') return { refused: value, handle }
  if (offset > value.length) return { refused: ATT_ERRORS['invalid-offset'], handle }
  const part = value.slice(offset, offset + served.mtu - 1)
  return { pdu: offset === 0 ? 'read-response' : 'read-blob-response', value: part }
}

function write({ handle, value }: AttPduOf<'write-request'>, served: Served): Answer {
  const attribute = find(served, handle)
  if (attribute === undefined) return { refused: ATT_ERRORS['invalid-handle'], handle }
  const refused = denial(attribute, 'write', served.link) ?? store(attribute, value, served)
  return refused === undefined ? { pdu: 'write-response' } : { refused, handle }
}

/** Permission, then authentication and encryption, then authorization. */
function denial(
  attribute: Attribute,
  access: Attribute['access'][number],
  link: LinkState,
): AttErrorCode | undefined {
  if (!attribute.access.includes(access))
    return ATT_ERRORS[access === 'read' ? 'read-not-permitted' : 'write-not-permitted']
  const wanted = access === 'read' ? attribute.readSecurity : attribute.writeSecurity
  if (!isAtLeast(link.level, wanted)) {
    // With keys of an earlier pairing the client need only start encryption; without, it must pair.
    const needsEncryptionOnly = link.isBonded && link.level === 'none'
    return ATT_ERRORS[needsEncryptionOnly ? 'insufficient-encryption' : 'insufficient-authentication']
  }
  if (attribute.needsAuthorization && !link.isAuthorized) return ATT_ERRORS['insufficient-authorization']
  return undefined
}

/** Length, then value. */
function store(attribute: Attribute, value: Uint8Array, served: Served): AttErrorCode | undefined {
  if (value.length > attribute.maxBytes) return ATT_ERRORS['invalid-value-length']
  const { configures } = attribute
  if (configures === undefined) return attribute.write(value)
  const configuration = readClientConfiguration(value)
  if (!configuration.ok) return ATT_ERRORS['invalid-value-length']
  const { notify, indicate } = configuration.value
  if ((notify && !configures.canNotify) || (indicate && !configures.canIndicate))
    return ATT_ERRORS['value-not-allowed']
  served.configure(attribute, configuration.value)
  return undefined
}

function valueOf(attribute: Attribute, served: Served): Uint8Array | AttErrorCode {
  const { configures } = attribute
  return configures === undefined ? attribute.read() : served.configuration(configures.handle)
}

function find(served: Served, handle: number): Attribute | undefined {
  return served.attributes.find((attribute) => attribute.handle === handle)
}

function within(served: Served, { start, end }: Range): readonly Attribute[] {
  return served.attributes.filter(({ handle }) => handle >= start && handle <= end)
}

/** How many elements fit behind an opcode and the octet that tells their size or format. */
function capacity(mtu: number, elementBytes: number): number {
  return Math.floor((mtu - 2) / elementBytes)
}

function upToFirst<Item>(items: readonly Item[], isOther: (item: Item) => boolean): readonly Item[] {
  const index = items.findIndex(isOther)
  return index === -1 ? items : items.slice(0, index)
}
