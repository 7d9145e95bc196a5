/** What may stand in a configuration once only: ids, lines, ports. */

import type { ConfigFile } from './config.schema.ts'
import { finding, type Finding, type KeyPath } from './fault.ts'

/** A value and the key that holds it. */
interface Entry {
  readonly value: string
  readonly path: KeyPath
}

const ENTRIES: Readonly<Record<string, (config: ConfigFile) => readonly Entry[]>> = {
  device: ({ bedside }) =>
    (bedside?.devices ?? []).flatMap(({ id, parts = {} }, index) => [
      { value: id, path: devicePath(index, 'id') },
      ...Object.entries(parts).map(([part, value]) => ({
        value,
        path: [...devicePath(index, 'parts'), part],
      })),
    ]),
  line: ({ bedside }) =>
    (bedside?.devices ?? []).flatMap((device, index) =>
      device.link === 'serial' && device.path !== undefined
        ? [{ value: device.path, path: devicePath(index, 'path') }]
        : [],
    ),
  'device server port': ({ bedside }) =>
    (bedside?.devices ?? []).flatMap((device, index) =>
      device.link === 'tcp' ? [{ value: endpoint(device), path: devicePath(index, 'port') }] : [],
    ),
  'device address': ({ bedside }) =>
    (bedside?.devices ?? []).flatMap((device, index) =>
      device.link === 'udp' ? [{ value: udpEndpoint(device), path: devicePath(index, 'host') }] : [],
    ),
  'Bluetooth address': ({ bedside }) =>
    (bedside?.devices ?? []).flatMap((device, index) =>
      device.link === 'ble' ? [{ value: device.address, path: devicePath(index, 'address') }] : [],
    ),
  uplink: ({ uplinks }) => uplinks.map(({ id }, index) => ({ value: id, path: ['uplinks', index, 'id'] })),
  'listening address': ({ broker, web, bedside, health }) =>
    [
      ...(bedside?.devices ?? []).flatMap((device, index) =>
        device.link === 'tcp-listen' ? [{ listen: device, path: devicePath(index, 'port') }] : [],
      ),
      ...(broker?.listen ?? []).map((listen, index) => ({
        listen,
        path: ['broker', 'listen', index, 'port'],
      })),
      ...(web?.listen ?? []).map((listen, index) => ({ listen, path: ['web', 'listen', index, 'port'] })),
      ...(health === undefined ? [] : [{ listen: health, path: ['health', 'port'] }]),
    ].flatMap(({ listen, path }) => (listen.port === 0 ? [] : [{ value: endpoint(listen), path }])),
}

export function checkRepeats(config: ConfigFile): readonly Finding[] {
  return Object.entries(ENTRIES).flatMap(([what, entriesOf]) => {
    const entries = entriesOf(config)
    return entries
      .filter(({ value }, index) => entries.findIndex((other) => other.value === value) < index)
      .map(({ value, path }) =>
        finding(path, `${what} ${value} stands in the file already; each may stand there once`),
      )
  })
}

function devicePath(index: number, key: string): KeyPath {
  return ['bedside', 'devices', index, key]
}

function udpEndpoint({ host, port }: { readonly host: string; readonly port?: number }): string {
  return port === undefined ? host : endpoint({ host, port })
}

function endpoint({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host} port ${port}`
}
