/** Who waits for which topics. Outlives the sessions, so that every new one can be told again. */

import type { Observer } from 'rxjs'
import type { UplinkError } from '../errors.ts'
import { matchesFilter } from './topic-filter.ts'

export interface ReceivedMessage {
  readonly topic: string
  readonly payload: Buffer
  /** Kept by the broker from before the subscription. */
  readonly retain: boolean
}

type Reader = Pick<Observer<ReceivedMessage>, 'next' | 'error'>

export class Subscriptions {
  readonly #readers = new Map<string, Set<Reader>>()

  get filters(): readonly string[] {
    return [...this.#readers.keys()]
  }

  /** Whether this is the first reader of the filter, which the broker then has to be told. */
  add(filter: string, reader: Reader): boolean {
    const readers = this.#readers.get(filter)
    if (readers === undefined) this.#readers.set(filter, new Set([reader]))
    else readers.add(reader)
    return readers === undefined
  }

  /** Whether this was the last reader of the filter. */
  remove(filter: string, reader: Reader): boolean {
    const readers = this.#readers.get(filter)
    if (readers?.delete(reader) !== true || readers.size > 0) return false
    return this.#readers.delete(filter)
  }

  deliver(message: ReceivedMessage): void {
    for (const [filter, readers] of this.#readers)
      if (matchesFilter(filter, message.topic)) for (const reader of readers) reader.next(message)
  }

  /** The broker said no: the readers of this filter have nothing to wait for. */
  deny(filter: string, error: UplinkError): void {
    const readers = [...(this.#readers.get(filter) ?? [])]
    this.#readers.delete(filter)
    for (const reader of readers) reader.error(error)
  }
}
