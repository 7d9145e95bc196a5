/** One step of a dial under its time limit and the caller's abort; what loses is undone. */

import type { Clock } from '../clock.ts'

export interface Settle<Result> {
  done(this: void, result: Result): void
  fail(this: void, error: Error): void
}

export interface Step<Result> {
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
  readonly limitMs: number
  /** Starts the step and answers how to undo it. */
  start(settle: Settle<Result>): () => void
  onLimit(): Error
  onAbort(): Error
}

export function withinLimit<Result>(step: Step<Result>): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    let isSettled = false
    let undo = (): void => undefined
    const settle = (act: () => void): void => {
      if (isSettled) return
      isSettled = true
      cancelLimit()
      step.signal?.removeEventListener('abort', abort)
      act()
    }
    const fail = (error: Error): void =>
      settle(() => {
        undo()
        reject(error)
      })
    const abort = (): void => fail(step.onAbort())
    const cancelLimit = step.clock.after(step.limitMs, () => fail(step.onLimit()))
    step.signal?.addEventListener('abort', abort)
    undo = step.start({ done: (result) => settle(() => resolve(result)), fail })
    if (step.signal?.aborted === true) abort()
  })
}
