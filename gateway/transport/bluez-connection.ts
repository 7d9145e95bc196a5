/** One link to a device that bluetoothd is connected to. */

import type { SecurityLevel } from '../../devices/framing/link-security.ts'
import type { Cancel, Clock } from '../clock.ts'
import { adapterFault } from './bluez-adapter.ts'
import { disconnectReason, type BluezDuty } from './bluez-faults.ts'
import { isBonded } from './bluez-security.ts'
import { readServices } from './bluez-services.ts'
import type { BluezCall, BluezSession } from './bluez-session.ts'
import { CHARACTERISTIC, DEVICE, PROPERTIES } from './bluez-tree.ts'
import { createBluezValues } from './bluez-values.ts'
import type { DbusMessage } from './dbus-messages.ts'
import { isFields, variant } from './dbus-values.ts'
import type { GattCharacteristic, GattConnection, GattListener, GattResult } from './gatt-central.ts'

export interface BluezLink {
  readonly session: BluezSession
  readonly adapterPath: string
  readonly devicePath: string
  readonly clock: Clock
  /** What is proven about the bond the device has now. */
  readonly security: (isConnected: boolean) => SecurityLevel
  readonly pair: () => Promise<GattResult<SecurityLevel>>
  /** The link is as protected as it will be, and about to be read. */
  readonly onUse: () => void
}

// The Attribute Protocol gives a request 30 s, and bluetoothd drops the link then.
const REQUEST_TIMEOUT_MS = 31_000

// Finding all services of a device takes some seconds the first time, and none from the cache.
const RESOLVE_TIMEOUT_MS = 30_000

// The reason of a disconnection is told in a signal of its own, right after the disconnection.
const REASON_DELAY_MS = 100

export function carryLink(link: BluezLink, listener: GattListener): GattConnection {
  const { session, adapterPath, devicePath, clock } = link
  let isOver = false
  let pathOf: ReadonlyMap<GattCharacteristic, string> = new Map()
  let cancelEnd: Cancel = () => undefined
  const values = createBluezValues((value) => {
    if (!isOver) listener.onValue(value)
  })

  const stop = (): void => {
    isOver = true
    cancelEnd()
    session.close()
  }
  const end = (reason: string): void => {
    if (isOver) return
    stop()
    listener.onClosed(reason)
  }

  const device = (): ReturnType<typeof session.tree.properties> => session.tree.properties(devicePath, DEVICE)
  let wasBonded = isBonded(device())

  const watchBond = (): void => {
    const isNowBonded = isBonded(device())
    if (isNowBonded === wasBonded) return
    wasBonded = isNowBonded
    listener.onSecurity(link.security(true))
  }

  const hear = (signal: DbusMessage): void => {
    if (isOver) return
    const fault = adapterFault(session.tree, adapterPath)
    if (fault !== undefined) end(fault)
    else if (device() === undefined) end('device-removed')
    else if (signal.path === devicePath && signal.member === 'Disconnected')
      end(disconnectReason(signal.body[0]))
    else if (device()?.['Connected'] !== true) {
      cancelEnd()
      cancelEnd = clock.after(REASON_DELAY_MS, () => end('disconnected'))
    } else {
      watchBond()
      hearValue(signal)
    }
  }

  const hearValue = ({ path, interface: name, body }: DbusMessage): void => {
    const [changedInterface, changed] = body
    if (name !== PROPERTIES || changedInterface !== CHARACTERISTIC || !isFields(changed)) return
    const bytes = changed['Value']
    if (bytes instanceof Uint8Array) values.changed(path, bytes)
  }

  session.onSignal(hear)
  session.onEnd(end)

  const ask = async (
    characteristic: GattCharacteristic,
    call: Omit<BluezCall, 'path' | 'interface'>,
  ): Promise<GattResult<readonly unknown[]>> => {
    const path = pathOf.get(characteristic)
    if (isOver || path === undefined) return { ok: false, reason: 'not-connected' }
    const answer = await session.call({
      ...call,
      path,
      interface: CHARACTERISTIC,
      timeoutMs: REQUEST_TIMEOUT_MS,
    })
    if (!answer.ok && answer.reason === 'att-timeout') end('att-timeout')
    return answer
  }

  return {
    get security() {
      return link.security(!isOver && device()?.['Connected'] === true)
    },
    pair: async () => (isOver ? { ok: false, reason: 'not-connected' } : link.pair()),
    discover: async () => {
      const resolved = await session.until<undefined>(() => {
        if (isOver || device()?.['Connected'] !== true) return { ok: false, reason: 'not-connected' }
        return device()?.['ServicesResolved'] === true ? { ok: true, value: undefined } : undefined
      }, RESOLVE_TIMEOUT_MS)
      if (resolved === undefined) return { ok: false, reason: 'services-not-resolved' }
      if (!resolved.ok) return resolved
      const found = readServices(session.tree, devicePath)
      pathOf = found.pathOf
      link.onUse()
      return { ok: true, value: found.services }
    },
    read: async (characteristic) => {
      const path = pathOf.get(characteristic) ?? ''
      values.readBegins(path)
      const answer = await ask(characteristic, {
        member: 'ReadValue',
        signature: 'a{sv}',
        body: [{}],
        duty: 'read',
      })
      const bytes = answer.ok ? answer.value[0] : undefined
      values.readEnds(path, bytes instanceof Uint8Array ? bytes : undefined)
      if (!answer.ok) return answer
      return bytes instanceof Uint8Array
        ? { ok: true, value: bytes }
        : { ok: false, reason: 'malformed-answer' }
    },
    write: async (characteristic, bytes) => {
      const body = [bytes, { type: variant('s', 'request') }]
      return nothing(
        await ask(characteristic, { member: 'WriteValue', signature: 'aya{sv}', body, duty: 'write' }),
      )
    },
    subscribe: async (characteristic) => {
      const path = pathOf.get(characteristic)
      if (path === undefined) return { ok: false, reason: 'not-connected' }
      if (!characteristic.properties.some((each) => each === 'notify' || each === 'indicate'))
        return { ok: false, reason: 'not-subscribable' }
      // The first value may come before the answer.
      values.subscribe(path, characteristic)
      const duty: BluezDuty = 'subscribe'
      const answer = nothing(await ask(characteristic, { member: 'StartNotify', duty }))
      if (!answer.ok) values.unsubscribe(path)
      return answer
    },
    disconnect: () => {
      if (isOver) return
      isOver = true
      cancelEnd()
      // Not waited for: the link is over for us, whatever the device says.
      void letGo(session, devicePath).then(() => session.close())
    },
  }
}

/** Ends the link, or an attempt at one. */
export async function letGo(session: BluezSession, devicePath: string): Promise<void> {
  await session.call({ path: devicePath, interface: DEVICE, member: 'Disconnect', duty: 'connect' })
}

function nothing(answer: GattResult<unknown>): GattResult<undefined> {
  return answer.ok ? { ok: true, value: undefined } : answer
}
