import type { Cancel, Clock } from '../../gateway/clock.ts'

/** A clock that stands still until it is told to advance; timers fire in order of their time. */
export class FakeClock implements Clock {
  #nowMs: number
  #elapsedMs = 0
  #timers: { atMs: number; task: () => void; periodMs?: number }[] = []

  constructor(nowMs = Date.parse('2026-09-20T10:15:00.000Z')) {
    this.#nowMs = nowMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  after(delayMs: number, task: () => void): Cancel {
    return this.#add({ atMs: this.#elapsedMs + Math.max(0, delayMs), task })
  }

  every(periodMs: number, task: () => void): Cancel {
    return this.#add({ atMs: this.#elapsedMs + periodMs, task, periodMs })
  }

  /** Moves time forward, firing what falls due on the way. */
  advance(byMs: number): void {
    const endMs = this.#elapsedMs + byMs
    for (;;) {
      const next = this.#timers.filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined) break
      this.#move(next.atMs)
      if (next.periodMs === undefined) this.#timers = this.#timers.filter((timer) => timer !== next)
      else next.atMs += next.periodMs
      next.task()
    }
    this.#move(endMs)
  }

  /** Lets a long time pass at once, as a machine does that was asleep: what is periodic falls due once, at its end. */
  leap(byMs: number): void {
    const endMs = this.#elapsedMs + byMs
    this.#move(endMs)
    for (const timer of this.#timers)
      if (timer.periodMs !== undefined) timer.atMs = Math.max(timer.atMs, endMs)
    this.advance(0)
  }

  /** Steps the wall clock without letting time pass, as NTP or a wrong hand does. */
  step(byMs: number): void {
    this.#nowMs += byMs
  }

  get pendingCount(): number {
    return this.#timers.length
  }

  #move(toMs: number): void {
    this.#nowMs += toMs - this.#elapsedMs
    this.#elapsedMs = toMs
  }

  #add(timer: { atMs: number; task: () => void; periodMs?: number }): Cancel {
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }
}
