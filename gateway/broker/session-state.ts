/**
 * What the broker keeps between connections, in memory: subscriptions and waiting messages of durable sessions, packet
 * ids of what was received at QoS 2, retained messages. It changes by `SessionChange`s and by what Aedes hands out.
 */

import type { AedesPublishPacket, Subscription } from 'aedes'
import { filterWithin } from '../security/topic-filter.ts'
import { formerPacket } from './former-packet.ts'
import { OutgoingQueue, type QueueBounds, type QueuedPacket, type WaitingRef } from './outgoing-queue.ts'
import type { Grant, Message, Origin, SessionChange } from './session-change.ts'
import { TopicCache } from './topic-cache.ts'

export type Stored = Readonly<AedesPublishPacket> & { readonly seq?: number | undefined }

/** `reserved` while it is being admitted; `kept` once the client has been told. */
export type Received = 'reserved' | 'kept'

export interface StateOptions extends QueueBounds {
  readonly onOverflow: (clientId: string) => void
  readonly retainedTopics: number
  /** A message is not kept, because so many others are. */
  readonly onRetainedFull: (topic: string) => void
}

/** One session as it is written down. */
export interface SessionSnapshot {
  readonly clientId: string
  /** Undefined where there is no durable session, only something received at QoS 2. */
  readonly subscriptions: readonly Grant[] | undefined
  readonly waiting: readonly WaitingRef[]
  readonly received: readonly number[]
}

const RETAINED = 'retained'

const NOTHING: ReadonlyMap<number, Received> = new Map()

export class SessionState {
  readonly #options: StateOptions
  readonly #subscriptions = new Map<string, Map<string, Grant>>()
  readonly #matching = new TopicCache((topic) => this.#findMatching(topic))
  readonly #outgoing = new Map<string, OutgoingQueue>()
  readonly #received = new Map<string, Map<number, Received>>()
  readonly #retained = new Map<string, Stored>()

  constructor(options: StateOptions) {
    this.#options = options
  }

  retain(packet: Stored): void {
    // [MQTT-3.3.1-10]: an empty payload removes what was retained.
    const { topic, payload } = packet
    const { retainedTopics, onRetainedFull } = this.#options
    if (payload.length === 0) this.#retained.delete(topic)
    else if (this.#retained.size < retainedTopics || this.#retained.has(topic))
      this.#retained.set(topic, { ...packet })
    else onRetainedFull(topic)
  }

  retainedOf(topic: string): Stored | undefined {
    return this.#retained.get(topic)
  }

  retained(filter: string): readonly Stored[] {
    return [...this.#retained.values()].filter(({ topic }) => filterWithin(topic, filter))
  }

  // Sessions

  /** The subscriptions of a durable session; undefined when there is none. */
  subscriptionsOf(clientId: string): readonly Grant[] | undefined {
    const kept = this.#subscriptions.get(clientId)
    return kept === undefined ? undefined : [...kept.values()]
  }

  get durableCount(): number {
    return this.#subscriptions.size
  }

  /** The durable sessions that are to have a message of this topic, each with the highest QoS that a filter of it has. */
  matching(topic: string): readonly Subscription[] {
    return this.#matching.get(topic)
  }

  #findMatching(topic: string): readonly Subscription[] {
    return [...this.#subscriptions].flatMap(([clientId, kept]) => {
      let highest: Subscription['qos'] = 0
      for (const { topic: filter, qos } of kept.values())
        if (qos > highest && filterWithin(topic, filter)) highest = qos
      return highest === 0 ? [] : [{ clientId, topic, qos: highest }]
    })
  }

  /** What waits for a session; it is made where there is none. */
  queueOf(clientId: string): OutgoingQueue {
    const queue = this.#outgoing.get(clientId) ?? new OutgoingQueue(this.#options)
    this.#outgoing.set(clientId, queue)
    return queue
  }

  /** What waits for a session, if anything ever has. */
  queueIfAny(clientId: string): OutgoingQueue | undefined {
    return this.#outgoing.get(clientId)
  }

  /** What was received from a client at QoS 2 and is not yet released, by packet id. */
  receivedFrom(clientId: string): ReadonlyMap<number, Received> {
    return this.#received.get(clientId) ?? NOTHING
  }

  keepReceived(clientId: string, messageId: number, how: Received): void {
    const received = this.#received.get(clientId) ?? new Map<number, Received>()
    this.#received.set(clientId, received.set(messageId, how))
  }

  /** False when it was not there. */
  dropReceived(clientId: string, messageId: number): boolean {
    const received = this.#received.get(clientId)
    const wasThere = received?.delete(messageId) ?? false
    // Nothing is left of clients that have come and gone.
    if (received?.size === 0) this.#received.delete(clientId)
    return wasThere
  }

