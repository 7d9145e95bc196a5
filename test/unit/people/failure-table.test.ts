import { describe, expect, it } from '@jest/globals'
import { delayMs, FailureTable, type DelayRule } from '../../../gateway/people/failure-table.ts'

const RULE: DelayRule = { freeCount: 5, firstMs: 1_000, longestMs: 900_000, forgottenAfterMs: 86_400_000 }
const table = (longest = 100) => new FailureTable(RULE, longest, [])
const failed = (count: number, here = table(), key = 'anna') => {
  for (let time = 0; time < count; time += 1) here.add(key, 1_000_000)
  return here
}

describe('the delay after failures', () => {
  it('is nothing for the free ones, then doubles up to the longest', () => {
    const counts = [1, 4, 5, 6, 7, 10, 14, 15, 16, 1_000_000]
    expect(counts.map((count) => delayMs(count, RULE))).toEqual([
      0, 0, 1_000, 2_000, 4_000, 32_000, 512_000, 900_000, 900_000, 900_000,
    ])
  })

  it('runs off with time, and ends', () => {
    const here = failed(7)
    expect(here.waitMs('anna', 1_000_000)).toBe(4_000)
    expect(here.waitMs('anna', 1_003_999)).toBe(1)
    expect(here.waitMs('anna', 1_004_000)).toBe(0)
    expect(here.waitMs('bert', 1_000_000)).toBe(0)
  })

  it('is forgotten with the failures, a day after the last', () => {
    const here = failed(20)
    expect(here.waitMs('anna', 1_000_000 + RULE.forgottenAfterMs)).toBe(0)
    here.add('anna', 1_000_000 + RULE.forgottenAfterMs)
    expect(here.rows()).toEqual([['anna', { count: 1, lastAtMs: 1_000_000 + RULE.forgottenAfterMs }]])
  })

  it('does not grow when the clock is set back, and still ends', () => {
    const here = failed(6)
    expect(here.waitMs('anna', 500_000)).toBe(2_000)
    expect(here.waitMs('anna', 502_000)).toBe(0)
  })

  it('leaves out what came before the delays were ended by hand', () => {
    const here = failed(10)
    expect(here.waitMs('anna', 1_000_000, 1_000_000)).toBe(0)
    here.add('anna', 1_000_001, 1_000_000)
    expect(here.waitMs('anna', 1_000_001, 1_000_000)).toBe(0)
  })

  it('is as it was before when the last failure is taken back', () => {
    const here = failed(6)
    here.add('anna', 1_500_000)()
    expect(here.rows()).toEqual([['anna', { count: 6, lastAtMs: 1_000_000 }]])
    here.add('bert', 1_500_000)()
    expect(here.rows()).toHaveLength(1)
  })
})

describe('the table of failures', () => {
  it('stays bounded, and gives up the fewest and oldest failures first', () => {
    const here = failed(12, table(3), 'victim')
    here.add('old', 2_000_000)
    here.add('young', 3_000_000)
    for (let flood = 0; flood < 50; flood += 1) here.add(`flood-${flood}`, 4_000_000 + flood)
    expect(here.rows()).toHaveLength(3)
    expect(here.waitMs('victim', 1_000_000)).toBe(128_000)
  })

  it('makes room by what is forgotten anyway', () => {
    const here = failed(12, table(2), 'past')
    const laterMs = 1_000_000 + RULE.forgottenAfterMs
    here.add('a', laterMs)
    here.add('b', laterMs)
    expect(here.rows().map(([key]) => key)).toEqual(['a', 'b'])
  })
})
