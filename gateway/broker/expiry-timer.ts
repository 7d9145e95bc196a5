/** Wakes at the end of the certificate that ends first, so that no session outlives its certificate. */

import type { Cancel, Clock } from '../clock.ts'

export class ExpiryTimer {
  readonly #clock: Clock
  readonly #onExpiry: () => void
  #cancel: Cancel | undefined
  #wakesAtMs = Infinity

  constructor(clock: Clock, onExpiry: () => void) {
    this.#clock = clock
    this.#onExpiry = onExpiry
  }

  /** A session with a certificate that ends then was opened. */
  add(notAfterMs: number): void {
    if (notAfterMs < this.#wakesAtMs) this.#arm(notAfterMs)
  }

  /** Goes by those that are still to come; what has ended already is judged by the sweep alone. */
  reset(endsAtMs: readonly number[]): void {
    const nowMs = this.#clock.nowMs()
    const next = Math.min(...endsAtMs.filter((endMs) => endMs >= nowMs))
    if (next !== this.#wakesAtMs) this.#arm(next)
  }

  stop(): void {
    this.#cancel?.()
    this.#wakesAtMs = Infinity
  }

  #arm(notAfterMs: number): void {
    this.stop()
    if (!Number.isFinite(notAfterMs)) return
    this.#wakesAtMs = notAfterMs
    // A certificate is good for the whole of its last millisecond.
    this.#cancel = this.#clock.after(Math.max(0, notAfterMs + 1 - this.#clock.nowMs()), () => {
      this.#wakesAtMs = Infinity
      this.#onExpiry()
    })
  }
}
