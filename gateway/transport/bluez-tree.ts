/** The objects bluetoothd shows on the bus, kept up to date by its signals. */

import type { DbusMessage } from './dbus-messages.ts'
import { isFields } from './dbus-values.ts'

export type Properties = Readonly<Record<string, unknown>>

export const ADAPTER = 'org.bluez.Adapter1'
export const DEVICE = 'org.bluez.Device1'
export const SERVICE = 'org.bluez.GattService1'
export const CHARACTERISTIC = 'org.bluez.GattCharacteristic1'
export const OBJECT_MANAGER = 'org.freedesktop.DBus.ObjectManager'
export const PROPERTIES = 'org.freedesktop.DBus.Properties'

export interface BluezTree {
  /** Undefined when the object is not there or lacks the interface. */
  properties(path: string, interfaceName: string): Properties | undefined
  /** The objects that have the interface, hci2 before hci10. */
  paths(interfaceName: string): readonly string[]
  /** What GetManagedObjects answers. */
  load(managed: unknown): void
  /** What GetAll answers. */
  set(path: string, interfaceName: string, properties: unknown): void
  apply(signal: DbusMessage): void
}

// Anyone near may advertise under ever new addresses while a search runs.
const MOST_OBJECTS = 4_096

export function createBluezTree(): BluezTree {
  const objects = new Map<string, Map<string, Properties>>()

  const add = (path: string, interfaces: unknown): void => {
    if (!isFields(interfaces)) return
    const known = objects.get(path) ?? new Map<string, Properties>()
    if (!objects.has(path) && objects.size >= MOST_OBJECTS) return
    objects.set(path, known)
    for (const [name, properties] of Object.entries(interfaces))
      known.set(name, isFields(properties) ? properties : {})
  }

  const remove = (path: string, names: unknown): void => {
    if (!Array.isArray(names)) return
    const known = objects.get(path)
    for (const name of names) known?.delete(String(name))
    if (known?.size === 0) objects.delete(path)
  }

  const change = (path: string, [name, changed, invalidated]: readonly unknown[]): void => {
    const known = objects.get(path)
    if (known === undefined || typeof name !== 'string' || !isFields(changed)) return
    const gone: readonly unknown[] = Array.isArray(invalidated) ? invalidated : []
    const kept = Object.entries(known.get(name) ?? {}).filter(([key]) => !gone.includes(key))
    known.set(name, { ...Object.fromEntries(kept), ...changed })
  }

  return {
    properties: (path, interfaceName) => objects.get(path)?.get(interfaceName),
    paths: (interfaceName) =>
      [...objects.keys()].filter((path) => objects.get(path)?.has(interfaceName)).sort(byNumber),
    load: (managed) => {
      objects.clear()
      if (isFields(managed)) for (const [path, interfaces] of Object.entries(managed)) add(path, interfaces)
    },
    set: (path, interfaceName, properties) => add(path, { [interfaceName]: properties }),
    apply: ({ path, interface: name, member, body }) => {
      const [subject, detail] = body
      if (name === PROPERTIES && member === 'PropertiesChanged') change(path, body)
      else if (name !== OBJECT_MANAGER || typeof subject !== 'string') return
      else if (member === 'InterfacesAdded') add(subject, detail)
      else if (member === 'InterfacesRemoved') remove(subject, detail)
    },
  }
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
