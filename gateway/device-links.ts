/** From a configured device to the line that reaches it. */

import type { SecurityLevel } from '../devices/framing/link-security.ts'
import type { DeviceProtocol } from '../devices/protocol.ts'
import type { Clock } from './clock.ts'
import type { BleDeviceConfig } from './config/check-radio.ts'
import type { DeviceConfig } from './config/config.ts'
import { ConfigError } from './errors.ts'
import type { Log } from './log.ts'
import type { EventSink, Link } from './ports.ts'
import { createBluezRadio } from './transport/bluez-radio.ts'
import type { GattCentral } from './transport/gatt-central.ts'
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
  readonly events: EventSink
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
    const { service } = protocol.link
    const central = createCentral(device, context)
    const security = wantedSecurity(device, protocol.link.security)
    return createGattLink({ ...common, central, address: device.address, service, security })
  }
  if (protocol.link.kind !== 'serial') throw misfit(device, protocol)
  if (device.link === 'tcp') {
    return createTcpLink({ ...common, host: device.host, port: device.port, isAllowed: isNearby })
  }
  return createSerialLink({ ...common, path: device.path, line: protocol.link, lockDir: context.lockDir })
}

/** Whoever asks for a bond does not want to be read without one. */
function wantedSecurity({ pair = 'never' }: BleDeviceConfig, security: SecurityLevel): SecurityLevel {
  return pair !== 'never' && security === 'none' ? 'encrypted' : security
}

function createCentral(device: BleDeviceConfig, { clock, events }: LinkContext): GattCentral {
  const { radio, air, adapter, pair = 'never', passkeyFile, bond } = device
  if (radio === 'bluez')
    return createBluezRadio({
      clock,
      adapter,
      pairing: pair === 'never' ? undefined : { passkeyFile },
      isBondAuthenticated: bond === 'authenticated',
      onNotice: (notice, detail) => events.emit('security', notice, { device: device.id, ...detail }),
    })
  if (air === undefined)
    throw new ConfigError(`device '${device.id}': 'air' is missing`, { device: device.id })
  return createSimulatedRadio({ airDir: air, clock })
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
