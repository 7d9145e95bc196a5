/** Whether a device can be reached the way its row says. */

import type { DeviceProtocol } from '../../devices/protocol.ts'
import { readCallers } from '../uplink/allowed-ranges.ts'
import { checkAddress } from './check-address.ts'
import type { DeviceConfig, SerialDeviceConfig } from './config.ts'
import { finding, type Finding, type KeyPath } from './fault.ts'

/** The links over which a kind of device can be reached, the usual one first. */
const LINKS_OF_KIND: Readonly<Record<DeviceProtocol['link']['kind'], readonly DeviceConfig['link'][]>> = {
  serial: ['serial', 'tcp'],
  udp: ['udp'],
  'tcp-caller': ['tcp-listen'],
  gatt: ['ble'],
}

export function checkLink(path: KeyPath, device: DeviceConfig, protocol: DeviceProtocol): readonly Finding[] {
  const needed = LINKS_OF_KIND[protocol.link.kind]
  if (needed.includes(device.link)) return []
  return [
    finding(
      [...path, 'link'],
      `${device.protocol} does not run over ${device.link}; write ${needed.join(' or ')}`,
    ),
  ]
}

export function checkDeviceLine(path: KeyPath, device: DeviceConfig): readonly Finding[] {
  switch (device.link) {
    case 'serial':
      return checkSerial(path, device)
    case 'tcp':
    case 'udp':
      return checkNearby([...path, 'host'], device.host)
    case 'tcp-listen':
      return [...checkNearby([...path, 'host'], device.host), ...checkCallers([...path, 'from'], device.from)]
    case 'ble':
      return []
    default:
      return device satisfies never
  }
}

function checkNearby(path: KeyPath, host: string): readonly Finding[] {
  return checkAddress(path, host, ['loopback', 'private', 'link-local'])
}

function checkCallers(path: KeyPath, from: readonly string[]): readonly Finding[] {
  return from.flatMap((text, index) => {
    const reading = readCallers(text)
    return reading.allowed ? [] : [finding([...path, index], reading.detail)]
  })
}

function checkSerial(path: KeyPath, { path: port, paths = [], identity }: SerialDeviceConfig) {
  const findings: Finding[] = []
  if (port === undefined && paths.length === 0)
    findings.push(
      finding(path, '\'path\' is missing; add path: "/dev/ttyUSB0" (Terminal device of the line)'),
    )
  if (paths.length > 0 && identity === undefined)
    findings.push(
      finding(
        path,
        "'identity' is missing; with 'paths' the device is known by it alone: add identity: and what the device calls itself",
      ),
    )
  for (const [index, pattern] of paths.entries())
    if (/[*?].*\//.test(pattern))
      findings.push(
        finding(
          [...path, 'paths', index],
          `'${pattern}' has a wildcard in a directory; write * and ? in the last part alone, e.g. /dev/ttyUSB*`,
        ),
      )
  if (port !== undefined && /[*?]/.test(port))
    findings.push(
      finding([...path, 'path'], `'${port}' is a pattern; write it under paths:, together with identity:`),
    )
  return findings
}
