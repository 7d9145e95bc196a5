import type { Cancel, Clock } from '../gateway/clock.ts'

/** Recording time: seconds of the recording that have passed since the replay began, `speed` times as fast. */
export interface ReplayClock {
  readonly elapsedS: number
  /** Runs `task` once when `elapsedS` has come; at once, but never synchronously, when it has passed. */
  at(elapsedS: number, task: () => void): Cancel
}

/** Every instant is counted from the beginning, so a late timer delays nothing that follows. */
export function startReplayClock(clock: Clock, speed: number): ReplayClock {
  const startedAtMs = clock.monotonicMs()
  const passedMs = (): number => clock.monotonicMs() - startedAtMs
  return {
    get elapsedS() {
      return (passedMs() * speed) / 1000
    },
    at: (elapsedS, task) => clock.after(Math.max(0, (elapsedS * 1000) / speed - passedMs()), task),
  }
}
