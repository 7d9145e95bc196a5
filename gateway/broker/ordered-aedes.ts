/**
 * Aedes with one lane. Aedes numbers a message when it is published, hands it out later (after its store has answered
 * for a retained or QoS 1 message, at once for QoS 0), and withholds from a subscriber every message whose number is
 * lower than the last one it saw. So two publications that overlap lose the slower one. Here the next one begins when
 * the one before it has been handed out.
 */

import { Aedes, type AedesOptions, type PublishPacket } from 'aedes'

type Published = (error?: Error) => void

export class OrderedAedes extends Aedes {
  readonly #waiting: (() => void)[] = []
  #isBusy = false
  #isDraining = false

  #onBegin: (seq: number | undefined) => void = () => undefined

  /** `onBegin` is told the number of each message in the log just before Aedes publishes it; undefined for what has none. */
  static async open(
    options: AedesOptions,
    onBegin: (seq: number | undefined) => void,
  ): Promise<OrderedAedes> {
    const broker = new OrderedAedes(options)
    broker.#onBegin = onBegin
    await new Promise<void>((resolve) => {
      // `#` without a client behind it sees every message at the moment when it is handed out, also those of $SYS.
      broker.subscribe('#', (_packet, taken) => broker.#handOut(taken), resolve)
    })
    await broker.listen()
    return broker
  }

  /** Aedes itself also passes the client; only the no-local flag of MQTT 5 would need it. */
  override publish(packet: PublishPacket, ...rest: readonly unknown[]): void {
    this.#enqueue(packet, undefined, rest.find(isPublished))
  }

  /** Publishes a message that the log holds under this number. */
  publishLogged(seq: number, packet: PublishPacket): void {
    this.#enqueue(packet, seq, undefined)
  }

  #enqueue(packet: PublishPacket, seq: number | undefined, published: Published | undefined): void {
    this.#waiting.push(() => {
      this.#onBegin(seq)
      super.publish(packet, (error) => {
        // A publication that failed was never handed out; the lane must not wait for it.
        if (error) this.#next()
        published?.(error)
      })
    })
    this.#drain()
  }

  /** Resolves when everything published so far has been handed out. */
  async handedOut(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(() => {
        resolve()
        this.#next()
      })
      this.#drain()
    })
  }

  #handOut(taken: () => void): void {
    taken()
    // Subscribers of this same message may come after `#` in the list: they must have it before the next one begins.
    queueMicrotask(() => this.#next())
  }

  #next(): void {
    this.#isBusy = false
    this.#drain()
  }

  #drain(): void {
    if (this.#isDraining) return
    this.#isDraining = true
    for (let begin = this.#take(); begin !== undefined; begin = this.#take()) {
      this.#isBusy = true
      begin()
    }
    this.#isDraining = false
  }

  #take(): (() => void) | undefined {
    return this.#isBusy ? undefined : this.#waiting.shift()
  }
}

function isPublished(value: unknown): value is Published {
  return typeof value === 'function'
}
