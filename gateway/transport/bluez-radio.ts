/** A Bluetooth LE central on the adapter of this machine: bluetoothd keeps the keys, we ask it over D-Bus. */

import type { Clock } from '../clock.ts'
import { ConfigError } from '../errors.ts'
import { adapterFault, advertisements, chooseAdapter, discover, findDevice } from './bluez-adapter.ts'
import { carryLink, letGo } from './bluez-connection.ts'
import { makeBond, type PairingOptions } from './bluez-pairing.ts'
import { isBonded, provenSecurity } from './bluez-security.ts'
import { openBluez, type BluezSession, type WatchReach } from './bluez-session.ts'
import { ADAPTER, DEVICE } from './bluez-tree.ts'
import type { GattCentral, GattConnection, GattListener, GattResult } from './gatt-central.ts'

/** What is never done or believed without a word. */
type BluezNotice = 'paired' | 'bond-taken-as-authenticated' | 'link-not-encrypted'

export interface BluezRadioOptions {
  readonly clock: Clock
  /** `hci0`; the first adapter that is on when absent. */
  readonly adapter?: string | undefined
  /** How to pair; a device without bond stays as it is when absent. */
  readonly pairing?: PairingOptions | undefined
  /** The operator has verified that the bond was made with passkey or comparison. */
  readonly isBondAuthenticated?: boolean | undefined
  readonly onNotice: (notice: BluezNotice, detail: Readonly<Record<string, string>>) => void
  /** A `unix:` address; the system bus of this machine when absent. */
  readonly busAddress?: string | undefined
}

const SYSTEM_BUS = 'unix:path=/run/dbus/system_bus_socket'

const SCAN_MS = 8_000
const SEARCH_MS = 15_000
// bluetoothd itself gives up after some 20 s.
const CONNECT_TIMEOUT_MS = 25_000
const CONNECTED_TIMEOUT_MS = 5_000

interface Found {
  readonly session: BluezSession
  readonly adapterPath: string
  readonly devicePath: string
}

export function createBluezRadio(options: BluezRadioOptions): GattCentral {
  const { clock, adapter, pairing, onNotice, isBondAuthenticated = false } = options
  const busAddress = options.busAddress ?? process.env['DBUS_SYSTEM_BUS_ADDRESS'] ?? SYSTEM_BUS
  // Other kinds run a command, or carry readings and keys over a network.
  if (!/^unix:(path|abstract)=[^,;:]+$/.test(busAddress))
    throw new ConfigError(`the address of the system bus is '${busAddress}': write it like ${SYSTEM_BUS}`)
  /** Addresses whose present bond was made by us with a passkey. */
  const proven = new Set<string>()

  const open = async (reach: WatchReach): Promise<GattResult<Omit<Found, 'devicePath'>>> => {
    const opened = await openBluez({ busAddress, clock })
    if (!opened.ok) return opened
    const session = opened.value
    const chosen = chooseAdapter(session.tree, adapter)
    const watching = chosen.ok ? await session.watch(chosen.value, ADAPTER, reach) : chosen
    if (chosen.ok && watching.ok) return { ok: true, value: { session, adapterPath: chosen.value } }
    session.close()
    return { ok: false, reason: watching.ok ? 'no-adapter' : watching.reason }
  }

  const establish = async (found: Found): Promise<GattResult<Found>> => {
    const { session, adapterPath, devicePath } = found
    // Not the whole adapter: the values of the neighbours are none of ours.
    const watching = await session.watch(devicePath, DEVICE, 'path_namespace')
    if (!watching.ok) return watching
    const device = session.tree.properties(devicePath, DEVICE)
    if (device?.['Blocked'] === true) return { ok: false, reason: 'device-blocked' }
    const connected = await session.call({
      path: devicePath,
      interface: DEVICE,
      member: 'Connect',
      duty: 'connect',
      timeoutMs: CONNECT_TIMEOUT_MS,
    })
    if (!connected.ok && connected.reason !== 'already-connected') {
      if (connected.reason === 'connect-timeout') await letGo(session, devicePath)
      return connected
    }
    const shown = await session.until<Found>(() => {
      const fault = adapterFault(session.tree, adapterPath)
      if (fault !== undefined) return { ok: false, reason: fault }
      const isConnected = session.tree.properties(devicePath, DEVICE)?.['Connected'] === true
      return isConnected ? { ok: true, value: found } : undefined
    }, CONNECTED_TIMEOUT_MS)
    return shown ?? { ok: false, reason: 'connect-failed' }
  }

  const carry = (found: Found, address: string, listener: GattListener): GattConnection => {
    const { session, devicePath } = found
    const hasBond = (): boolean => isBonded(session.tree.properties(devicePath, DEVICE))
    // A bond that comes back was made by somebody else.
    const forgetLostBond = (): void => {
      if (!hasBond()) proven.delete(address)
    }
    forgetLostBond()
    const security = (isConnected: boolean): ReturnType<typeof provenSecurity> => {
      forgetLostBond()
      const isPasskeyProven = proven.has(address)
      return provenSecurity({
        isConnected,
        isBonded: hasBond(),
        isPasskeyProven,
        isStatedAuthenticated: isBondAuthenticated,
      })
    }
    let isTold = false
    return carryLink(
      {
        ...found,
        clock,
        security,
        onUse: () => {
          if (isTold) return
          isTold = true
          if (security(true) === 'none') onNotice('link-not-encrypted', { address })
          else if (isBondAuthenticated && !proven.has(address))
            onNotice('bond-taken-as-authenticated', { address })
        },
        pair: async () => {
          // A link protects itself with the bond there is; more than that cannot be proven.
          if (hasBond()) return { ok: false, reason: 'bond-not-authenticated' }
          if (pairing === undefined) return { ok: false, reason: 'not-bonded' }
          const bond = await makeBond(session, devicePath, pairing)
          if (!bond.ok) return bond
          if (bond.value.isPasskeyProven) proven.add(address)
          onNotice('paired', { address, proof: bond.value.isPasskeyProven ? 'passkey' : 'none' })
          return { ok: true, value: security(true) }
        },
      },
      listener,
    )
  }

  return {
    async scan() {
      const opened = await open('path_namespace')
      if (!opened.ok) return opened
      const { session, adapterPath } = opened.value
      const fault = await discover(session, adapterPath, () => undefined, SCAN_MS)
      const value = advertisements(session.tree, adapterPath)
      session.close()
      return fault === undefined ? { ok: true, value } : { ok: false, reason: failure(fault) }
    },
    async connect(address, listener) {
      const opened = await open('path')
      if (!opened.ok) return opened
      const { session, adapterPath } = opened.value
      const look = (): GattResult<string> | undefined => {
        const value = findDevice(session.tree, adapterPath, address)
        return value === undefined ? undefined : { ok: true, value }
      }
      const device = look() ?? (await discover(session, adapterPath, look, SEARCH_MS))
      const established = device?.ok
        ? await establish({ session, adapterPath, devicePath: device.value })
        : device
      if (established?.ok) return { ok: true, value: carry(established.value, address, listener) }
      session.close()
      return { ok: false, reason: established === undefined ? 'not-in-range' : failure(established) }
    },
  }
}

function failure(result: GattResult<unknown>): string {
  return result.ok ? 'unlikely-error' : result.reason
}
