import type { Uptime } from '../../gateway/clock.ts'
import type { FakeClock } from './fake-clock.ts'

/** The uptime of a machine that can sleep, restart its programs and boot anew. */
export class FakeUptime implements Uptime {
  readonly #clock: FakeClock
  #sleptMs = 0
  #bootedAtMs = 0
  #boots = 1

  constructor(clock: FakeClock) {
    this.#clock = clock
  }

  get bootId(): string {
    return `boot-${this.#boots}`
  }

  sinceBootMs(): number {
    return this.#clock.monotonicMs() + this.#sleptMs - this.#bootedAtMs
  }

  /** Suspended: no timer runs, the monotonic clock stands still, the wall clock goes on. */
  sleep(forMs: number): void {
    this.#sleptMs += forMs
    this.#clock.step(forMs)
  }

  boot(): void {
    this.#boots += 1
    this.#bootedAtMs = this.#clock.monotonicMs() + this.#sleptMs
  }
}
