/**
 * `/mqtt`: MQTT over WebSocket for browsers. Who it is says the client certificate or the session of a person; what
 * comes in is then handed to the broker, which treats it like any other connection.
 */

import { STATUS_CODES, type IncomingMessage } from 'node:http'
import { WebSocketServer } from 'ws'
import type { Broker } from '../broker/aedes-broker.ts'
import type { EventSink, Identity } from '../ports.ts'
import type { WebConnection } from './connections.ts'
import { factsOf, pathOf, tellRefusal } from './http-facts.ts'
import type { WebLimits } from './limits.ts'
import { MqttSocket } from './mqtt-socket.ts'
import { requestFault, type OwnNames } from './request-rules.ts'
import type { WebClient } from './route.ts'
import { bareAnswer, STRICT_HEADERS } from './strict-headers.ts'

export const MQTT_PATH = '/mqtt'
// [MQTT-6.0.0-3], [MQTT-6.0.0-4]
const SUBPROTOCOL = 'mqtt'
// RFC 6455 4.1
const WEBSOCKET_VERSION = '13'
const KEY = /^[A-Za-z0-9+/]{22}==$/
/** The longest fixed header of MQTT. */
const FIXED_HEADER_BYTES = 5

export interface MqttDoorOptions {
  readonly broker: Pick<Broker, 'accept'>
  readonly own: () => OwnNames
  readonly clientOf: (connection: WebConnection, request: IncomingMessage) => WebClient | undefined
  readonly limits: WebLimits
  readonly events: EventSink
}

interface UpgradeFault {
  readonly status: number
  readonly reason: string
  readonly headers?: Readonly<Record<string, string>>
}

export type UpgradeMqtt = (request: IncomingMessage, connection: WebConnection, head: Buffer) => void

export function createMqttDoor(options: MqttDoorOptions): UpgradeMqtt {
  const { broker, events, limits } = options
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.packetBytes + FIXED_HEADER_BYTES,
    handleProtocols: () => SUBPROTOCOL,
  })
  server.on('headers', (headers) => {
    headers.push(...Object.entries(STRICT_HEADERS).map(([name, value]) => `${name}: ${value}`))
  })

  return (request, connection, head) => {
    const { socket, address, listener } = connection
    socket.on('error', () => undefined)
    const refuse = ({ status, reason, headers }: UpgradeFault): void => {
      tellRefusal(connection, events, 'websocket-refused', { reason })
      socket.write(bareAnswer(status, STATUS_CODES[status] ?? '', headers))
      socket.destroySoon()
    }
    const fault = upgradeFault(request, options.own())
    if (fault !== undefined) {
      refuse(fault)
      return
    }
    const client = options.clientOf(connection, request)
    if (client === undefined) return
    const identity = identityOf(client)
    if (identity === undefined) {
      refuse({ status: 401, reason: 'neither-certificate-nor-session' })
      return
    }
    const { role, id } = identity
    connection.use = 'mqtt'
    socket.setTimeout(0)
    server.handleUpgrade(request, socket, head, (ws) => {
      const stream = new MqttSocket(ws, (reason) => {
        events.emit('security', 'websocket-fault', { reason, role, id, address, listener })
      })
      const protocol = socket.getProtocol() ?? 'unknown'
      broker.accept(stream, { identity, address, listener, protocol, cipher: socket.getCipher().name })
    })
  }
}

/** A person who has logged in is who acts, also on a machine that has a certificate of its own. */
function identityOf({ person, certificate }: WebClient): Identity | undefined {
  return person ?? certificate?.identity
}

function upgradeFault(request: IncomingMessage, own: OwnNames): UpgradeFault | undefined {
  const { headers, method } = request
  const fault = requestFault(factsOf(request), own, true)
  if (fault !== undefined) return fault
  if (pathOf(request.url) !== MQTT_PATH) return { status: 404, reason: 'no-such-path' }
  if (method !== 'GET') return { status: 405, reason: 'method-not-allowed', headers: { allow: 'GET' } }
  if (headers.upgrade?.toLowerCase() !== 'websocket') return { status: 400, reason: 'not-websocket' }
  if (headers['sec-websocket-version'] !== WEBSOCKET_VERSION)
    return {
      status: 426,
      reason: 'websocket-version',
      headers: { 'sec-websocket-version': WEBSOCKET_VERSION, upgrade: 'websocket' },
    }
  if (!KEY.test(headers['sec-websocket-key'] ?? '')) return { status: 400, reason: 'websocket-key' }
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((word) => word.trim())
  if (!offered.includes(SUBPROTOCOL)) return { status: 400, reason: 'subprotocol-not-mqtt' }
  return undefined
}
