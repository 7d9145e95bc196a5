/** What waits for one device, oldest first, within a bound; one message is out at a time. */

import type { Relayed } from '../stages/relay.ts'
import type { Lease } from './outbox.ts'

export class DeviceQueue {
  readonly device: string
  readonly #limit: number
  readonly #waiting: Relayed[] = []
  #leased: { readonly lease: Lease; readonly relayed: Relayed } | undefined
  /** Dropped since the queue was last empty. */
  droppedCount = 0

  constructor(device: string, limit: number) {
    this.device = device
    this.#limit = limit
  }

  get size(): number {
    return this.#waiting.length + (this.#leased === undefined ? 0 : 1)
  }

  get canLease(): boolean {
    return this.#leased === undefined && this.#waiting.length > 0
  }

  /** True when an older message had to make room. */
  put(relayed: Relayed): boolean {
    // Told again is told once: hours without a broker must not fill the queue with repeats.
    const { replaces } = relayed
    const before =
      replaces === undefined ? -1 : this.#waiting.findIndex((other) => other.replaces === replaces)
    if (before >= 0) this.#waiting.splice(before, 1)
    this.#waiting.push(relayed)
    return this.#makeRoom()
  }

  lease(): Lease | undefined {
    const relayed = this.#leased === undefined ? this.#waiting.shift() : undefined
    if (relayed === undefined) return undefined
    const lease = { device: this.device, message: relayed.message }
    this.#leased = { lease, relayed }
    return lease
  }

  /** The message of the lease; undefined when it is not this queue's present one. */
  settle(lease: Lease): Relayed | undefined {
    if (this.#leased?.lease !== lease) return undefined
    const { relayed } = this.#leased
    this.#leased = undefined
    return relayed
  }

  /** True when an older message had to make room. */
  putBack(relayed: Relayed): boolean {
    this.#waiting.unshift(relayed)
    return this.#makeRoom()
  }

  // The oldest goes: what is newest serves the patient, and a gap at one place is easier to see than many. An alert or
  // a state goes only where there is no numeric left to go before it.
  #makeRoom(): boolean {
    if (this.#waiting.length <= this.#limit) return false
    const numeric = this.#waiting.findIndex(({ kind }) => kind === 'numeric')
    this.#waiting.splice(Math.max(0, numeric), 1)
    this.droppedCount += 1
    return true
  }
}
