/** What an unrecognised device has told that would not be told again: its alerts and its texts, the latest of each. */

import type { Received } from './run-driver.ts'

export interface Withheld {
  keep(received: Received): void
  /** Gives out what was kept, in the order in which it was told. */
  release(): readonly Received[]
  forget(): void
}

const MOST_KEPT = 256

export function createWithheld(): Withheld {
  const kept = new Map<string, Received>()
  return {
    keep: (received) => {
      const key = keyOf(received)
      if (key === undefined) return
      kept.delete(key)
      if (kept.size < MOST_KEPT) kept.set(key, received)
    },
    release: () => {
      const released = [...kept.values()]
      kept.clear()
      return released
    },
    forget: () => kept.clear(),
  }
}

// Numerics and waves come again by themselves, and those withheld are of a time when nobody could vouch for them.
function keyOf(received: Received): string | undefined {
  if (received.kind !== 'measured') return undefined
  const { output } = received
  if (output.kind === 'alert') return `alert ${output.part ?? ''} ${output.code}`
  return output.kind === 'text' ? `text ${output.part ?? ''} ${output.name}` : undefined
}
