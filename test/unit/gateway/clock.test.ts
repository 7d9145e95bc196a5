import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { systemClock } from '../../../gateway/clock.ts'

const DAY_MS = 86_400_000

beforeEach(() => {
  jest.useFakeTimers({ now: 0 })
})
afterEach(() => {
  jest.useRealTimers()
})

describe('the clock of the machine', () => {
  it.each([
    { name: 'an hour', delayMs: 3_600_000 },
    { name: 'the longest delay that a timer of Node takes', delayMs: 2 ** 31 - 1 },
    { name: 'one millisecond more than that', delayMs: 2 ** 31 },
    { name: 'four hundred days', delayMs: 400 * DAY_MS },
  ])('waits $name, and neither less nor more', ({ delayMs }) => {
    const firedAtMs: number[] = []
    systemClock.after(delayMs, () => firedAtMs.push(systemClock.monotonicMs()))
    const startedAtMs = systemClock.monotonicMs()
    jest.advanceTimersByTime(delayMs - 1)
    expect(firedAtMs).toEqual([])
    jest.advanceTimersByTime(1)
    expect(firedAtMs).toEqual([startedAtMs + delayMs])
    jest.advanceTimersByTime(2 * delayMs)
    expect(firedAtMs).toHaveLength(1)
  })

  it.each([
    { name: 'an hour', periodMs: 3_600_000 },
    { name: 'twenty-five days, more than a timer of Node takes', periodMs: 25 * DAY_MS },
    { name: 'a year', periodMs: 365 * DAY_MS },
  ])('keeps a period of $name through ten turns without creeping', ({ periodMs }) => {
    const startedAtMs = systemClock.monotonicMs()
    const turns: number[] = []
    const cancel = systemClock.every(periodMs, () => turns.push(systemClock.monotonicMs() - startedAtMs))
    jest.advanceTimersByTime(10 * periodMs)
    expect(turns).toEqual(Array.from({ length: 10 }, (_, index) => (index + 1) * periodMs))
    cancel()
    jest.advanceTimersByTime(3 * periodMs)
    expect(turns).toHaveLength(10)
  })

  it('ends a long period also when it is cancelled from within a turn', () => {
    let turns = 0
    const cancel = systemClock.every(30 * DAY_MS, () => {
      turns += 1
      cancel()
    })
    jest.advanceTimersByTime(200 * DAY_MS)
    expect(turns).toBe(1)
    expect(jest.getTimerCount()).toBe(0)
  })
})
