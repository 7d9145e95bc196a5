/** One open session: who it is, what it was granted, and when it was last heard. */

import type { Subscription } from 'aedes'
import type { Identity } from '../ports.ts'
import { TAKE_OVER_WINDOW_MS } from '../security/contest.ts'
import { RubbishMeter } from '../security/rubbish.ts'
import { filterWithin } from '../security/topic-filter.ts'
import type { AedesClient } from './aedes-client.ts'
import { InOrder } from './in-order.ts'
import type { PacketGuard } from './packet-guard.ts'
import { TopicCache } from './topic-cache.ts'

/** What a listener knows of a connection whose identity it has proved. */
export interface SessionView {
  readonly identity: Identity
  /** 'host:port' */
  readonly address: string
  readonly listener: string
  /** 'TLSv1.3' */
  readonly protocol: string
  readonly cipher: string
}

/** What may be shown of an open session. */
export interface OpenSession extends SessionView {
  /** Undefined until the CONNECT was accepted. */
  readonly clientId: string | undefined
  readonly connectedAtMs: number
  readonly heardAtMs: number
}

export interface SessionNotice {
  readonly identity: Identity
  readonly kind: 'online' | 'offline'
}

export class Session implements SessionView {
  readonly identity: Identity
  readonly address: string
  readonly host: string
  readonly listener: string
  readonly protocol: string
  readonly cipher: string
  readonly conn: PacketGuard
  readonly #connectedAtMs: number
  /** Undefined until the CONNECT was accepted. */
  clientId: string | undefined
  /** Its client in Aedes, as soon as there is one. */
  client: AedesClient | undefined
  /** The CONNECT brought no client id, so Aedes made one up. */
  isUnnamed = false
  /** What the CONNECT promised; 0 is no promise. */
  keepAliveMs = 0
  /** Why the gateway has ended it; nothing it says counts any more. */
  endedFor: string | undefined
  /** What it brings, good or not. */
  readonly rubbish = new RubbishMeter()
  /** What it has published and is not yet decided. */
  readonly admissions = new InOrder()
  readonly #granted = new Map<string, Subscription['qos']>()
  readonly #grantedByTopic = new TopicCache((topic) => this.#highestGrant(topic))
  /** When its client id was taken over lately, by it and by those before it. */
  #takenOverAtMs: readonly number[] = []

  constructor(view: SessionView, conn: PacketGuard, connectedAtMs: number) {
    this.identity = view.identity
    this.address = view.address
    this.host = hostOf(view.address)
    this.listener = view.listener
    this.protocol = view.protocol
    this.cipher = view.cipher
    this.conn = conn
    this.#connectedAtMs = connectedAtMs
  }

  grant(filter: string, qos: Subscription['qos']): void {
    this.#granted.set(filter, qos)
    this.#grantedByTopic.clear()
  }

  /** Why it can hold no more filters; one that it holds already is no new one. */
  grantFault(filter: string, limit: number): string | undefined {
    return this.#granted.size < limit || this.#granted.has(filter)
      ? undefined
      : `it holds ${limit} filters, the most there may be`
  }

  withdraw(filter: string): void {
    this.#granted.delete(filter)
    this.#grantedByTopic.clear()
  }

  /** [MQTT-3.8.4-6]: the highest QoS granted by any filter that matches; undefined when none does. */
  grantedQos(topic: string): Subscription['qos'] | undefined {
    const granted = this.#grantedByTopic.get(topic)
    return granted === 'nothing' ? undefined : granted
  }

  #highestGrant(topic: string): Subscription['qos'] | 'nothing' {
    let highest: Subscription['qos'] | 'nothing' = 'nothing'
    for (const [filter, qos] of this.#granted)
      if (filterWithin(topic, filter) && (highest === 'nothing' || qos > highest)) highest = qos
    return highest
  }

  recentTakeOvers(monotonicMs: number): readonly number[] {
    return this.#takenOverAtMs.filter((atMs) => monotonicMs - atMs < TAKE_OVER_WINDOW_MS)
  }

  /** Takes over from the one that held its client id. */
  succeed(former: Session, monotonicMs: number): void {
    this.#takenOverAtMs = [...former.recentTakeOvers(monotonicMs), monotonicMs]
  }

  show(clock: { nowMs(): number; monotonicMs(): number }): OpenSession {
    const { identity, address, listener, protocol, cipher, clientId } = this
    const heardAtMs = clock.nowMs() - (clock.monotonicMs() - this.conn.heardAtMs)
    const connectedAtMs = this.#connectedAtMs
    return { identity, address, listener, protocol, cipher, clientId, connectedAtMs, heardAtMs }
  }
}

/** The address without its port; an IPv4 address that a listener on :: sees as mapped is the same host. */
function hostOf(address: string): string {
  const port = address.lastIndexOf(':')
  return (port === -1 ? address : address.slice(0, port)).replace(/^::ffff:/i, '')
}
