/** Counts what strangers do, and says when it is worth a line in the log: the 1st, the 10th, the 100th time. */

// Whoever is let to choose the keys must not fill the memory.
const MOST_KEYS = 256

export interface Tally {
  /** How often `key` has come up by now, when that is worth telling. */
  count(key: string): number | undefined
}

export function createTally(): Tally {
  const counts = new Map<string, number>()
  return {
    count(key) {
      const kept = counts.has(key) || counts.size < MOST_KEYS ? key : 'others'
      const count = (counts.get(kept) ?? 0) + 1
      counts.set(kept, count)
      return Number.isInteger(Math.log10(count)) ? count : undefined
    },
  }
}
