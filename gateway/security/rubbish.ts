/**
 * A sender that has brought nothing but what was refused for a while is slowed: its acknowledgements wait, ever longer, and
 * with them what it sends next. It is never cut off for it, because a device that is cut off sends the same again. Pure.
 */

/** So many in a row may be an accident: a cable, a firmware with one broken field beside good ones. */
const PATIENCE = 50
const FIRST_DELAY_MS = 50
const LONGEST_DELAY_MS = 2_000
/** Told when it begins, and again after each of these. */
const TELL_EVERY = 1_000

export interface RubbishVerdict {
  readonly delayMs: number
  /** How many in a row, when it is to be told. */
  readonly tellCount: number | undefined
}

const NONE: RubbishVerdict = { delayMs: 0, tellCount: undefined }

export class RubbishMeter {
  #inARow = 0

  /** A message of this sender was good, or was refused. */
  take(outcome: 'good' | 'refused'): RubbishVerdict {
    if (outcome === 'good') {
      this.#inARow = 0
      return NONE
    }
    this.#inARow += 1
    const over = this.#inARow - PATIENCE
    if (over <= 0) return NONE
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.floor((over - 1) / PATIENCE))
    return { delayMs, tellCount: over === 1 || this.#inARow % TELL_EVERY === 0 ? this.#inARow : undefined }
  }
}
