import type { Clock } from '../gateway/clock.ts'
import { startReplayClock } from './replay-clock.ts'
import type { Due } from './timeline.ts'

export interface Playing {
  /** At the end of the timeline, or after `stop`. */
  readonly finished: Promise<void>
  stop(): void
}

export interface PlayOptions {
  readonly clock: Clock
  readonly speed: number
  /** Begins again with the first thing when the last one has been said. */
  readonly isLoop: boolean
  readonly say: (due: Due) => void
}

/** Says everything on the timeline when it is due. */
export function play(dues: Iterable<Due>, { clock, speed, isLoop, say }: PlayOptions): Playing {
  let cancel: (() => void) | undefined
  let finish = (): void => undefined
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })

  const pass = (): void => {
    const replay = startReplayClock(clock, speed)
    const rest = dues[Symbol.iterator]()
    const next = (): void => {
      const step = rest.next()
      if (step.done === true) {
        if (isLoop) cancel = clock.after(LOOP_PAUSE_MS, pass)
        else finish()
        return
      }
      const due = step.value
      cancel = replay.at(due.elapsedS, () => {
        say(due)
        next()
      })
    }
    next()
  }
  pass()
  return {
    finished,
    stop: () => {
      cancel?.()
      finish()
    },
  }
}

// As long as the last message of a device that sends once a second stays alone.
const LOOP_PAUSE_MS = 1000
