/** Dear work, so much at a time and the rest in a line of bounded length: a flood costs no more than that. */

export interface TurnstileLimits {
  readonly runningCount: number
  /** Of those who are expected, and as many again of those who are not. */
  readonly waitingCount: number
  /** Of one source, running and waiting, so that nobody fills the line alone. */
  readonly perSourceCount: number
}

interface Entrant {
  readonly source: string
  /** Waits in a line of its own, which goes first: a flood of strangers keeps out strangers only. */
  readonly isExpected: boolean
}

export interface Turnstile {
  /** Runs the work in its turn, or answers 'busy' at once. */
  pass<Result>(entrant: Entrant, work: () => Promise<Result>): Promise<Result | 'busy'>
}

export function createTurnstile(limits: TurnstileLimits): Turnstile {
  const expected: (() => void)[] = []
  const strangers: (() => void)[] = []
  const bySource = new Map<string, number>()
  let runningCount = 0

  const enter = async (line: (() => void)[]): Promise<void> => {
    if (runningCount < limits.runningCount) {
      runningCount += 1
      return
    }
    // Whoever leaves hands its place over, so the number of those inside stays what it was.
    await new Promise<void>((resolve) => line.push(resolve))
  }
  const leave = (): void => {
    const next = expected.shift() ?? strangers.shift()
    if (next === undefined) runningCount -= 1
    else next()
  }

  return {
    async pass({ source, isExpected }, work) {
      const line = isExpected ? expected : strangers
      const ofSource = bySource.get(source) ?? 0
      const isLineFull = runningCount >= limits.runningCount && line.length >= limits.waitingCount
      if (isLineFull || ofSource >= limits.perSourceCount) return 'busy'
      bySource.set(source, ofSource + 1)
      await enter(line)
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
