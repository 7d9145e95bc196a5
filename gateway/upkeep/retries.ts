/** What has failed and when it is tried again: after a minute, then ever later, at last every hour. */

const FIRST_DELAY_MS = 60_000
export const LONGEST_DELAY_MS = 3_600_000
const TELL_AGAIN_MS = 86_400_000

interface Failure {
  readonly count: number
  readonly reason: string
  readonly tryAtMs: number
  readonly toldAtMs: number
}

/** All times are those of the monotonic clock: a wall clock that steps neither hurries nor forgets a retry. */
export class Retries {
  readonly #failures = new Map<string, Failure>()

  isWaiting(what: string, monotonicMs: number): boolean {
    const failure = this.#failures.get(what)
    return failure !== undefined && monotonicMs < failure.tryAtMs
  }

  /** True when somebody should be told: the first time, for a new reason, and once a day. */
  fail(what: string, reason: string, monotonicMs: number): boolean {
    const before = this.#failures.get(what)
    const isNews =
      before === undefined || before.reason !== reason || monotonicMs - before.toldAtMs >= TELL_AGAIN_MS
    const count = (before?.count ?? 0) + 1
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (count - 1))
    const toldAtMs = isNews ? monotonicMs : before.toldAtMs
    this.#failures.set(what, { count, reason, tryAtMs: monotonicMs + delayMs, toldAtMs })
    return isNews
  }

  succeed(what: string): void {
    this.#failures.delete(what)
  }

  /** What is no longer to be done has not failed any more: somebody else has done it. */
  forgetOthers(wanted: readonly string[]): void {
    for (const what of this.#failures.keys()) if (!wanted.includes(what)) this.#failures.delete(what)
  }

  /** How long until something is to be tried again, at least a minute; undefined when nothing has failed. */
  nextInMs(monotonicMs: number): number | undefined {
    const waits = [...this.#failures.values()].map(({ tryAtMs }) =>
      Math.max(FIRST_DELAY_MS, tryAtMs - monotonicMs),
    )
    return waits.length === 0 ? undefined : Math.min(...waits)
  }
}
