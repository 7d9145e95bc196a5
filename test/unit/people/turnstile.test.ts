import { describe, expect, it } from '@jest/globals'
import { createTurnstile } from '../../../gateway/people/turnstile.ts'
import { signal } from '../../support/event-log.ts'

const stranger = (source: string) => ({ source, isExpected: false })

/** Work that runs until it is told to end. */
function work() {
  const { done, fire } = signal<void>()
  let hasStarted = false
  return {
    run: async () => {
      hasStarted = true
      await done
      return 'ended' as const
    },
    end: () => fire(),
    get hasStarted() {
      return hasStarted
    },
  }
}

const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the turnstile', () => {
  it('runs so much at a time and the rest in the order in which it came', async () => {
    const turnstile = createTurnstile({ runningCount: 1, waitingCount: 5, perSourceCount: 5 })
    const jobs = [work(), work(), work()]
    const passing = jobs.map(async ({ run }) => turnstile.pass(stranger('a'), run))
    await settled()
    expect(jobs.map(({ hasStarted }) => hasStarted)).toEqual([true, false, false])
    jobs[0]?.end()
    await settled()
    expect(jobs.map(({ hasStarted }) => hasStarted)).toEqual([true, true, false])
    for (const { end } of jobs) end()
    expect(await Promise.all(passing)).toEqual(['ended', 'ended', 'ended'])
  })

  it('answers busy at once when the line is full, and takes the next when there is room', async () => {
    const turnstile = createTurnstile({ runningCount: 1, waitingCount: 1, perSourceCount: 5 })
    const jobs = [work(), work()]
    const passing = jobs.map(async ({ run }) => turnstile.pass(stranger('a'), run))
    expect(await turnstile.pass(stranger('b'), work().run)).toBe('busy')
    for (const { end } of jobs) end()
    await Promise.all(passing)
    expect(await turnstile.pass(stranger('b'), async () => 'again')).toBe('again')
  })

  it('lets nobody fill the line alone', async () => {
    const turnstile = createTurnstile({ runningCount: 1, waitingCount: 9, perSourceCount: 2 })
    const jobs = [work(), work()]
    const passing = jobs.map(async ({ run }) => turnstile.pass(stranger('flood'), run))
    expect(await turnstile.pass(stranger('flood'), work().run)).toBe('busy')
    const other = turnstile.pass(stranger('nurse'), async () => 'in')
    for (const { end } of jobs) end()
    expect(await other).toBe('in')
    await Promise.all(passing)
    expect(await turnstile.pass(stranger('flood'), async () => 'again')).toBe('again')
  })

  it('lets those who are expected go first, whatever the flood of strangers', async () => {
    const turnstile = createTurnstile({ runningCount: 1, waitingCount: 2, perSourceCount: 5 })
    const order: string[] = []
    const first = work()
    const passing: Promise<unknown>[] = [turnstile.pass(stranger('a'), first.run)]
    for (const name of ['b', 'c']) passing.push(turnstile.pass(stranger(name), async () => order.push(name)))
    expect(await turnstile.pass(stranger('d'), work().run)).toBe('busy')
    const nurse = { source: 'e', isExpected: true }
    passing.push(turnstile.pass(nurse, async () => order.push('nurse')))
    first.end()
    await Promise.all(passing)
    expect(order).toEqual(['nurse', 'b', 'c'])
  })

  it('gives the place free when the work fails', async () => {
    const turnstile = createTurnstile({ runningCount: 1, waitingCount: 0, perSourceCount: 1 })
    await expect(
      turnstile.pass(stranger('a'), async () => Promise.reject(new Error('broken'))),
    ).rejects.toThrow('broken')
    expect(await turnstile.pass(stranger('a'), async () => 'in')).toBe('in')
  })
})
