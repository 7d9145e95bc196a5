/**
 * The persistence that Aedes asks for, over the state in memory and the log of its changes. Calls take effect in the order
 * of the calls: Aedes withholds messages from subscribers of a store whose calls end out of order. What a client is told
 * has been done (SUBACK, UNSUBACK, PUBREC) is in the log before; what only spares a repetition is noted in passing.
 * What Aedes would ask when it publishes is not here: ordered-aedes.ts publishes instead, by `takePublished`.
 */

import type { AedesPublishPacket, Subscription } from 'aedes'
import { Readable } from 'node:stream'
import { CatchUp } from './catch-up.ts'
import type { QueuedPacket } from './outgoing-queue.ts'
import { numberFrom, takeMessageId } from './packet-ids.ts'
import type { ChangeLog, SessionChange } from './session-change.ts'
import { SessionState, type StateOptions, type Stored } from './session-state.ts'
import { Wills } from './wills.ts'

type Owner = { readonly id: string }
type Connected = Owner & { readonly clean?: boolean; readonly closed?: boolean }
type Numbered = { readonly messageId?: number | undefined }

/** A topic that no message of anybody carries and that nobody may read. */
export const VOID_TOPIC = '$void'

const EMPTY = Buffer.alloc(0)

export interface SessionStoreOptions extends StateOptions {
  /** A filter that was refused must not come back with the session, though Aedes hands over all of a SUBSCRIBE. */
  readonly mayKeep: (clientId: string, filter: string) => boolean
  readonly log: ChangeLog
}

export class SessionStore extends Wills {
  /** Only the recovery at the start changes it from outside. */
  readonly state: SessionState
  readonly #options: SessionStoreOptions
  readonly #catchUp = new CatchUp()
  #publishedSeq = 0

  constructor(options: SessionStoreOptions) {
    super()
    this.#options = options
    this.state = new SessionState(options)
  }

  async setup(): Promise<void> {}

  /** Takes a message that is handed out now: retained, and queued for durable sessions. Without a number it is in no log. */
  takePublished(packet: Stored, seq: number | undefined): void {
    if (seq !== undefined) this.publishedUpTo(seq)
    if (packet.retain) this.state.retain({ ...packet, seq })
    if (packet.qos === 0) return
    for (const { clientId } of this.state.matching(packet.topic))
      if (clientId !== undefined) this.state.enqueue(clientId, { ...packet, seq })
  }

  /** The messages of the log up to this number have been published, now or in a former run. */
  publishedUpTo(seq: number): void {
    this.#publishedSeq = seq
  }

  /** The newest message of the log that has come as far as Aedes. */
  get publishedSeq(): number {
    return this.#publishedSeq
  }

  // Retained messages

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(
      filters.flatMap((filter) => this.retained(filter).map((found) => this.#newest(found))),
    )
  }

  retained(filter: string): readonly Stored[] {
    return this.state.retained(filter)
  }

  /**
   * Aedes sends a subscriber live messages while it is still going through what was retained when it subscribed. Read at
   * the moment of sending, a retained message is never older than a live one that went out before it.
   */
  #newest(found: Stored): Stored {
    const { state } = this
    return {
      ...found,
      get payload() {
        return state.retainedOf(found.topic)?.payload ?? EMPTY
      },
    }
  }

  // Subscriptions of durable sessions

