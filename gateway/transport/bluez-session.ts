/** A conversation with bluetoothd: its objects, calls to them, and waiting until they have changed. */

import type { Cancel, Clock } from '../clock.ts'
import { bluezReason, type BluezDuty } from './bluez-faults.ts'
import { createBluezTree, OBJECT_MANAGER, PROPERTIES, type BluezTree } from './bluez-tree.ts'
import { openDbus, type DbusConnection } from './dbus-connection.ts'
import type { DbusAnswer, DbusCall, DbusMessage, DbusReply } from './dbus-messages.ts'
import type { GattResult } from './gatt-central.ts'

export type BluezCall = Omit<DbusCall, 'destination' | 'timeoutMs'> & {
  readonly duty: BluezDuty
  readonly timeoutMs?: number
}

export type WatchReach = 'path' | 'path_namespace'

export interface BluezSession {
  readonly tree: BluezTree
  readonly call: (call: BluezCall) => Promise<GattResult<readonly unknown[]>>
  /** From now on the properties of an object are known, and those of everything below it when that is asked for. */
  readonly watch: (path: string, interfaceName: string, reach: WatchReach) => Promise<GattResult<undefined>>
  /** Asks `check` now and after every change, until it answers; undefined when the time is over. */
  readonly until: <Value>(
    check: () => GattResult<Value> | undefined,
    timeoutMs: number,
  ) => Promise<GattResult<Value> | undefined>
  /** Called after the tree has taken the change. */
  readonly onSignal: (hear: (signal: DbusMessage) => void) => void
  readonly onEnd: (hear: (reason: string) => void) => void
  /** Answers calls of bluetoothd to objects of ours. */
  readonly serve: (answer: ((call: DbusMessage) => DbusReply) | undefined) => void
  readonly close: () => void
}

export interface BluezOptions {
  readonly busAddress: string
  readonly clock: Clock
}

const BLUEZ = 'org.bluez'
const BUS = 'org.freedesktop.DBus'
const CALL_TIMEOUT_MS = 5_000

const NOT_SERVED: DbusReply = {
  ok: false,
  fault: { name: 'org.bluez.Error.Rejected', message: 'nothing is being paired' },
}

export async function openBluez(options: BluezOptions): Promise<GattResult<BluezSession>> {
  const tree = createBluezTree()
  const checks = new Set<() => void>()
  const signalHearers: ((signal: DbusMessage) => void)[] = []
  const endHearers: ((reason: string) => void)[] = []
  let serveCall: ((call: DbusMessage) => DbusReply) | undefined
  const known: { bus?: DbusConnection; owner?: string } = {}
  let endReason: string | undefined

  const end = (reason: string): void => {
    if (endReason !== undefined) return
    endReason = reason
    known.bus?.close()
    for (const check of checks) check()
    for (const hear of endHearers) hear(reason)
  }

  const hear = (signal: DbusMessage): void => {
    if (signal.sender === BUS && signal.member === 'NameOwnerChanged') {
      const [name, , newOwner] = signal.body
      if (known.owner !== undefined && name === BLUEZ && newOwner !== known.owner) end('bluetoothd-gone')
      // Nobody but bluetoothd is believed.
    } else if (signal.sender === known.owner) {
      tree.apply(signal)
      for (const listener of signalHearers) listener(signal)
      for (const check of checks) check()
    }
  }

  const opened = await openDbus(options, {
    onSignal: hear,
    onCall: (call) => (call.sender === known.owner ? (serveCall?.(call) ?? NOT_SERVED) : NOT_SERVED),
    onEnd: end,
  })
  if (!opened.ok) return opened
  known.bus = opened.value
  const { call } = opened.value

  const listen = (rule: string): Promise<GattResult<DbusAnswer & { ok: true }>> =>
    call({
      destination: BUS,
      path: '/org/freedesktop/DBus',
      interface: BUS,
      member: 'AddMatch',
      signature: 's',
      body: [rule],
      timeoutMs: CALL_TIMEOUT_MS,
    }).then((answer) => orReason(answer, 'setup'))

  const session: BluezSession = {
    tree,
    call: async ({ duty, timeoutMs = CALL_TIMEOUT_MS, ...request }) => {
      const answer = orReason(await call({ ...request, destination: BLUEZ, timeoutMs }), duty)
      if (endReason !== undefined) return { ok: false, reason: endReason }
      return answer.ok ? { ok: true, value: answer.value.body } : answer
    },
    watch: async (path, interfaceName, reach) => {
      const heard = await listen(
        `type='signal',sender='${BLUEZ}',interface='${PROPERTIES}',${reach}='${path}'`,
      )
      if (!heard.ok) return heard
      const all = await session.call({
        path,
        interface: PROPERTIES,
        member: 'GetAll',
        signature: 's',
        body: [interfaceName],
        duty: 'setup',
      })
      if (!all.ok) return all
      tree.set(path, interfaceName, all.value[0])
      return { ok: true, value: undefined }
    },
    until: (check, timeoutMs) =>
      new Promise((resolve) => {
        let cancelTimeout: Cancel = () => undefined
        const settle = (result: ReturnType<typeof check>): void => {
          cancelTimeout()
          checks.delete(look)
          resolve(result)
        }
        const look = (): void => {
          const result: ReturnType<typeof check> =
            endReason === undefined ? check() : { ok: false, reason: endReason }
          if (result !== undefined) settle(result)
        }
        checks.add(look)
        cancelTimeout = options.clock.after(timeoutMs, () => settle(undefined))
        look()
      }),
    onSignal: (listener) => signalHearers.push(listener),
    onEnd: (listener) => endHearers.push(listener),
    serve: (answer) => {
      serveCall = answer
    },
    close: () => {
      endReason ??= 'local-host-terminated'
      opened.value.close()
      for (const check of checks) check()
    },
  }

  const refuse = (reason: string): GattResult<BluezSession> => {
    session.close()
    return { ok: false, reason }
  }
  // Before the objects are asked for, or a change in between would be missed.
  for (const rule of [
    `type='signal',sender='${BUS}',member='NameOwnerChanged',arg0='${BLUEZ}'`,
    `type='signal',sender='${BLUEZ}',interface='${OBJECT_MANAGER}'`,
    `type='signal',sender='${BLUEZ}',interface='org.bluez.Device1',member='Disconnected'`,
  ]) {
    const listening = await listen(rule)
    if (!listening.ok) return refuse(listening.reason)
  }
  const managed = await call({
    destination: BLUEZ,
    path: '/',
    interface: OBJECT_MANAGER,
    member: 'GetManagedObjects',
    timeoutMs: CALL_TIMEOUT_MS,
  })
  const objects = orReason(managed, 'setup')
  if (!objects.ok) return refuse(objects.reason)
  known.owner = objects.value.sender
  tree.load(objects.value.body[0])
  return { ok: true, value: session }
}

function orReason(answer: DbusAnswer, duty: BluezDuty): GattResult<DbusAnswer & { ok: true }> {
  return answer.ok ? { ok: true, value: answer } : { ok: false, reason: bluezReason(answer.fault, duty) }
}
