/** From the configured devices to what the bedside part runs: protocol, line, memory. */

import { join } from 'node:path'
import { protocolById } from '../devices/registry.ts'
import type { BedsideConfig, DeviceConfig } from './config/config.ts'
import { createDeviceLink, type LinkContext } from './device-links.ts'
import { openDriverMemory } from './driver-memory.ts'
import { InvariantError } from './errors.ts'
import type { BedsideDevice } from './pipeline.ts'

export interface BedsideDevicesOptions extends Omit<LinkContext, 'lockDir' | 'reservedPaths'> {
  readonly stateDir: string
}

export function bedsideDevices(
  bedside: BedsideConfig,
  { stateDir, ...options }: BedsideDevicesOptions,
): readonly BedsideDevice[] {
  const lockDir = join(stateDir, 'locks')
  return bedside.devices.map((device): BedsideDevice => {
    const protocol = protocolById(device.protocol)
    if (protocol === undefined)
      throw new InvariantError(`protocol '${device.protocol}' passed the configuration check`)
    return {
      id: device.id,
      parts: device.parts,
      protocol,
      linkName: device.link,
      ...createDeviceLink(device, protocol, {
        ...options,
        lockDir,
        reservedPaths: reservedFor(device, bedside.devices),
      }),
      memory: openDriverMemory({ ...options, device: device.id, directory: join(stateDir, 'memory') }),
      ...portOf(device),
    }
  })
}

/** Where the other devices stand that are read from one terminal alone. */
function reservedFor(device: DeviceConfig, all: readonly DeviceConfig[]): readonly string[] {
  return all.flatMap((other) =>
    other.id !== device.id && other.link === 'serial' && other.paths === undefined && other.path !== undefined
      ? [other.path]
      : [],
  )
}

function portOf(device: DeviceConfig): Pick<BedsideDevice, 'port'> {
  const port = device.link === 'serial' ? (device.path ?? device.paths?.[0]) : undefined
  return port === undefined ? {} : { port }
}
