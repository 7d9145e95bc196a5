/** The open connections of the HTTPS side: whose they are, and what they are used for. */

import type { X509Certificate } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { ConnectionOrigin } from './secure-front.ts'

export interface WebConnection extends ConnectionOrigin {
  readonly socket: TLSSocket
  /** 'mqtt' from the upgrade on: the broker then decides when it ends. */
  use: 'http' | 'mqtt'
  /** Requests whose answer was begun. */
  answerCount: number
  /** Requests that were begun and not yet answered. */
  underWay: number
  /** The answer to the first of them, once it is at work. */
  response: ServerResponse | undefined
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
      answerCount: 0,
      underWay: 0,
      response: undefined,
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
