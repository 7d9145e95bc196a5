/**
 * What Aedes keeps between connections, in memory: subscriptions and waiting messages of durable sessions, messages held
 * at QoS 2, retained messages, wills. Every call takes effect at once, in the order of the calls: Aedes withholds
 * messages from subscribers of a store whose calls end out of order.
 */

import type { AedesPublishPacket, Subscription } from 'aedes'
import { Readable } from 'node:stream'
import { filterWithin } from '../security/topic-filter.ts'
import { OutgoingQueue, type QueuedPacket } from './outgoing-queue.ts'

type Stored = Readonly<AedesPublishPacket>
type Owner = { readonly id: string }
type Numbered = { readonly messageId?: number | undefined }

/** A topic that no message of anybody carries and that nobody may read. */
export const VOID_TOPIC = '$void'

const EMPTY = Buffer.alloc(0)

export interface SessionStoreOptions {
  readonly queuedMessages: number
  readonly queuedBytes: number
  /** A filter that was refused must not come back with the session, though Aedes hands over all of a SUBSCRIBE. */
  readonly mayKeep: (clientId: string, filter: string) => boolean
  readonly onOverflow: (clientId: string) => void
}

export class SessionStore {
  readonly #options: SessionStoreOptions
  readonly #subscriptions = new Map<string, Map<string, Subscription>>()
  readonly #outgoing = new Map<string, OutgoingQueue>()
  readonly #incoming = new Map<string, Map<number, Stored | 'reserved'>>()
  readonly #retained = new Map<string, Stored>()
  readonly #wills = new Map<string, unknown>()

  constructor(options: SessionStoreOptions) {
    this.#options = options
  }

  /** Aedes insists on an async function here. */
  async setup(): Promise<void> {}

  // Retained messages

