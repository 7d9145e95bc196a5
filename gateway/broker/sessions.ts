/** The open sessions: who is behind each connection, and whose is the client id. */

import type { Connection } from 'aedes'
import type { Session } from './session.ts'

export type { SessionView } from './session.ts'

export class Sessions {
  // A will is still decided after its connection is gone, so the connection itself remembers its session.
  readonly #byConnection = new WeakMap<Connection, Session>()
  readonly #byClientId = new Map<string, Session>()
  readonly #open = new Set<Session>()
  /** Those who wait for a client id that is held: the latest one of each host. */
  readonly #awaiting = new Map<string, Session>()

  add(session: Session): void {
    this.#byConnection.set(session.conn, session)
    this.#open.add(session)
  }

  of(connection: Connection): Session | undefined {
    return this.#byConnection.get(connection)
  }

  holder(clientId: string): Session | undefined {
    return this.#byClientId.get(clientId)
  }

  /** Gives the client id to this session; the one that held it is returned, still open. */
  hold(clientId: string, session: Session, monotonicMs: number): Session | undefined {
    const former = this.#byClientId.get(clientId)
    if (former !== undefined && !former.conn.destroyed) session.succeed(former, monotonicMs)
    session.clientId = clientId
    this.#byClientId.set(clientId, session)
    return former
  }

  await(clientId: string, session: Session): void {
    this.#awaiting.set(waitingPlace(clientId, session), session)
  }

  isAwaiting(clientId: string, session: Session): boolean {
    return this.#awaiting.get(waitingPlace(clientId, session)) === session
  }

  stopAwaiting(clientId: string, session: Session): void {
    if (this.isAwaiting(clientId, session)) this.#awaiting.delete(waitingPlace(clientId, session))
  }

  remove(session: Session): void {
    this.#open.delete(session)
    if (session.clientId !== undefined && this.#byClientId.get(session.clientId) === session)
      this.#byClientId.delete(session.clientId)
  }

  all(): readonly Session[] {
    return [...this.#open]
  }
}

function waitingPlace(clientId: string, { host }: Session): string {
  return `${host} ${clientId}`
}
