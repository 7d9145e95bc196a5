/**
 * The door before TLS. It reads the first bytes of each connection before a single byte is answered: a ClientHello waits
 * for its turn and goes on to TLS, anything else is closed in silence and named once, with its origin. TLS by itself
 * would answer an alert.
 */

import { createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import type { Counters, EventSink } from '../ports.ts'
import { createAddressQuota } from './address-quota.ts'
import { approachDoor, type Approach } from './approach.ts'
import { createHandshakePacer } from './handshake-pacer.ts'
import { HANDSHAKE_PACE, shareOfOneAddress } from './limits.ts'
import { farEnd } from './nearby.ts'

/** A far end that has vanished without a word is noticed after some fifteen seconds: Node sends ten probes, one a second. */
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 5_000 }

export type { Approach } from './approach.ts'

export interface FrontOptions {
  /** For the ClientHello to come, and again for the handshake once it has begun. */
  readonly handshakeMs: number
  readonly connections: number
  /** Absent: a share of all connections that leaves room for other addresses. */
  readonly connectionsPerAddress?: number
  readonly clock: Clock
  readonly events: EventSink
  readonly counters: Counters
  /** Named in events: the listener as configured. */
  readonly listener: string
  /** Takes over a connection whose first record is a ClientHello. */
  readonly onHello: (socket: Socket, approach: Approach) => void
}

export interface Front {
  readonly server: Server
  /** Accepts no more, and ends what has not come through the handshake. */
  close(): void
}

export function createFront(options: FrontOptions): Front {
  const { events, listener, clock, connections } = options
  const unsettled = new Set<Socket>()
  const quota = createAddressQuota(options.connectionsPerAddress ?? shareOfOneAddress(connections))
  const pacer = createHandshakePacer({ ...HANDSHAKE_PACE, clock, later: setImmediate })
  const server = createServer({ ...KEEP_ALIVE, noDelay: true, allowHalfOpen: false }, (socket) => {
    pacer.announce()
    const far = farEnd(socket)
    if (far !== undefined) {
      events.emit('security', 'public-network-refused', { address: far, listener })
      socket.destroy()
      return
    }
    const { remoteAddress = 'unknown', remotePort = 0 } = socket
    if (!quota.take(remoteAddress)) {
      const address = `${remoteAddress}:${remotePort}`
      events.emit('security', 'address-connection-limit', { address, limit: quota.limit, listener })
      socket.destroy()
      return
    }
    socket.once('close', () => quota.giveBack(remoteAddress))
    approachDoor(socket, { ...options, pacer, unsettled })
  })
  server.maxConnections = connections
  server.on('drop', (dropped) => {
    const address = `${dropped?.remoteAddress ?? 'unknown'}:${dropped?.remotePort ?? 0}`
    events.emit('security', 'connection-limit', { address, limit: connections, listener })
  })
  return {
    server,
    close() {
      server.close()
      for (const socket of unsettled) socket.destroy()
    },
  }
}
