/**
 * Aedes with one lane. Aedes numbers a message when it is published, hands it out later (after its store has answered
 * for a retained or QoS 1 message, at once for QoS 0), and withholds from a subscriber every message whose number is
 * lower than the last one it saw. So two publications that overlap lose the slower one. Here a message is numbered,
 * taken by the store and handed out in one go, and the next one begins after it.
 */

import { Aedes, type AedesOptions, type AedesPublishPacket, type PublishPacket } from 'aedes'
import type { FanOut } from './fan-out.ts'
import { VOID_TOPIC, type SessionStore } from './session-store.ts'

type Published = (error?: Error | null) => void

export interface OrderedAedesOptions extends AedesOptions {
  readonly persistence: SessionStore
  readonly mq: FanOut
}

const EMPTY = Buffer.alloc(0)

export class OrderedAedes extends Aedes {
  readonly #store: SessionStore
  readonly #fanOut: FanOut
  readonly #waiting: (() => void)[] = []
  #isHandingOut = false
  #publishedCount = 0

  private constructor(options: OrderedAedesOptions) {
    super(options)
    this.#store = options.persistence
    this.#fanOut = options.mq
  }

  static async open(options: OrderedAedesOptions): Promise<OrderedAedes> {
    const broker = new OrderedAedes(options)
    await broker.listen()
    return broker
  }

  /** Aedes itself also passes the client; only the no-local flag of MQTT 5 would need it. */
  override publish(packet: PublishPacket, ...rest: readonly unknown[]): void {
    // What a client has sent was taken out of its packet and goes its own way; this is the empty cover.
    if (packet.topic !== VOID_TOPIC) this.publishLogged(undefined, packet)
    rest.find(isPublished)?.(null)
  }

  /** Publishes a message that the log holds under this number. */
  publishLogged(seq: number | undefined, packet: PublishPacket): void {
    if (this.#isHandingOut) this.#waiting.push(() => this.#handOut(packet, seq))
    else {
      this.#isHandingOut = true
      this.#handOut(packet, seq)
      // What was published by those who have just been handed a message comes after it for everyone.
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next()
      this.#isHandingOut = false
    }
  }

  /** What Aedes itself publishes says neither QoS nor retain, whatever its types say. */
  #handOut(
    { topic = '', payload = EMPTY, qos = 0, retain = false }: Partial<PublishPacket>,
    seq: number | undefined,
  ): void {
    this.#publishedCount += 1
    const packet: AedesPublishPacket = {
      cmd: 'publish',
      brokerId: this.id,
      brokerCounter: this.#publishedCount,
      topic,
      payload,
      qos,
      retain,
      dup: false,
    }
    this.#store.takePublished(packet, seq)
    this.#fanOut.emit(packet)
  }
}

function isPublished(value: unknown): value is Published {
  return typeof value === 'function'
}
