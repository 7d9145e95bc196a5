/**
 * May the wall clock be believed? A pure question over what is known: what the time was at a moment, how long the
 * machine has run since, and when the authority that everyone here trusts was born. The rule in words: docs/clock.md.
 */

/** A moment of which the right time is known, seen from now. */
export interface KnownMoment {
  /** The right time then. */
  readonly atMs: number
  /** How long the machine has run since, asleep or awake. */
  readonly ranMs: number
  /** `running`: it ran without a break. `switched-off`: nobody counted how long it was off. */
  readonly since: 'running' | 'switched-off'
}

export interface ClockQuestion {
  readonly wallMs: number
  /** Absent when nothing is known yet: the first start. */
  readonly known: KnownMoment | undefined
  /** When the newest issuing CA begins to be valid; absent where there is none. */
  readonly birthMs: number | undefined
}

export type ClockFault = 'before-authority' | 'behind' | 'ahead'

export interface ClockVerdict {
  /** Undefined when the wall clock may be believed. */
  readonly fault: ClockFault | undefined
  /** The time that is used instead of a wall clock that may not be believed. */
  readonly estimateMs: number
}

/** A clock that differs by less is set right by ordinary means: a time server, or a hand. */
export const STEP_MS = 5 * 60_000
/** A plain quartz is off by at most this much; what it has lost in a year comes back in one step. */
const DRIFT = 100e-6
/** The battery clock of a machine that ran for long without a time server lags behind the clock it was running with. */
const BATTERY_CLOCK_LAG_MS = 60 * 60_000
/** How long a gateway may have been switched off before its clock needs a person's word. */
const LONGEST_ABSENCE_MS = 90 * 86_400_000

export function judgeClock({ wallMs, known, birthMs }: ClockQuestion): ClockVerdict {
  const estimateMs = estimate(wallMs, known, birthMs)
  return { fault: faultOf(wallMs, known, birthMs), estimateMs }
}

function faultOf(
  wallMs: number,
  known: KnownMoment | undefined,
  birthMs: number | undefined,
): ClockFault | undefined {
  if (birthMs !== undefined && wallMs < birthMs) return 'before-authority'
  if (known === undefined) return undefined
  const expectedMs = known.atMs + known.ranMs
  const slackMs = STEP_MS + known.ranMs * DRIFT
  const isRunning = known.since === 'running'
  // Written so that a time that is not a number is never believed.
  if (!(wallMs >= expectedMs - (isRunning ? slackMs : BATTERY_CLOCK_LAG_MS))) return 'behind'
  if (!(wallMs <= expectedMs + slackMs + (isRunning ? 0 : LONGEST_ABSENCE_MS))) return 'ahead'
  return undefined
}

function estimate(wallMs: number, known: KnownMoment | undefined, birthMs: number | undefined): number {
  if (known === undefined) return birthMs ?? wallMs
  const countedMs = known.atMs + known.ranMs
  // Made after the last known moment, while nobody counted: the authority is the later witness. One born in a far
  // future was made on a wrong clock and is no witness.
  const isWitness =
    known.since === 'switched-off' && birthMs !== undefined && birthMs <= countedMs + LONGEST_ABSENCE_MS
  return isWitness ? Math.max(countedMs, birthMs) : countedMs
}
