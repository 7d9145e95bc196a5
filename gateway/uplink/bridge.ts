/**
 * Carries trusted messages to a broker further up, behind the guard of its link. Order is kept: what was sent and not
 * acknowledged when the link broke is sent again, from the oldest on, before anything newer. Waveforms go beside it, once,
 * while the link is up.
 */

import { merge } from 'rxjs'
import type { Cancel, Clock } from '../clock.ts'
import { parseVitalsTopic } from '../contract/topics.ts'
import type { Log } from '../log.ts'
import type { Counters, EventSink, MessageLink, OutboundMessage, TrustedPublisher } from '../ports.ts'

export interface BridgeOptions {
  readonly id: string
  readonly publisher: Pick<TrustedPublisher, 'messages'>
  readonly link: MessageLink
  /** Filters over the trusted topics. */
  readonly topics: readonly string[]
  /** Put before every topic at the far end. */
  readonly prefix?: string | undefined
  readonly clock: Clock
  readonly log: Log
  readonly counters: Counters
  readonly events: EventSink
  /** Messages kept while the far end is away; the oldest is dropped for a newer one. */
  readonly queueLimit?: number | undefined
}

export interface Bridge {
  /** Stops reading and closes the link; what is still waiting is counted as dropped. */
  close(): Promise<void>
}

interface Waiting {
  readonly message: OutboundMessage
  isAcknowledged: boolean
}

// Only what the gateway itself has admitted goes up: never what is untrusted (ingest/) or meant for engineers (ops/).
const FORWARDED = 'vitals/v1/'
const QUEUE_LIMIT = 10_000
const WINDOW = 32
const LIVE_WINDOW = 32
const RETRY_DELAY_MS = 1_000

export function createBridge(options: BridgeOptions): Bridge {
  return new UplinkBridge(options)
}

class UplinkBridge implements Bridge {
  readonly #options: BridgeOptions
  readonly #queueLimit: number
  readonly #queue: Waiting[] = []
  readonly #stop: () => void
  /** The first `#sentCount` of the queue are on their way. */
  #sentCount = 0
  /** Names one run of sends: an answer to an earlier one says nothing about the present one. */
  #run = 0
  #isOnline = false
  /** Blocks of waveforms on their way. */
  #liveCount = 0
  #isOverflowing = false
  #cancelRetry: Cancel | undefined

  constructor(options: BridgeOptions) {
    this.#options = options
    this.#queueLimit = options.queueLimit ?? QUEUE_LIMIT
    const states = options.link.state$.subscribe(({ kind }) => this.#restart(kind === 'online'))
    const streams = options.topics.map((filter) => options.publisher.messages(filter))
    const messages = merge(...streams).subscribe((message) => this.#take(message))
    this.#stop = () => {
      messages.unsubscribe()
      states.unsubscribe()
    }
  }

  async close(): Promise<void> {
    this.#stop()
    this.#restart(false)
    await this.#options.link.close()
    for (const { isAcknowledged } of this.#queue) if (!isAcknowledged) this.#countDropped()
    this.#queue.length = 0
  }

  #take(message: OutboundMessage): void {
    if (!message.topic.startsWith(FORWARDED)) return
    const { prefix = '' } = this.#options
    if (isWaveform(message)) {
      void this.#sendLive({ ...message, topic: `${prefix}${message.topic}`, qos: 0 })
      return
    }
    if (this.#queue.length >= this.#queueLimit) this.#dropOldest()
    const forwarded: OutboundMessage = { ...message, topic: `${prefix}${message.topic}`, qos: 1 }
    this.#queue.push({ message: forwarded, isAcknowledged: false })
    this.#pump()
  }

  #pump(): void {
    while (this.#isOnline && this.#sentCount < WINDOW) {
      const next = this.#queue[this.#sentCount]
      if (next === undefined) return
      this.#sentCount += 1
      if (!next.isAcknowledged) void this.#send(next, this.#run)
    }
  }

  async #send(waiting: Waiting, run: number): Promise<void> {
    try {
      await this.#options.link.publish(waiting.message)
    } catch {
      // The link has logged why. It may also have failed this message alone, and then nobody else starts it again.
      if (run === this.#run) this.#retryLater()
      return
    }
    waiting.isAcknowledged = true
    this.#options.counters.count('uplink_forwarded_total')
    this.#removeAcknowledged()
    this.#pump()
  }

  /** A block that cannot go now is of no use later, and must not push a reading out of the queue. */
  async #sendLive(message: OutboundMessage): Promise<void> {
    if (!this.#isOnline || this.#liveCount >= LIVE_WINDOW) {
      this.#countDropped()
      return
    }
    this.#liveCount += 1
    try {
      await this.#options.link.publish(message)
      this.#options.counters.count('uplink_forwarded_total')
    } catch {
      this.#countDropped()
    }
    this.#liveCount -= 1
  }

  #removeAcknowledged(): void {
    while (this.#queue[0]?.isAcknowledged === true) this.#remove(0)
    if (this.#queue.length === 0) this.#isOverflowing = false
  }

  #retryLater(): void {
    this.#restart(false)
    this.#cancelRetry = this.#options.clock.after(RETRY_DELAY_MS, () => this.#restart(true))
  }

  #restart(isOnline: boolean): void {
    this.#cancelRetry?.()
    this.#run += 1
    this.#sentCount = 0
    this.#isOnline = isOnline
    this.#pump()
  }

  #dropOldest(): void {
    // What is on its way is spared, and what the far end retains (an alert that is present, or cleared), unless there is
    // nothing else.
    const unsent = this.#queue.findIndex(({ message }, at) => at >= this.#sentCount && !message.retain)
    this.#remove(unsent >= 0 ? unsent : this.#sentCount < this.#queue.length ? this.#sentCount : 0)
    this.#countDropped()
    if (this.#isOverflowing) return
    this.#isOverflowing = true
    const { id, log, events } = this.#options
    log.warn('uplink-overflow', { uplink: id, limit: this.#queueLimit })
    events.emit('technical', 'uplink-overflow', { uplink: id, limit: this.#queueLimit })
  }

  #remove(index: number): void {
    this.#queue.splice(index, 1)
    if (index < this.#sentCount) this.#sentCount -= 1
  }

  #countDropped(): void {
    this.#options.counters.count('dropped_total', { where: 'uplink' })
  }
}

function isWaveform({ topic }: OutboundMessage): boolean {
  return parseVitalsTopic(topic)?.leaf.startsWith('waveform/') === true
}
