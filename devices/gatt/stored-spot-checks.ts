import { hexOf } from '../framing/hex.ts'
import type { DriverMemory } from '../protocol.ts'

const KEY = 'spot-check.told'
const KEPT_COUNT = 4

// What a device may report at once before it is no list of spot checks any more.
const MOST_RECORDS = 4096

export interface SpotCheck<Reading> {
  readonly reading: Reading
  /** What makes it this one, whether it comes live or from the storage. */
  readonly print: Uint8Array
}

/**
 * Spot checks have no number. A report gives all that are stored, oldest first, so those behind the last one told are
 * new; the report is held until it is complete.
 */
export class StoredSpotChecks<Reading> {
  readonly #memory: DriverMemory | undefined
  #told: readonly string[]
  #held: { readonly reading: Reading; readonly print: string }[] = []

  constructor(memory: DriverMemory | undefined) {
    this.#memory = memory
    this.#told = (memory?.get(KEY) ?? '').split(' ').filter((print) => print !== '')
  }

  /** One that came by itself. */
  tell({ print }: SpotCheck<Reading>): void {
    this.#remember([hexOf(print)])
  }

  hold({ reading, print }: SpotCheck<Reading>): void {
    if (this.#held.length < MOST_RECORDS) this.#held.push({ reading, print: hexOf(print) })
  }

  /** The report is complete: what of it was not told before. */
  release(): readonly Reading[] {
    const lastTold = this.#held.findLastIndex(({ print }) => this.#told.includes(print))
    const news = this.#held.slice(lastTold + 1)
    this.#held = []
    this.#remember(news.map(({ print }) => print))
    return news.map(({ reading }) => reading)
  }

  /** The report broke off; it is asked for again as a whole. */
  drop(): void {
    this.#held = []
  }

  #remember(prints: readonly string[]): void {
    if (prints.length === 0) return
    this.#told = [...this.#told, ...prints].slice(-KEPT_COUNT)
    this.#memory?.set(KEY, this.#told.join(' '))
  }
}
