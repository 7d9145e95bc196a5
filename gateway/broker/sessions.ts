/** The open sessions: who is behind each connection, and whose is the client id. */

import type { Connection, Subscription } from 'aedes'
import type { Identity } from '../ports.ts'
import { filterWithin } from '../security/topic-filter.ts'
import type { PacketGuard } from './packet-guard.ts'

/** What may be shown of a session. */
export interface SessionView {
  readonly identity: Identity
  readonly address: string
  readonly listener: string
  /** 'TLSv1.3' */
  readonly protocol: string
  readonly cipher: string
}

export interface SessionNotice {
  readonly identity: Identity
  readonly kind: 'online' | 'offline'
}

export class Session implements SessionView {
  readonly identity: Identity
  readonly address: string
  readonly listener: string
  readonly protocol: string
  readonly cipher: string
  readonly conn: PacketGuard
  /** Undefined until the CONNECT was accepted. */
  clientId: string | undefined
  /** The CONNECT brought no client id, so Aedes made one up. */
  isUnnamed = false
  /** Ends when everything this client has published so far is decided. */
  tail: Promise<void> = Promise.resolve()
  readonly #granted = new Map<string, Subscription['qos']>()

  constructor(view: SessionView, conn: PacketGuard) {
    this.identity = view.identity
    this.address = view.address
    this.listener = view.listener
    this.protocol = view.protocol
    this.cipher = view.cipher
    this.conn = conn
  }

  grant(filter: string, qos: Subscription['qos']): void {
    this.#granted.set(filter, qos)
  }

  withdraw(filter: string): void {
    this.#granted.delete(filter)
  }

  /** [MQTT-3.8.4-6]: the highest QoS granted by any filter that matches; undefined when none does. */
  grantedQos(topic: string): Subscription['qos'] | undefined {
    let highest: Subscription['qos'] | undefined
    for (const [filter, qos] of this.#granted)
      if (filterWithin(topic, filter) && (highest === undefined || qos > highest)) highest = qos
    return highest
  }
}

export class Sessions {
  // A will is still decided after its connection is gone, so the connection itself remembers its session.
  readonly #byConnection = new WeakMap<Connection, Session>()
  readonly #byClientId = new Map<string, Session>()
  readonly #open = new Set<Session>()

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
  hold(clientId: string, session: Session): Session | undefined {
    const former = this.#byClientId.get(clientId)
    session.clientId = clientId
    this.#byClientId.set(clientId, session)
    return former
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
