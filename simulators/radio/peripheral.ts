/** A Bluetooth LE peripheral without a radio: advertises, pairs, and serves one central at a time. */

import { once } from 'node:events'
import type { Advertisement, AirMessage, DisconnectReason } from '../../devices/framing/air.ts'
import type { ClientConfiguration } from '../../devices/framing/att-declaration.ts'
import type { SecurityLevel } from '../../devices/framing/link-security.ts'
import type { Cancel, Clock } from '../../gateway/clock.ts'
import { listenOnAir, RadioError } from './air-socket.ts'
import { buildDatabase, valueHandle, type ServiceDefinition } from './gatt-database.ts'
import {
  createGattServer,
  type GattServer,
  type IndicationOutcome,
  type NotificationOutcome,
} from './gatt-server.ts'
import { openAirEnd, type AirEnd } from './peripheral-link.ts'

export interface PeripheralOptions {
  /** Where every peripheral and every central of this radio meet; made with mode 0700 when it is missing. */
  readonly airDir: string
  readonly address: string
  readonly name: string
  readonly appearance?: number
  readonly rssiDbm?: number
  readonly services: readonly ServiceDefinition[]
  /** What pairing with it achieves; 'none' refuses to pair. */
  readonly grants: SecurityLevel
  /** Has paired with this central before: its configuration is kept between connections. */
  readonly isBonded?: boolean
  /** A person has approved the central at the device. */
  readonly isAuthorized?: boolean
  /** The largest MTU it takes part in. */
  readonly mtu?: number
  readonly clock: Clock
  readonly onConnect?: () => void
  readonly onDisconnect?: (reason: DisconnectReason) => void
  /** `characteristic` is written as in the definition of an adopted one, e.g. '2A37'. */
  readonly onSubscribe?: (characteristic: string, configuration: ClientConfiguration) => void
}

export interface Peripheral {
  readonly isConnected: boolean
  readonly notify: (characteristic: string, value: Uint8Array) => NotificationOutcome
  readonly indicate: (characteristic: string, value: Uint8Array) => Promise<IndicationOutcome>
  readonly disconnect: (reason: DisconnectReason) => void
  /** Changes the protection of the link, as the loss of keys does. */
  readonly changeSecurity: (level: SecurityLevel) => void
  /** Out of reach without a word; the link ends by supervision time-out, then it can be reached again. */
  readonly goSilent: () => void
  /** Switches it off and removes its socket. */
  readonly stop: () => Promise<void>
}

const DEFAULT_RSSI_DBM = -60
const DEFAULT_PERIPHERAL_MTU = 247

// A usual supervision time-out of a link.
const SUPERVISION_TIMEOUT_MS = 6_000

interface Connection {
  readonly end: AirEnd
  readonly server: GattServer
  level: SecurityLevel
  /** As the peripheral's own controller will report it. */
  endReason: DisconnectReason
  cancelSupervision: Cancel
}

export async function startPeripheral(options: PeripheralOptions): Promise<Peripheral> {
  const attributes = buildDatabase(options.services)
  const ends = new Set<AirEnd>()
  let connection: Connection | undefined
  let isBonded = options.isBonded ?? false
  let configurations = new Map<number, ClientConfiguration>()

  const accept = (end: AirEnd): Connection => {
    if (!isBonded) configurations = new Map()
    const accepted: Connection = {
      end,
      level: 'none',
      endReason: 'connection-timeout',
      cancelSupervision: () => undefined,
      server: createGattServer({
        attributes,
        mtu: options.mtu ?? DEFAULT_PERIPHERAL_MTU,
        clock: options.clock,
        link: () => ({ level: accepted.level, isBonded, isAuthorized: options.isAuthorized ?? false }),
        configurations,
        send: end.sendAtt,
        onSubscribe: (uuid, configuration) => options.onSubscribe?.(uuid.toUpperCase(), configuration),
        onDead: () => leave('local-host-terminated'),
      }),
    }
    return accepted
  }

  const hear = (end: AirEnd, message: AirMessage): void => {
    const isLinked = connection?.end === end
    if (message.kind === 'scan' && connection === undefined) {
      end.tell({ kind: 'advertisement', advertisement: advertisementOf(options) })
    } else if (message.kind === 'connect' && connection === undefined) {
      connection = accept(end)
      end.tell({ kind: 'connected' })
      options.onConnect?.()
    } else if (!isLinked || connection === undefined) end.leave('not-advertising')
    else if (message.kind === 'pair') pair(connection)
    else if (message.kind === 'disconnect') {
      connection.endReason = message.reason
      end.vanish()
    } else end.leave('low-resources')
  }

  const pair = (current: Connection): void => {
    if (options.grants === 'none') {
      current.end.tell({ kind: 'paired', outcome: 'refused' })
      return
    }
    isBonded = true
    secure(current, options.grants)
    current.end.tell({ kind: 'paired', outcome: 'bonded' })
  }

  const secure = (current: Connection, level: SecurityLevel): void => {
    current.level = level
    current.end.tell({ kind: 'encryption', level })
  }

  const leave = (reason: DisconnectReason): void => {
    if (connection === undefined) return
    connection.endReason = reason
    connection.end.leave(reason)
  }

  const onClosed = (end: AirEnd): void => {
    ends.delete(end)
    if (connection?.end !== end) return
    const { server, endReason, cancelSupervision } = connection
    connection = undefined
    cancelSupervision()
    server.close()
    options.onDisconnect?.(endReason)
  }

  const listening = await listenOnAir(options.airDir, options.address, (socket) => {
    const end: AirEnd = openAirEnd(socket, {
      onMessage: (message) => hear(end, message),
      onAtt: (payload) => {
        if (connection?.end === end) connection.server.receive(payload)
      },
      onClosed: () => onClosed(end),
    })
    ends.add(end)
  })

  const handleOf = (characteristic: string): number => {
    const handle = valueHandle(attributes, characteristic)
    if (handle === undefined) throw new RadioError(`${options.name} has no characteristic ${characteristic}`)
    return handle
  }

  return {
    get isConnected() {
      return connection !== undefined
    },
    notify: (characteristic, value) =>
      connection?.server.notify(handleOf(characteristic), value) ?? 'not-subscribed',
    indicate: (characteristic, value) =>
      connection?.server.indicate(handleOf(characteristic), value) ?? Promise.resolve('disconnected'),
    disconnect: leave,
    changeSecurity: (level) => {
      if (connection !== undefined) secure(connection, level)
    },
    goSilent: () => {
      if (connection === undefined) return
      const { end } = connection
      end.goDeaf()
      connection.cancelSupervision = options.clock.after(SUPERVISION_TIMEOUT_MS, end.vanish)
    },
    stop: async () => {
      if (!listening.listening) return
      leave('power-off')
      for (const end of ends) end.leave('power-off')
      const isClosed = once(listening, 'close')
      listening.close()
      await isClosed
    },
  }
}

function advertisementOf(options: PeripheralOptions): Advertisement {
  return {
    address: options.address,
    // Peripherals without an address of the IEEE have a static random one.
    addressType: 'random',
    name: options.name,
    rssiDbm: options.rssiDbm ?? DEFAULT_RSSI_DBM,
    services: options.services.map(({ uuid }) => uuid),
    ...(options.appearance !== undefined && { appearance: options.appearance }),
  }
}
