/** The outbox in memory: bounded for each device, so that one device's backlog takes nothing from another's. */

import { Subject } from 'rxjs'
import type { Counters, EventSink, OutboundMessage } from '../ports.ts'
import type { Lease, Outbox } from './outbox.ts'

export interface MemoryOutboxOptions {
  /** How many messages are kept for one device; beyond it the oldest is dropped. */
  readonly limitPerDevice: number
  readonly events: EventSink
  readonly counters: Counters
}

interface DeviceQueue {
  readonly device: string
  readonly waiting: OutboundMessage[]
  leased: Lease | undefined
  /** Dropped since the queue was last empty. */
  droppedCount: number
}

export function createMemoryOutbox(options: MemoryOutboxOptions): Outbox {
  return new MemoryOutbox(options)
}

class MemoryOutbox implements Outbox {
  readonly arrival$ = new Subject<void>()
  readonly #options: MemoryOutboxOptions
  readonly #queues = new Map<string, DeviceQueue>()
  /** Queues with something to lease, in the order of their turns. */
  readonly #ready = new Set<DeviceQueue>()

  constructor(options: MemoryOutboxOptions) {
    this.#options = options
  }

  get pendingCount(): number {
    let count = 0
    for (const { waiting, leased } of this.#queues.values())
      count += waiting.length + (leased === undefined ? 0 : 1)
    return count
  }

  put(device: string, message: OutboundMessage): void {
    const queue = this.#queueOf(device)
    queue.waiting.push(message)
    if (queue.waiting.length > this.#options.limitPerDevice) this.#dropOldest(queue)
    if (queue.leased === undefined) this.#ready.add(queue)
    this.arrival$.next()
  }

  lease(): Lease | undefined {
    const [queue] = this.#ready
    if (queue === undefined) return undefined
    this.#ready.delete(queue)
    const message = queue.waiting.shift()
    if (message === undefined) return undefined
    queue.leased = { device: queue.device, message }
    return queue.leased
  }

  acknowledge(lease: Lease): void {
    const queue = this.#queueOf(lease.device)
    if (queue.leased !== lease) return
    queue.leased = undefined
    if (queue.waiting.length > 0) this.#ready.add(queue)
    else this.#endOverflow(queue)
  }

  giveBack(lease: Lease): void {
    const queue = this.#queueOf(lease.device)
    if (queue.leased !== lease) return
    queue.leased = undefined
    queue.waiting.unshift(lease.message)
    if (queue.waiting.length > this.#options.limitPerDevice) this.#dropOldest(queue)
    this.#ready.add(queue)
  }

  #queueOf(device: string): DeviceQueue {
    let queue = this.#queues.get(device)
    if (queue === undefined) {
      queue = { device, waiting: [], leased: undefined, droppedCount: 0 }
      this.#queues.set(device, queue)
    }
    return queue
  }

  // The oldest goes: what is newest serves the patient, and a gap at one place is easier to see than many.
  #dropOldest(queue: DeviceQueue): void {
    queue.waiting.shift()
    queue.droppedCount++
    this.#options.counters.count('dropped_total', { where: 'outbox' })
    if (queue.droppedCount > 1) return
    this.#options.events.emit('technical', 'outbox-overflow', {
      device: queue.device,
      limit: this.#options.limitPerDevice,
    })
  }

  #endOverflow(queue: DeviceQueue): void {
    if (queue.droppedCount === 0) return
    const dropped = queue.droppedCount
    queue.droppedCount = 0
    this.#options.events.emit('technical', 'outbox-recovered', { device: queue.device, dropped })
  }
}
