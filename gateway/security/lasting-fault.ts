/** A fault that lasts: told at once, again every hour while it lasts, and when it is over. */

import type { Clock } from '../clock.ts'
import type { EventSink } from '../ports.ts'

const REPEAT_MS = 3_600_000

export interface LastingFaultOptions {
  readonly events: EventSink
  readonly clock: Clock
  /** Event while it lasts, and when it is over. */
  readonly event: string
  readonly overEvent: string
}

export class LastingFault {
  readonly #options: LastingFaultOptions
  #reason: string | undefined
  #toldAtMs = 0

  constructor(options: LastingFaultOptions) {
    this.#options = options
  }

  /** What is wrong now, or undefined. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** To be called at every look as long as it is there. */
  found(reason: string, detail: Readonly<Record<string, string>> = {}): void {
    const { events, clock, event } = this.#options
    const nowMs = clock.monotonicMs()
    if (reason === this.#reason && nowMs - this.#toldAtMs < REPEAT_MS) return
    this.#reason = reason
    this.#toldAtMs = nowMs
    events.emit('technical', event, { reason, ...detail })
  }

  /** Nothing is wrong. */
  over(): void {
    if (this.#reason === undefined) return
    const was = this.#reason
    this.#reason = undefined
    this.#options.events.emit('technical', this.#options.overEvent, { was })
  }
}
