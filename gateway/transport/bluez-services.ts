/** The services of a device, from the objects bluetoothd has made of them. */

import type { CharacteristicProperty } from '../../devices/framing/att-declaration.ts'
import { normalUuid } from '../../devices/framing/gatt-uuid.ts'
import { CHARACTERISTIC, SERVICE, type BluezTree, type Properties } from './bluez-tree.ts'
import type { GattCharacteristic, GattPrimaryService } from './gatt-central.ts'

export interface BluezServices {
  readonly services: readonly GattPrimaryService[]
  /** Where each characteristic is found on the bus. */
  readonly pathOf: ReadonlyMap<GattCharacteristic, string>
}

const FLAGS: ReadonlyMap<unknown, CharacteristicProperty> = new Map<string, CharacteristicProperty>(
  Object.entries({
    broadcast: 'broadcast',
    read: 'read',
    'write-without-response': 'write-without-response',
    write: 'write',
    notify: 'notify',
    indicate: 'indicate',
    'authenticated-signed-writes': 'signed',
    'extended-properties': 'extended',
  } as const),
)

export function readServices(tree: BluezTree, devicePath: string): BluezServices {
  const pathOf = new Map<GattCharacteristic, string>()
  const services: GattPrimaryService[] = []
  for (const servicePath of below(tree, devicePath, SERVICE)) {
    const properties = tree.properties(servicePath, SERVICE) ?? {}
    const uuid = uuidOf(properties)
    if (uuid === undefined || properties['Primary'] === false) continue
    const characteristics: GattCharacteristic[] = []
    for (const path of below(tree, servicePath, CHARACTERISTIC)) {
      const characteristic = readCharacteristic(path, tree.properties(path, CHARACTERISTIC) ?? {})
      if (characteristic === undefined) continue
      characteristics.push(characteristic)
      pathOf.set(characteristic, path)
    }
    services.push({ uuid, characteristics })
  }
  return { services, pathOf }
}

function below(tree: BluezTree, parent: string, interfaceName: string): readonly string[] {
  return tree.paths(interfaceName).filter((path) => path.startsWith(`${parent}/`))
}

function readCharacteristic(path: string, properties: Properties): GattCharacteristic | undefined {
  const uuid = uuidOf(properties)
  const declarationHandle = /\/char([0-9a-f]{4})$/i.exec(path)?.[1]
  if (uuid === undefined || declarationHandle === undefined) return undefined
  const flags: readonly unknown[] = Array.isArray(properties['Flags']) ? properties['Flags'] : []
  return {
    uuid,
    // The path carries the handle of the declaration; the value stands behind it.
    handle: Number.parseInt(declarationHandle, 16) + 1,
    properties: flags.flatMap((flag) => FLAGS.get(flag) ?? []),
  }
}

function uuidOf(properties: Properties): string | undefined {
  const uuid = properties['UUID']
  return typeof uuid === 'string' ? normalUuid(uuid) : undefined
}
