/** The outbox in memory: bounded for each device, so that one device's backlog takes nothing from another's. */

import { Subject } from 'rxjs'
import type { Counters, EventSink } from '../ports.ts'
import type { Relayed } from '../stages/relay.ts'
import { DeviceQueue } from './device-queue.ts'
import type { Lease, Outbox } from './outbox.ts'

export interface MemoryOutboxOptions {
  /** How many messages are kept for one device; beyond it the oldest is dropped. */
  readonly limitPerDevice: number
  readonly events: EventSink
  readonly counters: Counters
}

// A few seconds of a monitor with many waves: what is older is of no use to anybody.
const LIVE_LIMIT = 32

export function createMemoryOutbox(options: MemoryOutboxOptions): Outbox {
  return new MemoryOutbox(options)
}

/** The queues of one kind of message, taking turns. */
class Lane {
  readonly limit: number
  readonly #queues = new Map<string, DeviceQueue>()
  /** Queues with something to lease, in the order of their turns. */
  readonly #ready = new Set<DeviceQueue>()

  constructor(limit: number) {
    this.limit = limit
  }

  get pendingCount(): number {
    let count = 0
    for (const queue of this.#queues.values()) count += queue.size
    return count
  }

  queueOf(device: string): DeviceQueue {
    let queue = this.#queues.get(device)
    if (queue === undefined) {
      queue = new DeviceQueue(device, this.limit)
      this.#queues.set(device, queue)
    }
    return queue
  }

  take(): Lease | undefined {
    const [queue] = this.#ready
    if (queue === undefined) return undefined
    this.#ready.delete(queue)
    return queue.lease()
  }

  /** Gives the queue its turn when it has something to lease. */
  offer(queue: DeviceQueue): void {
    if (queue.canLease) this.#ready.add(queue)
  }
}

class MemoryOutbox implements Outbox {
  readonly arrival$ = new Subject<void>()
  readonly #options: MemoryOutboxOptions
  readonly #kept: Lane
  readonly #live = new Lane(LIVE_LIMIT)

  constructor(options: MemoryOutboxOptions) {
    this.#options = options
    this.#kept = new Lane(options.limitPerDevice)
  }

  get pendingCount(): number {
    return this.#kept.pendingCount
  }

  put(relayed: Relayed): void {
    const lane = relayed.kind === 'waveform' ? this.#live : this.#kept
    const queue = lane.queueOf(relayed.device)
    if (queue.put(relayed)) this.#countDropped(lane, queue)
    lane.offer(queue)
    this.arrival$.next()
  }

  lease(): Lease | undefined {
    return this.#kept.take()
  }

  leaseLive(): Lease | undefined {
    return this.#live.take()
  }

  acknowledge(lease: Lease): void {
    for (const lane of [this.#kept, this.#live]) {
      const queue = lane.queueOf(lease.device)
      if (queue.settle(lease) === undefined) continue
      if (queue.canLease) lane.offer(queue)
      else this.#endOverflow(lane, queue)
    }
  }

  giveBack(lease: Lease): void {
    const queue = this.#kept.queueOf(lease.device)
    const relayed = queue.settle(lease)
    if (relayed !== undefined) {
      if (queue.putBack(relayed)) this.#countDropped(this.#kept, queue)
      this.#kept.offer(queue)
      return
    }
    const live = this.#live.queueOf(lease.device)
    if (live.settle(lease) === undefined) return
    this.#options.counters.count('dropped_total', { where: 'outbox-waveform' })
    this.#live.offer(live)
  }

  #countDropped(lane: Lane, queue: DeviceQueue): void {
    const { counters, events } = this.#options
    if (lane === this.#live) {
      counters.count('dropped_total', { where: 'outbox-waveform' })
      return
    }
    counters.count('dropped_total', { where: 'outbox' })
    if (queue.droppedCount > 1) return
    events.emit('technical', 'outbox-overflow', { device: queue.device, limit: lane.limit })
  }

  #endOverflow(lane: Lane, queue: DeviceQueue): void {
    if (queue.droppedCount === 0) return
    const dropped = queue.droppedCount
    queue.droppedCount = 0
    if (lane === this.#live) return
    this.#options.events.emit('technical', 'outbox-recovered', { device: queue.device, dropped })
  }
}
