/** The open connections of the HTTPS side: whose they are, and what they are used for. */

import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { ConnectionOrigin } from './secure-front.ts'

export interface WebConnection extends ConnectionOrigin {
  readonly socket: TLSSocket
  /** 'mqtt' from the upgrade on: the broker then decides when it ends. */
  use: 'http' | 'mqtt'
  /** Requests that were begun and not yet answered. */
  underWay: number
  /** Ends when every request so far is answered: pipelined ones wait for each other. */
  tail: Promise<void>
}

export class WebConnections {
  readonly #bySocket = new Map<object, WebConnection>()

  add(socket: TLSSocket, origin: ConnectionOrigin): WebConnection {
    const connection: WebConnection = {
      ...origin,
      socket,
      use: 'http',
      underWay: 0,
      tail: Promise.resolve(),
    }
    this.#bySocket.set(socket, connection)
    socket.once('close', () => this.#bySocket.delete(socket))
    return connection
  }

  of(socket: object): WebConnection | undefined {
    return this.#bySocket.get(socket)
  }

  all(): readonly WebConnection[] {
    return [...this.#bySocket.values()]
  }
}

export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}
