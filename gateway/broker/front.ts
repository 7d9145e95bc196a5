/**
 * The door before TLS. It reads the first bytes of each connection before a single byte is answered: a ClientHello goes
 * on to TLS, anything else is closed in silence and named once, with its origin. TLS by itself would answer an alert.
 */

import { createServer, type Server, type Socket } from 'node:net'
import type { Cancel, Clock } from '../clock.ts'
import type { Counters, EventSink } from '../ports.ts'
import { classifyFirstBytes } from './first-bytes.ts'
import { farEnd } from './nearby.ts'

/** How long after its first byte a foreign client may take to say enough to be named. */
const NAMING_MS = 1_000

/** A far end that has vanished without a word is noticed after some fifteen seconds: Node sends ten probes, one a second. */
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 5_000 }

/** A connection on its way through the door and the handshake. */
export interface Approach {
  readonly address: string
  readonly listener: string
  /** The deadline came before the end of the handshake. */
  isLate: boolean
  /** The handshake has ended, well or not: its deadline no longer applies. */
  settle(): void
}

export interface FrontOptions {
  readonly handshakeMs: number
  readonly connections: number
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
  const unsettled = new Set<Socket>()
  const server = createServer({ ...KEEP_ALIVE, noDelay: true, allowHalfOpen: false }, (socket) => {
    const far = farEnd(socket)
    if (far === undefined) {
      receive(socket, options, unsettled)
      return
    }
    options.events.emit('security', 'public-network-refused', { address: far, listener: options.listener })
    socket.destroy()
  })
  server.maxConnections = options.connections
  server.on('drop', (dropped) => {
    const address = `${dropped?.remoteAddress ?? 'unknown'}:${dropped?.remotePort ?? 0}`
    options.events.emit('security', 'connection-limit', { address, listener: options.listener })
  })
  return {
    server,
    close() {
      server.close()
      for (const socket of unsettled) socket.destroy()
    },
  }
}

function receive(socket: Socket, options: FrontOptions, unsettled: Set<Socket>): void {
  const { clock, listener, events, counters, onHello } = options
  const address = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`
  const pieces: Buffer[] = []
  let phase: 'reading' | 'handshake' | 'over' = 'reading'
  let cancelNaming: Cancel | undefined

  const finish = (): void => {
    phase = 'over'
    unsettled.delete(socket)
    cancelNaming?.()
    cancelDeadline()
    socket.off('readable', read)
  }
  /** Closed in silence: zero bytes are sent. */
  const refuse = (event: 'plaintext-refused' | 'no-client-hello', what: string): void => {
    if (phase === 'over') return
    finish()
    if (event === 'plaintext-refused') counters.count('plaintext_refused_total')
    events.emit('security', event, { what, address, listener })
    socket.destroy()
  }
  /** Nothing more is to come: what is there decides. */
  const giveUp = (silence: string): void => {
    if (phase !== 'reading') return
    const first = classifyFirstBytes(Buffer.concat(pieces))
    if (first.kind === 'undecided' && !first.isHello) refuse('plaintext-refused', first.what)
    else refuse('no-client-hello', pieces.length === 0 ? silence : 'unfinished ClientHello')
  }
  const read = (): void => {
    for (let piece = readPiece(socket); piece !== undefined; piece = readPiece(socket)) pieces.push(piece)
    if (phase !== 'reading' || pieces.length === 0) return
    const bytes = Buffer.concat(pieces)
    pieces.splice(0, pieces.length, bytes)
    const first = classifyFirstBytes(bytes)
    if (first.kind === 'foreign') refuse('plaintext-refused', first.what)
    else if (first.kind === 'undecided') {
      if (!first.isHello) cancelNaming ??= clock.after(NAMING_MS, () => giveUp('silence'))
    } else {
      phase = 'handshake'
      socket.off('readable', read)
      socket.unshift(bytes)
      onHello(socket, approach)
    }
  }

  const cancelDeadline = clock.after(options.handshakeMs, () => {
    giveUp('silence')
    approach.isLate = true
    socket.destroy()
  })
  const approach: Approach = { address, listener, isLate: false, settle: finish }
  unsettled.add(socket)
  // A reset by the peer is its way of leaving; 'close' follows and decides.
  socket.on('error', () => undefined)
  socket.once('end', () => giveUp('closed before its first byte'))
  socket.once('close', () => {
    giveUp('closed before its first byte')
    finish()
  })
  socket.on('readable', read)
}

function readPiece(socket: Socket): Buffer | undefined {
  const piece: unknown = socket.read()
  return Buffer.isBuffer(piece) ? piece : undefined
}
