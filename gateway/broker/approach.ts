/** The way of one connection to TLS: its first bytes are read, its handshake waits for its turn, begins, and ends in time. */

import type { Socket } from 'node:net'
import type { Cancel, Clock } from '../clock.ts'
import type { Counters, EventSink } from '../ports.ts'
import { classifyFirstBytes } from './first-bytes.ts'
import type { HandshakePacer, Leave } from './handshake-pacer.ts'

/** How long after its first byte a foreign client may take to say enough to be named. */
const NAMING_MS = 1_000

/** Less than the half minute after which clients commonly give up: a handshake begun for one of those is in vain. */
const QUEUE_MS = 20_000

/** A ClientHello is one or two KiB; no client sends more than a record before it is answered. */
const MAX_UNANSWERED_BYTES = 32 * 1024

/** A connection on its way through the door and the handshake. */
export interface Approach {
  readonly address: string
  readonly listener: string
  /** The deadline came before the end of the handshake. */
  isLate: boolean
  /** The handshake has ended, well or not: its deadline no longer applies. */
  settle(): void
}

export interface DoorOptions {
  readonly handshakeMs: number
  readonly clock: Clock
  readonly events: EventSink
  readonly counters: Counters
  readonly listener: string
  readonly pacer: HandshakePacer
  /** Holds the connection until its handshake has ended. */
  readonly unsettled: Set<Socket>
  readonly onHello: (socket: Socket, approach: Approach) => void
}

type Phase = 'reading' | 'waiting' | 'handshake' | 'over'

export function approachDoor(socket: Socket, options: DoorOptions): void {
  const { clock, listener, events, counters, handshakeMs, pacer, unsettled } = options
  const { remoteAddress = 'unknown', remotePort = 0 } = socket
  const address = `${remoteAddress}:${remotePort}`
  let pieces: Buffer[] = []
  let phase: Phase = 'reading'
  let cancelNaming: Cancel | undefined
  let leaveQueue: Leave | undefined

  const finish = (): void => {
    phase = 'over'
    pieces = []
    unsettled.delete(socket)
    cancelNaming?.()
    cancelDeadline()
    leaveQueue?.()
    socket.off('readable', read)
  }
  /** Closed in silence: zero bytes are sent. */
  const refuse = (event: string, detail: Readonly<Record<string, string>>): void => {
    if (phase === 'over') return
    finish()
    events.emit('security', event, { ...detail, address, listener })
    socket.destroy()
  }
  const refuseForeign = (what: string): void => {
    if (phase !== 'over') counters.count('plaintext_refused_total')
    refuse('plaintext-refused', { what })
  }
  const refuseWaiting = (reason: keyof typeof WAITED_IN_VAIN): void => {
    counters.count('handshake_refused_total')
    refuse('handshake-refused', { reason, meaning: WAITED_IN_VAIN[reason] })
  }
  /** Nothing more is to come: what is there decides. */
  const giveUp = (silence: string): void => {
    if (phase === 'waiting') refuseWaiting('left-while-waiting')
    if (phase !== 'reading') return
    const first = classifyFirstBytes(Buffer.concat(pieces))
    if (first.kind === 'undecided' && !first.isHello) refuseForeign(first.what)
    else refuse('no-client-hello', { what: pieces.length === 0 ? silence : 'unfinished ClientHello' })
  }
  const read = (): void => {
    for (let piece = readPiece(socket); piece !== undefined; piece = readPiece(socket)) pieces.push(piece)
    if (pieces.length === 0) return
    const bytes = Buffer.concat(pieces)
    pieces = [bytes]
    if (bytes.length > MAX_UNANSWERED_BYTES) refuse('no-client-hello', { what: 'more than a ClientHello' })
    if (phase !== 'reading') return
    const first = classifyFirstBytes(bytes)
    if (first.kind === 'foreign') refuseForeign(first.what)
    else if (first.kind === 'client-hello') wait()
    else if (!first.isHello) cancelNaming ??= clock.after(NAMING_MS, () => giveUp('silence'))
  }
  /** Reads on meanwhile: only so is it noticed that a client has left, and its handshake is not carried out for nobody. */
  const wait = (): void => {
    phase = 'waiting'
    cancelDeadline()
    cancelDeadline = clock.after(QUEUE_MS, () => refuseWaiting('queue-timeout'))
    leaveQueue = pacer.enter(remoteAddress, begin)
  }
  const begin = (): void => {
    // Destroyed a moment ago: 'close' follows.
    if (phase !== 'waiting' || socket.destroyed) return
    phase = 'handshake'
    cancelDeadline()
    cancelDeadline = clock.after(handshakeMs, () => {
      approach.isLate = true
      socket.destroy()
    })
    socket.off('readable', read)
    socket.unshift(Buffer.concat(pieces))
    pieces = []
    options.onHello(socket, approach)
  }

  let cancelDeadline = clock.after(handshakeMs, () => giveUp('silence'))
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

const WAITED_IN_VAIN = {
  'left-while-waiting': 'the client left before its handshake had its turn',
  'queue-timeout': 'too many handshakes were waiting; the client will try again',
} as const

function readPiece(socket: Socket): Buffer | undefined {
  const piece: unknown = socket.read()
  return Buffer.isBuffer(piece) ? piece : undefined
}
