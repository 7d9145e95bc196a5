/** Failed logins by account or by address, and how long the next one has to wait: pure numbers over a bounded table. */

export interface DelayRule {
  /** So many failures cost no delay: people mistype. */
  readonly freeCount: number
  /** The first delay; each further failure doubles it. */
  readonly firstMs: number
  readonly longestMs: number
  /** So long after the last one, failures are forgotten. */
  readonly forgottenAfterMs: number
}

export interface Failures {
  readonly count: number
  readonly lastAtMs: number
}

export class FailureTable {
  readonly #rule: DelayRule
  readonly #longest: number
  readonly #byKey: Map<string, Failures>

  constructor(
    rule: DelayRule,
    longest: number,
    rows: readonly (readonly [key: string, failures: Failures])[],
  ) {
    this.#rule = rule
    this.#longest = longest
    this.#byKey = new Map(rows)
  }

  /** How long the next attempt has to wait. Failures up to `sinceMs` do not count. */
  waitMs(key: string, nowMs: number, sinceMs = 0): number {
    const failures = this.#byKey.get(key)
    if (failures === undefined || failures.lastAtMs <= sinceMs) return 0
    const passedMs = nowMs - failures.lastAtMs
    // A wall clock that was set back: waiting starts again, so that it cannot last longer than the rule says.
    if (passedMs < 0) this.#byKey.set(key, { ...failures, lastAtMs: nowMs })
    return passedMs >= this.#rule.forgottenAfterMs
      ? 0
      : Math.max(0, delayMs(failures.count, this.#rule) - Math.max(0, passedMs))
  }

  /** Counts a failure; what it answers takes it back. */
  add(key: string, nowMs: number, sinceMs = 0): () => void {
    const former = this.#byKey.get(key)
    const isForgotten =
      former === undefined ||
      former.lastAtMs <= sinceMs ||
      nowMs - former.lastAtMs >= this.#rule.forgottenAfterMs
    if (former === undefined && this.#byKey.size >= this.#longest) this.#makeRoom(nowMs)
    this.#byKey.set(key, { count: isForgotten ? 1 : former.count + 1, lastAtMs: nowMs })
    return () => {
      const failures = this.#byKey.get(key)
      if (failures === undefined) return
      if (failures.count <= 1 || former === undefined) this.#byKey.delete(key)
      else this.#byKey.set(key, { count: failures.count - 1, lastAtMs: former.lastAtMs })
    }
  }

  clear(key: string): void {
    this.#byKey.delete(key)
  }

  rows(): readonly (readonly [key: string, failures: Failures])[] {
    return [...this.#byKey]
  }

  // Whoever wants to have the failures of an account forgotten would have to fail more often on each of the other rows.
  #makeRoom(nowMs: number): void {
    for (const [key, { lastAtMs }] of this.#byKey)
      if (nowMs - lastAtMs >= this.#rule.forgottenAfterMs) this.#byKey.delete(key)
    if (this.#byKey.size < this.#longest) return
    const [least] = [...this.#byKey].sort(([, a], [, b]) => a.count - b.count || a.lastAtMs - b.lastAtMs)
    if (least !== undefined) this.#byKey.delete(least[0])
  }
}

export function delayMs(count: number, { freeCount, firstMs, longestMs }: DelayRule): number {
  return count < freeCount ? 0 : Math.min(longestMs, firstMs * 2 ** (count - freeCount))
}
