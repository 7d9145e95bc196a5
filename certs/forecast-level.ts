/** How urgent an end is: 30, 7 and 1 days before it, and after it. */

const DAY_MS = 86_400_000

/** The most severe first. */
export const LEVELS = ['expired', 'critical', 'warning', 'notice'] as const
export type ForecastLevel = (typeof LEVELS)[number]

// What renews itself and has not done so by now has failed to: a day is what a gateway that was switched off may be late.
const GRACE_MS = DAY_MS

export function levelBeforeEnd(expiresAtMs: number, nowMs: number): ForecastLevel | undefined {
  const leftMs = expiresAtMs - nowMs
  if (leftMs < 0) return 'expired'
  if (leftMs <= DAY_MS) return 'critical'
  if (leftMs <= 7 * DAY_MS) return 'warning'
  return leftMs <= 30 * DAY_MS ? 'notice' : undefined
}

/** What renews itself is not news before it is late: a list that lives thirty days always has fewer than thirty left. */
export function levelWhenLate(
  { renewsAtMs, expiresAtMs }: { readonly renewsAtMs: number; readonly expiresAtMs: number },
  nowMs: number,
): ForecastLevel | undefined {
  return nowMs <= renewsAtMs + GRACE_MS ? undefined : levelBeforeEnd(expiresAtMs, nowMs)
}

/** For a date by which a person must act though the end is further away. */
export function levelBeforeDuty(actByMs: number, nowMs: number): ForecastLevel | undefined {
  const leftMs = actByMs - nowMs
  if (leftMs <= 0) return 'warning'
  return leftMs <= 30 * DAY_MS ? 'notice' : undefined
}

export function worse(a: ForecastLevel | undefined, b: ForecastLevel | undefined): ForecastLevel | undefined {
  return LEVELS.find((level) => level === a || level === b)
}
