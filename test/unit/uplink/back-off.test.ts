import { expect, it } from '@jest/globals'
import { backOffMs } from '../../../gateway/uplink/back-off.ts'

it('pauses double up to half a minute, and at least half of each is waited', () => {
  const least = [0, 1, 2, 5, 6, 100, Infinity].map((attempt) => backOffMs(attempt, () => 0))
  const most = [0, 1, 2, 5, 6, 100, Infinity].map((attempt) => backOffMs(attempt, () => 1))
  expect(least).toEqual([250, 500, 1_000, 8_000, 15_000, 15_000, 15_000])
  expect(most).toEqual([500, 1_000, 2_000, 16_000, 30_000, 30_000, 30_000])
})
