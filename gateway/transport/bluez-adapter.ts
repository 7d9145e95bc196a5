/** The Bluetooth adapter of this machine: which one, is it on, and who advertises near it. */

import { normalUuid } from '../../devices/framing/gatt-uuid.ts'
import type { Advertisement } from '../../devices/framing/air.ts'
import type { BluezSession } from './bluez-session.ts'
import { ADAPTER, DEVICE, type BluezTree, type Properties } from './bluez-tree.ts'
import { variant } from './dbus-values.ts'
import type { GattResult } from './gatt-central.ts'

/** The named adapter, or else the first one that is on. */
export function chooseAdapter(tree: BluezTree, name: string | undefined): GattResult<string> {
  const paths = tree.paths(ADAPTER)
  if (paths.length === 0) return { ok: false, reason: 'no-adapter' }
  const candidates = name === undefined ? paths : paths.filter((path) => path.endsWith(`/${name}`))
  if (candidates.length === 0) return { ok: false, reason: 'adapter-not-found' }
  const value = candidates.find((path) => isPowered(tree, path))
  return value === undefined ? { ok: false, reason: 'adapter-off' } : { ok: true, value }
}

/** Undefined while the adapter is as it should be. */
export function adapterFault(tree: BluezTree, path: string): string | undefined {
  if (tree.properties(path, ADAPTER) === undefined) return 'no-adapter'
  return isPowered(tree, path) ? undefined : 'adapter-off'
}

export function findDevice(tree: BluezTree, adapterPath: string, address: string): string | undefined {
  return devicesOf(tree, adapterPath).find(
    (path) => text(tree.properties(path, DEVICE)?.['Address']).toUpperCase() === address.toUpperCase(),
  )
}

/** Listens until `check` answers or the time is over, then lets the radio rest again. */
export async function discover<Value>(
  session: BluezSession,
  adapterPath: string,
  check: () => GattResult<Value> | undefined,
  durationMs: number,
): Promise<GattResult<Value> | undefined> {
  const on = { path: adapterPath, interface: ADAPTER, duty: 'scan' } as const
  // bluetoothd ends a search of its own accord when the client that began it leaves the bus.
  const filtered = await session.call({
    ...on,
    member: 'SetDiscoveryFilter',
    signature: 'a{sv}',
    body: [{ Transport: variant('s', 'le') }],
  })
  if (!filtered.ok) return filtered
  const started = await session.call({ ...on, member: 'StartDiscovery' })
  // Another client of ours may have begun a search; its results are for everyone.
  if (!started.ok && started.reason !== 'procedure-already-in-progress') return started
  const found = await session.until(() => {
    const fault = adapterFault(session.tree, adapterPath)
    return fault === undefined ? check() : { ok: false, reason: fault }
  }, durationMs)
  if (started.ok) await session.call({ ...on, member: 'StopDiscovery' })
  return found
}

/** Who was heard during the search: bluetoothd gives a signal strength to those alone. */
export function advertisements(tree: BluezTree, adapterPath: string): readonly Advertisement[] {
  return devicesOf(tree, adapterPath).flatMap(
    (path) => readAdvertisement(tree.properties(path, DEVICE)) ?? [],
  )
}

function readAdvertisement(device: Properties | undefined): Advertisement | undefined {
  const rssiDbm = device?.['RSSI']
  const address = text(device?.['Address'])
  if (device === undefined || typeof rssiDbm !== 'number' || address === '') return undefined
  const uuids: readonly unknown[] = Array.isArray(device['UUIDs']) ? device['UUIDs'] : []
  const appearance = device['Appearance']
  return {
    address: address.toUpperCase(),
    addressType: device['AddressType'] === 'random' ? 'random' : 'public',
    name: text(device['Name'] ?? device['Alias']),
    rssiDbm,
    services: uuids.flatMap((uuid) => normalUuid(text(uuid))?.toUpperCase() ?? []),
    ...(typeof appearance === 'number' && appearance > 0 && { appearance }),
  }
}

function devicesOf(tree: BluezTree, adapterPath: string): readonly string[] {
  return tree.paths(DEVICE).filter((path) => path.startsWith(`${adapterPath}/`))
}

function isPowered(tree: BluezTree, path: string): boolean {
  return tree.properties(path, ADAPTER)?.['Powered'] === true
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
