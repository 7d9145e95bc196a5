/** How long to wait before the next attempt. */

const MIN_DELAY_MS = 500
export const MAX_DELAY_MS = 30_000

/**
 * Doubles from half a second to half a minute. At least half of it is waited and the rest is drawn, so that a far end
 * that comes back is not met by all its clients at once and is never hammered.
 */
export function backOffMs(attempt: number, random: () => number): number {
  const ceilingMs = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** attempt)
  return (ceilingMs * (1 + random())) / 2
}
