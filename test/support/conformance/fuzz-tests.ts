import { expect, it } from '@jest/globals'
import { fuzz, type FuzzTarget } from './fuzz.ts'

/** Seconds for all targets together; `npm run fuzz` gives more. */
const SECONDS = Number(process.env['WARDGATE_FUZZ_SECONDS'] ?? '6')
const SEED = Number(process.env['WARDGATE_FUZZ_SEED'] ?? '20260920')
const ONLY = process.env['WARDGATE_FUZZ_PROTOCOL']
const SPARE_MS = 60_000

export function describeFuzz(targets: readonly FuzzTarget[]): void {
  const chosen = targets.filter(({ id }) => ONLY === undefined || id === ONLY)
  if (chosen.length === 0)
    throw new Error(`no protocol '${ONLY}' to fuzz; known are ${targets.map(({ id }) => id).join(', ')}`)
  const budgetMs = (SECONDS * 1000) / chosen.length

  it.each(chosen)(
    '$id survives changed bytes',
    (target) => {
      const { failure, runs, kinds } = fuzz(target, SEED, budgetMs)
      if (failure !== undefined) throw new Error(failure)
      if (SECONDS > 60) process.stdout.write(`${target.id}: ${runs} runs, ${kinds} kinds of output\n`)
      expect(runs).toBeGreaterThan(0)
    },
    budgetMs + SPARE_MS,
  )
}