  async addSubscriptions({ id: clientId }: Owner, subscriptions: readonly Subscription[]): Promise<void> {
    const kept = subscriptions
      .filter(({ topic }) => this.#options.mayKeep(clientId, topic))
      .map(({ topic, qos }) => ({ topic, qos }))
    await this.#commit({ kind: 'subscribed', clientId, subscriptions: kept })
  }

  async removeSubscriptions({ id: clientId }: Owner, filters: readonly string[]): Promise<void> {
    await this.#commit({ kind: 'unsubscribed', clientId, filters })
  }

  /**
   * Called for a CONNECT that asks for a durable session; from then on there is one. [MQTT-3.2.2-2] says that a session
   * is present also when it holds no subscription, but Aedes goes by the number returned: hence the void one.
   */
  async subscriptionsByClient({ id: clientId }: Owner): Promise<readonly Subscription[]> {
    const known = this.state.subscriptionsOf(clientId)
    if (known === undefined) await this.#commit({ kind: 'subscribed', clientId, subscriptions: [] })
    const kept = (known ?? []).filter(({ topic }) => this.#options.mayKeep(clientId, topic))
    return known !== undefined && kept.length === 0 ? [{ topic: VOID_TOPIC, qos: 0 }] : kept
  }

  /** [MQTT-3.1.2-6]: a clean session discards whatever a former one left. */
  async cleanSubscriptions({ id: clientId }: Owner): Promise<void> {
    if (this.state.holds(clientId)) await this.#commit({ kind: 'forgotten', clientId })
  }

  // Messages to durable sessions

  async outgoingUpdate(client: Owner, packet: QueuedPacket): Promise<void> {
    const change = this.noteSent(client, packet)
    if (change !== undefined) await this.#commit(change)
  }

  /** Answers the change that has to be in the log before the packet may be sent; undefined: it may be sent at once. */
  noteSent(client: Owner, packet: QueuedPacket): SessionChange | undefined {
    const { id: clientId } = client
    const queue = this.state.queueIfAny(clientId)
    if (packet.cmd === 'publish' && queue?.isUsed(packet.messageId ?? 0, packet) === true)
      Object.assign(packet, { messageId: takeMessageId(client) })
    const updated = queue?.update(packet, client)
    this.#catchUp.progressed(client)
    if (updated?.seq === undefined || updated.messageId === undefined) return undefined
    const { seq, messageId, qos } = updated
    // At QoS 2 the packet id keeps a message from being taken twice: it must outlive a crash before it is used.
    if (packet.cmd === 'pubrel') this.#options.log.note({ kind: 'pubrel', clientId, seq, messageId })
    else if (qos === 2) return { kind: 'sent', clientId, seq, messageId }
    else this.#options.log.note({ kind: 'sent', clientId, seq, messageId })
    return undefined
  }

  /** For a PUBACK or PUBCOMP, and for what was not forwarded: that is gone, unless it is only held back. */
  async outgoingClearMessageId(client: Owner, packet: QueuedPacket): Promise<QueuedPacket | undefined> {
    const { id: clientId } = client
    if (packet.messageId === undefined && !this.mayPass(client, packet)) return undefined
    const settled = this.state.queueIfAny(clientId)?.settle(packet)
    this.#catchUp.progressed(client)
    if (settled?.seq !== undefined) this.#options.log.note({ kind: 'settled', clientId, seq: settled.seq })
    return settled
  }

  /**
   * [MQTT-4.4.0-1]: what was retained and is sent to a new subscription of a durable session is to be acknowledged too.
   * Aedes sends it past the store; with a packet id of ours it is in the queue from now on.
   */
  keepRetained(client: Owner, packet: AedesPublishPacket & { messageId?: number | undefined }): void {
    const messageId = takeMessageId(client)
    if (messageId === undefined) return
    Object.assign(packet, { messageId })
    const seq = this.state.sendRetained(client.id, packet, client)
    if (seq !== undefined) this.#options.log.note({ kind: 'sent', clientId: client.id, seq, messageId })
  }

  outgoingStream(client: Connected): Readable {
    if (client.clean === true) return Readable.from([])
    const queue = this.state.queueOf(client.id)
    numberFrom(client, queue.highestMessageId + 1, (messageId) => queue.isUsed(messageId))
    return this.#catchUp.stream(client, queue)
  }

  /** False for a live copy that must not go out now: what has waited longer goes first, and nothing goes twice. */
  mayPass(client: Owner, packet: QueuedPacket): boolean {
    const queue = this.state.queueIfAny(client.id)
    return queue === undefined || this.#catchUp.mayPass(client, queue, packet)
  }

  // Messages received at QoS 2, until they are released

  /** False when this message is here already, or on its way: then it must not be published again. */
  reserveIncoming(clientId: string, messageId: number): boolean {
    if (this.state.receivedFrom(clientId).has(messageId)) return false
    this.state.keepReceived(clientId, messageId, 'reserved')
    return true
  }

  /** It was not admitted after all; the client may send it again. */
  releaseIncoming(clientId: string, messageId: number): void {
    this.state.dropReceived(clientId, messageId)
  }

  async incomingStorePacket({ id, clean, closed }: Connected, packet: Stored): Promise<void> {
    // A clean session ends with its connection: what comes in late must not outlive it.
    if (clean === true && closed === true) return
    if (packet.messageId !== undefined) this.state.keepReceived(id, packet.messageId, 'kept')
  }

  /** Aedes wants to know whether there is one; what it held was published when it came. */
  async incomingGetPacket({ id }: Owner, { messageId }: Numbered): Promise<Numbered> {
    if (messageId === undefined || this.state.receivedFrom(id).get(messageId) !== 'kept')
      throw new Error('no such packet')
    return { messageId }
  }

  async incomingDelPacket({ id: clientId }: Owner, { messageId }: Numbered): Promise<void> {
    if (messageId !== undefined && this.state.dropReceived(clientId, messageId))
      this.#options.log.note({ kind: 'released', clientId, messageId })
  }

  async cleanIncoming({ id: clientId }: Owner): Promise<void> {
    for (const messageId of this.state.receivedFrom(clientId).keys()) {
      this.#options.log.note({ kind: 'released', clientId, messageId })
      this.state.dropReceived(clientId, messageId)
    }
  }

  /** The change is made when it is in the log; rejects, and nothing is changed, when it cannot be. */
  async #commit(change: SessionChange): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const seq = this.#options.log.commit(change, (error) => {
        if (error !== undefined) {
          reject(error)
          return
        }
        this.state.apply(change, seq)
        resolve()
      })
    })
  }
}
