/**
 * Hands a message to everyone who is to have it, in one go: the emitter behind Aedes. Whoever subscribed to a topic is
 * found once, and the bytes are made once. A message of QoS 2 goes the way of Aedes, which keeps its four steps.
 */

import type { AedesPublishPacket } from 'aedes'
import type { Listener } from './aedes-client.ts'
import { encodePublish, type EncodedPublish } from './encoded-publish.ts'
import type { Session } from './session.ts'
import { SubscriptionTree } from './subscription-tree.ts'
import { TopicCache } from './topic-cache.ts'

export interface FanOutOptions {
  /** The open sessions, among which a listener of Aedes belongs to the one that subscribed by it. */
  readonly sessions: () => readonly Session[]
  readonly deliver: (session: Session, message: Outgoing) => void
}

/** A message at QoS 0 or 1 on its way to several subscribers. */
export class Outgoing {
  readonly packet: AedesPublishPacket
  #encoded: [EncodedPublish | undefined, EncodedPublish | undefined] = [undefined, undefined]

  constructor(packet: AedesPublishPacket) {
    this.packet = packet
  }

  encoded(qos: 0 | 1): EncodedPublish {
    const { topic, payload } = this.packet
    const content = { topic, payload: Buffer.isBuffer(payload) ? payload : Buffer.from(payload) }
    const encoded = this.#encoded[qos] ?? encodePublish(content, qos)
    this.#encoded[qos] = encoded
    return encoded
  }
}

interface Subscriber {
  readonly listener: Listener
  /** Absent for a listener of the gateway itself. */
  readonly session: Session | undefined
}

/** Who is to have what is published on a topic. */
interface Recipients {
  readonly sessions: readonly Session[]
  /** Of the gateway itself. */
  readonly listeners: readonly Listener[]
  readonly all: readonly Listener[]
}

const taken = (): void => undefined

export class FanOut {
  readonly #options: FanOutOptions
  readonly #tree = new SubscriptionTree<Subscriber>()
  readonly #subscribers = new Map<Listener, Map<string, Subscriber>>()
  readonly #recipients = new TopicCache((topic) => this.#find(topic))

  constructor(options: FanOutOptions) {
    this.#options = options
  }

  /** Called before the SUBACK; that the rest is told later is what Aedes expects of an emitter. */
  on(filter: string, listener: Listener, done: () => void = taken): this {
    const subscriber = { listener, session: this.#ownerOf(filter, listener) }
    const byFilter = this.#subscribers.get(listener) ?? new Map<string, Subscriber>()
    this.#subscribers.set(listener, byFilter)
    byFilter.set(filter, subscriber)
    this.#tree.add(filter, subscriber)
    this.#recipients.clear()
    setImmediate(done)
    return this
  }

  removeListener(filter: string, listener: Listener, done: () => void = taken): this {
    const byFilter = this.#subscribers.get(listener)
    const subscriber = byFilter?.get(filter)
    if (subscriber !== undefined) {
      this.#tree.remove(filter, subscriber)
      this.#recipients.clear()
      byFilter?.delete(filter)
      if (byFilter?.size === 0) this.#subscribers.delete(listener)
    }
    setImmediate(done)
    return this
  }

  emit(packet: AedesPublishPacket, done: () => void = taken): this {
    const { sessions, listeners, all } = this.#recipients.get(packet.topic)
    if (packet.qos === 2) for (const listener of all) listener(packet, taken)
    else {
      const message = new Outgoing(packet)
      for (const session of sessions) this.#options.deliver(session, message)
      for (const listener of listeners) listener(packet, taken)
    }
    done()
    return this
  }

  close(done: () => void): this {
    setImmediate(done)
    return this
  }

  #find(topic: string): Recipients {
    const matching = [...this.#tree.match(topic)]
    return {
      sessions: [...new Set(matching.flatMap(({ session }) => session ?? []))],
      listeners: matching.filter(({ session }) => session === undefined).map(({ listener }) => listener),
      all: matching.map(({ listener }) => listener),
    }
  }

  #ownerOf(filter: string, listener: Listener): Session | undefined {
    return this.#options.sessions().find(({ client }) => client?.subscriptions[filter]?.func === listener)
  }
}