  /** True when there is anything of this client. */
  holds(clientId: string): boolean {
    return this.#subscriptions.has(clientId) || (this.#received.get(clientId)?.size ?? 0) > 0
  }

  enqueue(clientId: string, packet: QueuedPacket): void {
    const queue = this.queueOf(clientId)
    if (packet.seq !== undefined && queue.has(packet.seq)) return
    if (queue.add(packet) === 'overflow') this.#options.onOverflow(clientId)
  }

  /** A retained message goes out to a durable session; its number in the journal, where it has one. */
  sendRetained(clientId: string, packet: Stored, connection: object): number | undefined {
    const queue = this.queueOf(clientId)
    const logged = this.retainedOf(packet.topic)?.seq
    const seq = logged !== undefined && logged > 0 && !queue.has(logged) ? logged : undefined
    // Under an id of its own, which it keeps when it is sent again.
    const sent = { ...packet, brokerId: RETAINED, seq }
    if (queue.addSent(sent, connection) === 'overflow') this.#options.onOverflow(clientId)
    return seq
  }

  /** Makes a change. The message is the one exception while running: Aedes hands it out, and makes its changes one by one. */
  apply(change: SessionChange, seq: number): void {
    switch (change.kind) {
      case 'message':
        this.#publish(change.message, change.origin, seq)
        break
      case 'received':
        this.keepReceived(change.clientId, change.messageId, 'kept')
        break
      case 'released':
        this.dropReceived(change.clientId, change.messageId)
        break
      case 'subscribed':
        this.#subscribe(change.clientId, change.subscriptions)
        break
      case 'unsubscribed':
        for (const filter of change.filters) this.#subscriptions.get(change.clientId)?.delete(filter)
        this.#matching.clear()
        break
      case 'forgotten':
        this.#subscriptions.delete(change.clientId)
        this.#matching.clear()
        this.#outgoing.delete(change.clientId)
        this.#received.delete(change.clientId)
        break
      case 'sent':
        this.#send(change.clientId, change.seq, change.messageId)
        break
      case 'pubrel':
        this.#outgoing.get(change.clientId)?.releaseSeq(change.seq, change.messageId)
        break
      case 'settled':
        this.#outgoing.get(change.clientId)?.settleSeq(change.seq)
        break
    }
  }

  // What a restart needs

  sessions(): readonly SessionSnapshot[] {
    const ids = new Set([...this.#subscriptions.keys(), ...this.#received.keys()])
    return [...ids].map((clientId) => ({
      clientId,
      subscriptions: this.subscriptionsOf(clientId),
      waiting: this.#outgoing.get(clientId)?.refs() ?? [],
      received: [...(this.#received.get(clientId)?.keys() ?? [])],
    }))
  }

  /** Takes a session back as it was written down; the messages that wait for it come by `fill`. */
  restore({ clientId, subscriptions, waiting, received }: SessionSnapshot): void {
    if (subscriptions !== undefined) this.#subscribe(clientId, subscriptions)
    for (const ref of waiting) this.queueOf(clientId).keepPlace(ref)
    for (const messageId of received) this.keepReceived(clientId, messageId, 'kept')
  }

  /** The message that some sessions keep a place for. */
  fill(seq: number, message: Message): void {
    const packet = formerPacket(seq, message)
    for (const queue of this.#outgoing.values()) queue.fill(packet)
  }

  /** Ends the restoring; the number of places for which no message was found. */
  dropUnfilled(): number {
    return [...this.#outgoing.values()].reduce((sum, queue) => sum + queue.dropUnfilled(), 0)
  }

  #publish(message: Message, origin: Origin | undefined, seq: number): void {
    if (origin !== undefined) this.keepReceived(origin.clientId, origin.messageId, 'kept')
    const packet = formerPacket(seq, message)
    if (message.retain) this.retain(packet)
    if (message.qos === 0) return
    for (const { clientId } of this.matching(message.topic))
      if (clientId !== undefined) this.enqueue(clientId, packet)
  }

  #send(clientId: string, seq: number, messageId: number): void {
    const queue = this.queueOf(clientId)
    if (queue.has(seq)) queue.numberSeq(seq, messageId)
    else {
      // What was retained has not waited: it is in the queue since it was sent to a new subscription.
      const found = [...this.#retained.values()].find((packet) => packet.seq === seq)
      if (found !== undefined) queue.add({ ...found, messageId })
    }
  }

  #subscribe(clientId: string, subscriptions: readonly Grant[]): void {
    const kept = this.#subscriptions.get(clientId) ?? new Map<string, Grant>()
    this.#subscriptions.set(clientId, kept)
    for (const { topic, qos } of subscriptions) kept.set(topic, { topic, qos })
    this.#matching.clear()
  }
}
