/** From a configured device to the line that reaches it. */

import type { DeviceProtocol } from '../devices/protocol.ts'
import type { Clock } from './clock.ts'
import type { DeviceConfig } from './config/config.ts'
import { ConfigError } from './errors.ts'
import type { Log } from './log.ts'
import type { Link } from './ports.ts'
import { createGattLink } from './transport/gatt-link.ts'
import { createSerialLink } from './transport/serial-link.ts'
import { createSimulatedRadio } from './transport/simulated-radio.ts'
import { createTcpLink } from './transport/tcp-link.ts'
import { classifyAddress } from './uplink/address-class.ts'

export interface LinkContext {
  readonly clock: Clock
  readonly log: Log
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Where the locks of serial ports are kept. */
  readonly lockDir: string
}

/** The line is opened when the pipeline subscribes to it, not here. */
export function createDeviceLink(device: DeviceConfig, protocol: DeviceProtocol, context: LinkContext): Link {
  const log = context.log.child({ device: device.id })
  const { silenceMs } = protocol
  const common = { ...context, log, silenceMs }
  if (device.link === 'ble') {
    if (protocol.link.kind !== 'gatt') throw misfit(device, protocol)
    const { service, security } = protocol.link
    const central = createSimulatedRadio({ airDir: device.air, clock: context.clock })
    return createGattLink({ ...common, central, address: device.address, service, security })
  }
  if (protocol.link.kind !== 'serial') throw misfit(device, protocol)
  if (device.link === 'tcp') {
    return createTcpLink({ ...common, host: device.host, port: device.port, isAllowed: isNearby })
  }
  return createSerialLink({ ...common, path: device.path, line: protocol.link, lockDir: context.lockDir })
}

// The leg to a device server is not encrypted: it must not leave the building.
function isNearby(address: string): boolean {
  const { kind, embedding } = classifyAddress(address)
  return embedding === undefined && (kind === 'private' || kind === 'loopback' || kind === 'link-local')
}

function misfit(device: DeviceConfig, protocol: DeviceProtocol): ConfigError {
  return new ConfigError(`device '${device.id}': ${protocol.id} is not spoken over '${device.link}'`, {
    device: device.id,
  })
}
