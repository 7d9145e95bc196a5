import type { Clock } from '../clock.ts'

/** How long a line was silent between two things it said, and since the last one. */
export interface Pauses {
  note(): void
  longestMs(): number
}

export function createPauses(clock: Clock): Pauses {
  let lastAtMs: number | undefined
  let longestMs = 0
  const note = (): void => {
    const nowMs = clock.monotonicMs()
    if (lastAtMs !== undefined) longestMs = Math.max(longestMs, nowMs - lastAtMs)
    lastAtMs = nowMs
  }
  return {
    note,
    longestMs: () => (lastAtMs === undefined ? 0 : Math.max(longestMs, clock.monotonicMs() - lastAtMs)),
  }
}
