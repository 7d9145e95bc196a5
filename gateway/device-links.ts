/** From a configured device to the line that reaches it. */

import type { SecurityLevel } from '../devices/framing/link-security.ts'
import type { DeviceProtocol, SerialLine } from '../devices/protocol.ts'
import type { Clock } from './clock.ts'
import type { BleDeviceConfig } from './config/check-radio.ts'
import type { DeviceConfig, SerialDeviceConfig } from './config/config.ts'
import { ConfigError } from './errors.ts'
import type { Log } from './log.ts'
import type { EventSink, Link } from './ports.ts'
import type { ExpectedIdentity } from './stages/require-identity.ts'
import { createBluezRadio } from './transport/bluez-radio.ts'
import type { ByteLinkOptions } from './transport/byte-link.ts'
import type { GattCentral } from './transport/gatt-central.ts'
import { createGattLink } from './transport/gatt-link.ts'
import { createRoamingLink } from './transport/roaming-link.ts'
import { createSerialLink } from './transport/serial-link.ts'
import { createSimulatedRadio } from './transport/simulated-radio.ts'
import { createTcpLink } from './transport/tcp-link.ts'
import { createTcpListenLink } from './transport/tcp-listen-link.ts'
import { terminalsNamed } from './transport/terminal-names.ts'
import { createUdpLink } from './transport/udp-link.ts'
import { classifyAddress } from './uplink/address-class.ts'
import { readCallers } from './uplink/allowed-ranges.ts'

export interface LinkContext {
  readonly clock: Clock
  readonly log: Log
  readonly events: EventSink
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Where the locks of serial ports are kept. */
  readonly lockDir: string
  /** Terminals on which other devices stand for good: nobody is looked for there. */
  readonly reservedPaths: readonly string[]
}

export interface DeviceLine {
  readonly link: Link
  readonly identity?: ExpectedIdentity
}

/** The line is opened when the pipeline subscribes to it, not here. */
export function createDeviceLink(
  device: DeviceConfig,
  protocol: DeviceProtocol,
  context: LinkContext,
): DeviceLine {
  const { link } = protocol
  const log = context.log.child({ device: device.id })
  const common = { ...context, log, silenceMs: protocol.silenceMs }
  if (device.link === 'ble' && link.kind === 'gatt') {
    const { service } = link
    const central = createCentral(device, context)
    const security = wantedSecurity(device, link.security)
    return { link: createGattLink({ ...common, central, address: device.address, service, security }) }
  }
  if (device.link === 'serial' && link.kind === 'serial')
    return serialLine(device, { ...link, ...device.line }, common)
  if (device.link === 'tcp' && link.kind === 'serial')
    return {
      link: createTcpLink({ ...common, host: device.host, port: device.port, isAllowed: isNearby }),
    }
  if (device.link === 'udp' && link.kind === 'udp') {
    const port = device.port ?? link.port
    return { link: createUdpLink({ ...common, host: device.host, port, isAllowed: isNearby }) }
  }
  if (device.link === 'tcp-listen' && link.kind === 'tcp-caller') {
    const { id, host, port } = device
    const from = device.from.map(readCallers).flatMap((reading) => (reading.allowed ? [reading.range] : []))
    const onRefused = (reason: string, address: string): void =>
      context.events.emit('security', 'caller-refused', { device: id, reason, address })
    return { link: createTcpListenLink({ ...common, host, port, from, isAllowed: isNearby, onRefused }) }
  }
  throw new ConfigError(`device '${device.id}': ${protocol.id} is not spoken over '${device.link}'`, {
    device: device.id,
  })
}

function serialLine(
  { path, paths, identity: value }: SerialDeviceConfig,
  line: SerialLine,
  common: ByteLinkOptions & Pick<LinkContext, 'lockDir' | 'reservedPaths'>,
): DeviceLine {
  const openAt = (at: string): Link => createSerialLink({ ...common, path: at, line })
  if (paths === undefined) {
    const link = openAt(path ?? '')
    return value === undefined ? { link } : { link, identity: { value, untold: 'wait' } }
  }
  const names = path === undefined ? paths : [path, ...paths]
  const link = createRoamingLink({
    ...common,
    candidates: () => terminalsNamed(names, common.reservedPaths),
    openAt,
  })
  return {
    link,
    ...(value !== undefined && { identity: { value, untold: 'seek', recognised: () => link.recognised() } }),
  }
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
