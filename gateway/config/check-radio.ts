/** Which keys of a Bluetooth device go together. */

import type { DeviceProtocol } from '../../devices/protocol.ts'
import type { DeviceConfig } from './config.ts'
import { finding, type Finding, type KeyPath } from './fault.ts'

export type BleDeviceConfig = Extract<DeviceConfig, { readonly link: 'ble' }>

const BLUEZ_KEYS = ['adapter', 'pair', 'passkeyFile', 'bond'] as const

export function checkRadio(
  path: KeyPath,
  device: BleDeviceConfig,
  protocols: readonly DeviceProtocol[],
): readonly Finding[] {
  if (device.radio === 'simulated') return checkSimulated(path, device)
  const findings = checkPairing(path, device, protocols)
  return device.air === undefined
    ? findings
    : [finding([...path, 'air'], "'air' is of the simulated radio; take it away"), ...findings]
}

function checkSimulated(path: KeyPath, device: BleDeviceConfig): readonly Finding[] {
  const foreign = BLUEZ_KEYS.filter((key) => device[key] !== undefined).map((key) =>
    finding([...path, key], `'${key}' is of the radio 'bluez'; take it away`),
  )
  return device.air === undefined
    ? [
        finding(path, '\'air\' is missing; add air: "./air" (directory of the simulated peripherals)'),
        ...foreign,
      ]
    : foreign
}

function checkPairing(
  path: KeyPath,
  { pair, passkeyFile, protocol }: BleDeviceConfig,
  protocols: readonly DeviceProtocol[],
): readonly Finding[] {
  if (pair === 'passkey' && passkeyFile === undefined)
    return [finding([...path, 'pair'], '\'passkeyFile\' is missing; add passkeyFile: "./passkey"')]
  if (pair !== 'passkey' && passkeyFile !== undefined)
    return [
      finding(
        [...path, 'passkeyFile'],
        'the passkey is used with pair: passkey alone; write that, or take it away',
      ),
    ]
  const link = protocols.find(({ id }) => id === protocol)?.link
  if (pair !== 'just-works' || link?.kind !== 'gatt' || link.security !== 'authenticated') return []
  return [
    finding(
      [...path, 'pair'],
      `${protocol} asks for an authenticated link, and just-works proves nothing; write passkey, or pair by hand and write bond: authenticated`,
    ),
  ]
}
