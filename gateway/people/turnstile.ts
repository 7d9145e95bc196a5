/** Dear work, so much at a time and the rest in a line of bounded length: a flood costs no more than that. */

export interface TurnstileLimits {
  readonly runningCount: number
  readonly waitingCount: number
  /** Of one source, running and waiting, so that nobody fills the line alone. */
  readonly perSourceCount: number
}

export interface Turnstile {
  /** Runs the work in its turn, or answers 'busy' at once. */
  pass<Result>(source: string, work: () => Promise<Result>): Promise<Result | 'busy'>
}

export function createTurnstile(limits: TurnstileLimits): Turnstile {
  const waiting: (() => void)[] = []
  const bySource = new Map<string, number>()
  let runningCount = 0

  const enter = async (): Promise<void> => {
    if (runningCount < limits.runningCount) {
      runningCount += 1
      return
    }
    // Whoever leaves hands its place over, so the number of those inside stays what it was.
    await new Promise<void>((resolve) => waiting.push(resolve))
  }
  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) runningCount -= 1
    else next()
  }

  return {
    async pass(source, work) {
      const ofSource = bySource.get(source) ?? 0
      const isLineFull = runningCount >= limits.runningCount && waiting.length >= limits.waitingCount
      if (isLineFull || ofSource >= limits.perSourceCount) return 'busy'
      bySource.set(source, ofSource + 1)
      await enter()
      try {
        return await work()
      } finally {
        leave()
        const left = (bySource.get(source) ?? 1) - 1
        if (left === 0) bySource.delete(source)
        else bySource.set(source, left)
      }
    },
  }
}
