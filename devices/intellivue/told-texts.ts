/** Remembers what was last said under a name, so that a fact that stays the same is told once. */

import type { Text } from '../protocol.ts'

const MAX_NAMES = 256

export class ToldTexts {
  readonly #told = new Map<string, string>()

  isNew({ name, value }: Text): boolean {
    const now = String(value)
    if (this.#told.get(name) === now) return false
    // Too many names are no names of a monitor: everything may be told anew, nothing grows.
    if (this.#told.size >= MAX_NAMES) this.#told.clear()
    this.#told.set(name, now)
    return true
  }
}
