/**
 * Discovery in the order of BlueZ, so that a device sees the same requests from every radio. Handles must rise from
 * answer to answer; a server that repeats itself would otherwise be asked for ever.
 */

import { propertyWords, readDeclaration } from '../../devices/framing/att-declaration.ts'
import { LAST_HANDLE } from '../../devices/framing/att-pdu.ts'
import { GATT, normalUuid } from '../../devices/framing/gatt-uuid.ts'
import type { AttBearer } from './att-bearer.ts'
import type { GattCharacteristic, GattPrimaryService, GattResult } from './gatt-central.ts'

// Far beyond any bedside device; a bound for one that lies.
const MOST_ITEMS_OF_A_SEARCH = 256

interface Range {
  readonly start: number
  readonly end: number
}

interface Group extends Range {
  readonly uuid: string
}

interface Declared extends Range {
  readonly characteristic: Omit<GattCharacteristic, 'configurationHandle'>
}

export async function discoverServices(
  bearer: AttBearer,
): Promise<GattResult<readonly GattPrimaryService[]>> {
  // BlueZ asks; what the server supports beyond the basics is not used here, whatever it answers.
  await readTypes(bearer, GATT.serverSupportedFeatures, { start: 1, end: LAST_HANDLE })
  const primary = await findGroups(bearer, GATT.primaryService)
  if (!primary.ok) return primary
  const secondary = await findGroups(bearer, GATT.secondaryService)
  if (!secondary.ok) return secondary
  const services = [...primary.value, ...secondary.value]
  if (services.length === 0) return { ok: true, value: [] }
  const range = {
    start: Math.min(...services.map((service) => service.start)),
    end: Math.max(...services.map((service) => service.end)),
  }
  const includes = await findByType(bearer, GATT.include, range)
  if (!includes.ok) return includes
  const declared = await findCharacteristics(bearer, range)
  if (!declared.ok) return declared
  return assemble(bearer, primary.value, declared.value)
}

async function assemble(
  bearer: AttBearer,
  services: readonly Group[],
  declared: readonly Declared[],
): Promise<GattResult<readonly GattPrimaryService[]>> {
  const found: GattPrimaryService[] = []
  for (const service of services) {
    const own = declared.filter(({ start }) => start >= service.start && start <= service.end)
    const characteristics: GattCharacteristic[] = []
    for (const [index, { end, characteristic }] of own.entries()) {
      const next = own[index + 1]?.start ?? service.end + 1
      const configuration = await findConfiguration(bearer, { start: end + 1, end: next - 1 })
      if (!configuration.ok) return configuration
      const handle = configuration.value
      characteristics.push({
        ...characteristic,
        ...(handle !== undefined && { configurationHandle: handle }),
      })
    }
    found.push({ uuid: service.uuid, characteristics })
  }
  return { ok: true, value: found }
}

function findGroups(bearer: AttBearer, type: string): Promise<GattResult<readonly Group[]>> {
  return search({ start: 1, end: LAST_HANDLE }, async (range) => {
    const answer = await bearer.request('read-by-group-type-request', {
      pdu: 'read-by-group-type-request',
      type,
      ...range,
    })
    if (!answer.ok) return answer
    return { ok: true, value: answer.value.items.map((item) => ({ ...item, uuid: plainUuid(item.uuid) })) }
  })
}

function findByType(
  bearer: AttBearer,
  type: string,
  within: Range,
): Promise<GattResult<readonly (Range & { readonly value: Uint8Array })[]>> {
  return search(within, (range) => readTypes(bearer, type, range))
}

async function readTypes(
  bearer: AttBearer,
  type: string,
  range: Range,
): Promise<GattResult<readonly (Range & { readonly value: Uint8Array })[]>> {
  const answer = await bearer.request('read-by-type-request', { pdu: 'read-by-type-request', type, ...range })
  if (!answer.ok) return answer
  return {
    ok: true,
    value: answer.value.items.map(({ handle, value }) => ({ start: handle, end: handle, value })),
  }
}

async function findCharacteristics(
  bearer: AttBearer,
  within: Range,
): Promise<GattResult<readonly Declared[]>> {
  const found = await findByType(bearer, GATT.characteristic, within)
  if (!found.ok) return found
  const declared: Declared[] = []
  for (const [index, { start, value }] of found.value.entries()) {
    const declaration = readDeclaration(value)
    const next = found.value[index + 1]?.start ?? within.end + 1
    if (!declaration.ok) return { ok: false, reason: 'malformed-declaration' }
    const { uuid, valueHandle, properties } = declaration.value
    // The value belongs to its declaration: it stands before the next one.
    if (valueHandle <= start || valueHandle >= next) return { ok: false, reason: 'wrong-handle' }
    declared.push({
      start,
      end: valueHandle,
      characteristic: { uuid: plainUuid(uuid), handle: valueHandle, properties: propertyWords(properties) },
    })
  }
  return { ok: true, value: declared }
}

async function findConfiguration(bearer: AttBearer, within: Range): Promise<GattResult<number | undefined>> {
  if (within.start > within.end) return { ok: true, value: undefined }
  const found = await search(within, async (range) => {
    const answer = await bearer.request('find-information-request', {
      pdu: 'find-information-request',
      ...range,
    })
    if (!answer.ok) return answer
    return {
      ok: true,
      value: answer.value.items.map(({ handle, uuid }) => ({ start: handle, end: handle, uuid })),
    }
  })
  if (!found.ok) return found
  const configuration = found.value.find(({ uuid }) => plainUuid(uuid) === GATT.clientConfiguration)
  return { ok: true, value: configuration?.start }
}

// Servers without secondary services may not know their group type.
const NO_MORE: ReadonlySet<string> = new Set(['attribute-not-found', 'unsupported-group-type'])

/** Asks for the rest of the range until it is covered or the server has no more: next start = last handle + 1. */
async function search<Item extends Range>(
  within: Range,
  ask: (range: Range) => Promise<GattResult<readonly Item[]>>,
): Promise<GattResult<readonly Item[]>> {
  const items: Item[] = []
  let start = within.start
  while (start <= within.end) {
    const answer = await ask({ start, end: within.end })
    if (!answer.ok) return NO_MORE.has(answer.reason) ? { ok: true, value: items } : answer
    for (const item of answer.value) {
      if (item.start < start || item.end < item.start || item.end > within.end)
        return { ok: false, reason: 'wrong-handle' }
      start = item.end + 1
      items.push(item)
    }
    if (items.length > MOST_ITEMS_OF_A_SEARCH) return { ok: false, reason: 'too-many-attributes' }
  }
  return { ok: true, value: items }
}

function plainUuid(uuid: string): string {
  return normalUuid(uuid) ?? uuid
}
