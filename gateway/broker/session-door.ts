/** Where proved connections become sessions, whichever listener they came through, and where sessions are ended. */

import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'
import type { BrokerRules, EventSink } from '../ports.ts'
import { endingOf, type StandingOf } from '../security/standing.ts'
import type { AedesClient } from './aedes-client.ts'
import { awaitConnect } from './connect-deadline.ts'
import { ExpiryTimer } from './expiry-timer.ts'
import { PacketGuard } from './packet-guard.ts'
import { Session, type SessionView } from './session.ts'
import type { Sessions } from './sessions.ts'

/** Also for a wall clock that was set, which no timer notices. */
const SWEEP_MS = 60_000

export interface SessionDoorOptions {
  readonly sessions: Sessions
  readonly rules: Pick<BrokerRules, 'mayConnect'>
  readonly standingOf: StandingOf
  readonly events: EventSink
  readonly clock: Clock
  readonly packetBytes: number
  readonly connectMs: number
  readonly earlyBytes: number
  /** Hands the connection to MQTT. */
  readonly handle: (conn: PacketGuard) => AedesClient
  readonly onPubacks: (session: Session, messageIds: readonly number[]) => boolean
  readonly onClosed: (session: Session) => void
}

export class SessionDoor {
  readonly #options: SessionDoorOptions
  readonly #expiry: ExpiryTimer
  readonly #cancelSweep: () => void

  constructor(options: SessionDoorOptions) {
    this.#options = options
    this.#expiry = new ExpiryTimer(options.clock, () => this.sweep())
    this.#cancelSweep = options.clock.every(SWEEP_MS, () => this.sweep())
  }

  accept(socket: Duplex, view: SessionView): void {
    const { sessions, standingOf, events, clock, packetBytes, earlyBytes } = this.#options
    const { handle, onPubacks, onClosed } = this.#options
    const standing = standingOf(view.identity)
    if (standing !== 'good') {
      events.emit('security', 'session-refused', { ...detailOf(view), reason: standing })
      socket.on('error', () => undefined)
      socket.destroy()
      return
    }
    const conn = new PacketGuard(socket, {
      packetBytes,
      earlyBytes,
      clock,
      onFault: ({ kind, ...why }) => {
        const { role, id, address } = detailOf(view)
        events.emit('security', kind, { role, id, address, ...why })
      },
      onPubacks: (messageIds) => onPubacks(session, messageIds),
    })
    const session: Session = new Session(view, conn, clock.nowMs())
    sessions.add(session)
    this.#expiry.add(view.identity.notAfterMs)
    conn.once('close', () => onClosed(session))
    awaitConnect(session, this.#options)
    session.client = handle(conn)
  }

  /** Ends every open session that would not be admitted now. */
  sweep(): void {
    const { sessions } = this.#options
    for (const session of sessions.all()) {
      const reason = this.#whyEnd(session)
      if (reason !== undefined) this.#end(session, reason)
    }
    this.#expiry.reset(sessions.all().map(({ identity }) => identity.notAfterMs))
  }

  /** Ends the sessions of a certificate; the number of them. */
  disconnect(fingerprint: string, reason: string): number {
    const held = this.#options.sessions.all().filter(({ identity }) => identity.fingerprint === fingerprint)
    for (const session of held) this.#end(session, reason)
    return held.length
  }

  stop(): void {
    this.#cancelSweep()
    this.#expiry.stop()
  }

  #whyEnd({ identity, clientId }: Session): string | undefined {
    const { standingOf, rules } = this.#options
    const ending = endingOf(standingOf(identity))
    if (ending !== undefined || clientId === undefined) return ending
    const verdict = rules.mayConnect(identity, clientId)
    return verdict.allowed ? undefined : verdict.reason
  }

  #end(session: Session, reason: string): void {
    if (session.endedFor !== undefined) return
    session.endedFor = reason
    this.#options.events.emit('security', 'session-ended', { ...detailOf(session), reason })
    session.conn.cut()
  }
}

function detailOf({ identity, address }: SessionView) {
  return { role: identity.role, id: identity.id, address, fingerprint: identity.fingerprint }
}
