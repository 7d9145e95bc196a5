/** Discarded bytes on their way out: neighbours become one value, and no value grows without bound. */

import type { DiscardReason, Discarded, DriverOutput } from '../protocol.ts'

/** The most that one `Discarded` carries; a longer run of noise gives several. */
export const MAX_DISCARD_BYTES = 256

export class DiscardRun {
  readonly #bytes = new Uint8Array(MAX_DISCARD_BYTES)
  #used = 0
  #reason: DiscardReason = 'noise'

  /** Noise joins the run before it, whatever that run's reason: it is the wreckage of the same fault. */
  add(bytes: Uint8Array, reason: DiscardReason, out: DriverOutput[]): void {
    if (reason !== 'noise') this.flush(out)
    let taken = 0
    while (taken < bytes.length) {
      if (this.#used === 0) this.#reason = reason
      const piece = bytes.subarray(taken, taken + MAX_DISCARD_BYTES - this.#used)
      this.#bytes.set(piece, this.#used)
      this.#used += piece.length
      taken += piece.length
      if (this.#used === MAX_DISCARD_BYTES) this.flush(out)
    }
  }

  flush(out: DriverOutput[]): void {
    if (this.#used === 0) return
    const discarded: Discarded = {
      kind: 'discarded',
      reason: this.#reason,
      bytes: this.#bytes.slice(0, this.#used),
    }
    out.push(discarded)
    this.#used = 0
  }
}