  async storeRetained(packet: Stored): Promise<void> {
    // [MQTT-3.3.1-10]: an empty payload removes what was retained.
    if (packet.payload.length === 0) this.#retained.delete(packet.topic)
    else this.#retained.set(packet.topic, { ...packet })
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(
      filters.flatMap((filter) => this.retained(filter).map((found) => this.#newest(found))),
    )
  }

  retained(filter: string): readonly Stored[] {
    return [...this.#retained.values()].filter(({ topic }) => filterWithin(topic, filter))
  }

  /**
   * Aedes sends a subscriber live messages while it is still going through what was retained when it subscribed. Read at
   * the moment of sending, a retained message is never older than a live one that went out before it.
   */
  #newest(found: Stored): Stored {
    const retained = this.#retained
    return {
      ...found,
      get payload() {
        return retained.get(found.topic)?.payload ?? EMPTY
      },
    }
  }

  // Subscriptions of durable sessions

  async addSubscriptions({ id }: Owner, subscriptions: readonly Subscription[]): Promise<void> {
    const kept = this.#session(id)
    for (const subscription of subscriptions)
      if (this.#options.mayKeep(id, subscription.topic)) kept.set(subscription.topic, { ...subscription })
  }

  async removeSubscriptions({ id }: Owner, filters: readonly string[]): Promise<void> {
    for (const filter of filters) this.#subscriptions.get(id)?.delete(filter)
  }

  /**
   * Called for a CONNECT that asks for a durable session; from then on there is one. [MQTT-3.2.2-2] says that a session
   * is present also when it holds no subscription, but Aedes goes by the number returned: hence the void one.
   */
  async subscriptionsByClient({ id }: Owner): Promise<readonly Subscription[]> {
    const isKnown = this.#subscriptions.has(id)
    const kept = [...this.#session(id).values()].filter(({ topic }) => this.#options.mayKeep(id, topic))
    return isKnown && kept.length === 0 ? [{ topic: VOID_TOPIC, qos: 0 }] : kept.map((one) => ({ ...one }))
  }

  /** [MQTT-3.1.2-6]: a clean session discards whatever a former one left. */
  async cleanSubscriptions({ id }: Owner): Promise<void> {
    this.#subscriptions.delete(id)
    this.#outgoing.delete(id)
  }

  async subscriptionsByTopic(topic: string): Promise<readonly Subscription[]> {
    return [...this.#subscriptions].flatMap(([clientId, kept]) => {
      const matching = [...kept.values()]
        .filter((one) => filterWithin(topic, one.topic))
        .map(({ qos }) => qos)
      const highest = matching.reduce((a, b) => (a > b ? a : b), 0)
      return highest === 0 ? [] : [{ clientId, topic, qos: highest }]
    })
  }

  // Messages to durable sessions

  async outgoingEnqueue({ clientId }: { readonly clientId: string }, packet: Stored): Promise<void> {
    this.#enqueue(clientId, packet)
  }

  async outgoingEnqueueCombi(subscriptions: readonly Subscription[], packet: Stored): Promise<void> {
    for (const { clientId } of subscriptions) if (clientId !== undefined) this.#enqueue(clientId, packet)
  }

  async outgoingUpdate({ id }: Owner, packet: QueuedPacket): Promise<void> {
    this.#outgoing.get(id)?.update(packet)
  }

  async outgoingClearMessageId({ id }: Owner, packet: QueuedPacket): Promise<QueuedPacket | undefined> {
    return this.#outgoing.get(id)?.settle(packet)
  }

  outgoingStream({ id }: Owner): Readable {
    return Readable.from(this.#outgoing.get(id)?.redeliveries() ?? [])
  }

  // Messages received at QoS 2, until they are released

  /** False when this message is here already, or on its way: then it must not be published again. */
  reserveIncoming(clientId: string, messageId: number): boolean {
    const held = this.#held(clientId)
    if (held.has(messageId)) return false
    held.set(messageId, 'reserved')
    return true
  }

  /** It was not admitted after all; the client may send it again. */
  releaseIncoming(clientId: string, messageId: number): void {
    this.#incoming.get(clientId)?.delete(messageId)
  }

  async incomingStorePacket({ id }: Owner, packet: Stored): Promise<void> {
    if (packet.messageId !== undefined) this.#held(id).set(packet.messageId, packet)
  }

  async incomingGetPacket({ id }: Owner, { messageId }: Numbered): Promise<Stored> {
    const held = messageId === undefined ? undefined : this.#incoming.get(id)?.get(messageId)
    if (held === undefined || held === 'reserved') throw new Error('no such packet')
    return held
  }

  async incomingDelPacket({ id }: Owner, { messageId }: Numbered): Promise<void> {
    if (messageId !== undefined) this.#incoming.get(id)?.delete(messageId)
  }

  async cleanIncoming({ id }: Owner): Promise<void> {
    this.#incoming.delete(id)
  }

  // Wills

  async putWill({ id }: Owner, will: unknown): Promise<void> {
    this.#wills.set(id, will)
  }

  async delWill({ id }: Owner): Promise<unknown> {
    const will = this.#wills.get(id)
    this.#wills.delete(id)
    return will
  }

  /** Wills of brokers that died: there is one broker, and its memory dies with it. */
  streamWill(): Readable {
    return Readable.from([])
  }

  #enqueue(clientId: string, packet: Stored): void {
    const queue = this.#outgoing.get(clientId) ?? new OutgoingQueue(this.#options)
    this.#outgoing.set(clientId, queue)
    if (queue.add(packet) === 'overflow') this.#options.onOverflow(clientId)
  }

  #session(clientId: string): Map<string, Subscription> {
    const session = this.#subscriptions.get(clientId) ?? new Map<string, Subscription>()
    this.#subscriptions.set(clientId, session)
    return session
  }

  #held(clientId: string): Map<number, Stored | 'reserved'> {
    const held = this.#incoming.get(clientId) ?? new Map<number, Stored | 'reserved'>()
    this.#incoming.set(clientId, held)
    return held
  }
}
