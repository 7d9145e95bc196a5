/** The HTTPS side: the door and TLS, HTTP for the routes, WebSocket for MQTT. Others start it by this module alone. */

import { X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Broker } from '../broker/aedes-broker.ts'
import { throttleEvents } from '../broker/event-throttle.ts'
import type { Listener } from '../broker/listener.ts'
import { assertUsable, type TlsMaterial } from '../broker/tls-options.ts'
import type { Clock } from '../clock.ts'
import type { Counters, EventSink, Identity } from '../ports.ts'
import type { Identify } from '../security/identify.ts'
import type { TrustedTime } from '../security/trusted-time.ts'
import { fingerprintOf, WebConnections, type WebConnection } from './connections.ts'
import { createHttpDoor } from './http-door.ts'
import { whoOf } from './http-facts.ts'
import { WEB_LIMITS, type WebLimits } from './limits.ts'
import { createMqttDoor, MQTT_PATH } from './mqtt-door.ts'
import type { OwnNames } from './request-rules.ts'
import { createRouteTable } from './route-table.ts'
import type { Route, WebClient } from './route.ts'
import { openSecureFront, type WebListen } from './secure-front.ts'

type SessionOf = (cookieHeader: string | undefined, nowMs: number) => Identity | undefined

export interface WebServerOptions {
  readonly listen: readonly WebListen[]
  /** As that of the broker: the server's key and chain, the CAs of clients, their CRLs. */
  readonly material: TlsMaterial
  readonly identify: Identify
  /** By which dates are judged; absent: the wall clock. */
  readonly time?: TrustedTime | undefined
  readonly routes: readonly Route[]
  /** Serves MQTT over WebSocket. */
  readonly broker: Pick<Broker, 'accept'>
  /** Whose session a Cookie header holds; without it no person is ever there. */
  readonly sessionOf?: SessionOf | undefined
  /** Pages of other servers that may use this one, as `https://name:port`. */
  readonly allowedOrigins?: readonly string[]
  readonly events: EventSink
  readonly counters: Counters
  readonly clock: Clock
  readonly limits?: Partial<WebLimits>
}

export interface WebServer {
  /** Where it listens, with the ports that were taken. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
  /** New handshakes use the new material; open connections stay unless their certificate may no longer be used. */
  reload(material: TlsMaterial): void
  /** Ends the connections of a certificate, whatever they are used for; the number of them. */
  disconnect(fingerprint: string, reason: string): number
  /** Finishes what is being answered and closes the rest; sessions of MQTT end with the broker. */
  stop(): Promise<void>
}

export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const { clock, identify, broker, routes } = options
  const limits: WebLimits = { ...WEB_LIMITS, ...options.limits }
  assertUsable(options.material)
  const events = throttleEvents(options.events, clock)
  const connections = new WebConnections()
  const origins = (options.allowedOrigins ?? []).map((origin) => origin.toLowerCase())
  let own = ownNames(options.material, origins)

  const end = ({ socket, address, listener, certificate }: WebConnection, reason: string): void => {
    // The broker may have ended its session a moment ago, and told it.
    if (socket.destroyed) return
    events.emit('security', 'web-connection-ended', { reason, ...whoOf(certificate), address, listener })
    socket.destroy()
  }
  /** The certificate is judged at every request: it may have been revoked since the handshake, or have run out. */
  const clientOf = (connection: WebConnection, request: IncomingMessage): WebClient | undefined => {
    const { address, certificate: x509 } = connection
    const person = options.sessionOf?.(request.headers.cookie, clock.nowMs())
    if (x509 === undefined) return { address, certificate: undefined, person }
    const judged = identify(x509)
    if (judged.kind === 'identified')
      return { address, certificate: { identity: judged.identity, x509 }, person }
    end(connection, judged.reason)
    return undefined
  }

  const shared = { clientOf, own: () => own, limits, clock, events }
  const http = createHttpDoor({
    ...shared,
    findRoute: createRouteTable([...routes, UPGRADE_ONLY]),
    connectionOf: (socket) => connections.of(socket),
    onUpgrade: createMqttDoor({ ...shared, broker }),
  })
  const listeners: Listener[] = []
  const close = (): void => {
    for (const listener of listeners) listener.close()
    http.close()
  }
  try {
    for (const listen of options.listen)
      listeners.push(
        await openSecureFront({
          ...options,
          listen,
          limits,
          events,
          onConnection: (socket, origin) => {
            connections.add(socket, origin)
            http.take(socket)
          },
        }),
      )
  } catch (error) {
    close()
    events.close()
    throw error
  }

  const stop = async (): Promise<void> => {
    close()
    const open = connections.all().filter(({ use }) => use === 'http')
    const answered = open.map(async ({ tail, socket }) => {
      await tail
      socket.destroySoon()
    })
    await new Promise<void>((resolve) => {
      const cancel = clock.after(limits.stopMs, resolve)
      void Promise.all(answered).then(() => {
        cancel()
        resolve()
      })
    })
    for (const { socket, use } of connections.all()) if (use === 'http') socket.destroy()
    events.close()
  }
  let stopping: Promise<void> | undefined
  return {
    addresses: listeners.map(({ address }) => address),
    reload(material) {
      assertUsable(material)
      own = ownNames(material, origins)
      for (const listener of listeners) listener.reload(material)
      for (const connection of connections.all()) {
        const judged = connection.certificate === undefined ? undefined : identify(connection.certificate)
        // Who is revoked cannot be read: nobody new comes in, and nobody is ended for it.
        if (judged?.kind === 'refused' && judged.reason !== 'revocation-unknown')
          end(connection, judged.reason)
      }
    },
    disconnect(fingerprint, reason) {
      const held = connections
        .all()
        .filter(({ certificate }) => certificate !== undefined && fingerprintOf(certificate) === fingerprint)
      for (const connection of held) end(connection, reason)
      return held.length
    },
    async stop() {
      stopping ??= stop()
      await stopping
    },
  }
}

/** Whoever asks for the MQTT path as a page learns what it is for (RFC 9110 15.5.22). */
const UPGRADE_ONLY: Route = {
  method: 'GET',
  path: MQTT_PATH,
  bodyBytes: 0,
  handle: async () => ({ status: 426, headers: { upgrade: 'websocket' } }),
}

function ownNames({ cert }: TlsMaterial, origins: readonly string[]): OwnNames {
  return { certificate: new X509Certificate(cert), origins }
}
