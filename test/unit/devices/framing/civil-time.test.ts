import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { epochMsOf } from '../../../../devices/framing/civil-time.ts'

const at = (year: number, month: number, day: number) => ({ year, month, day, hour: 0, minute: 0, second: 0 })

describe('epochMsOf', () => {
  it('agrees with the calendar of the platform for every second from 1900 to 2199', () => {
    const from = Date.UTC(1900, 0, 1) / 1000
    const to = Date.UTC(2200, 0, 1) / 1000 - 1
    fc.assert(
      fc.property(fc.integer({ min: from, max: to }), (seconds) => {
        const date = new Date(seconds * 1000)
        const time = {
          year: date.getUTCFullYear(),
          month: date.getUTCMonth() + 1,
          day: date.getUTCDate(),
          hour: date.getUTCHours(),
          minute: date.getUTCMinutes(),
          second: date.getUTCSeconds(),
        }
        expect(epochMsOf(time)).toBe(seconds * 1000)
      }),
      { seed: 20_260_920, numRuns: 1000 },
    )
  })

  it.each([
    [2000, 2, 29, true],
    [1900, 2, 29, false],
    [2024, 2, 29, true],
    [2023, 2, 29, false],
    [2023, 4, 31, false],
    [2023, 12, 31, true],
    [2023, 0, 1, false],
    [2023, 13, 1, false],
    [2023, 1, 0, false],
  ])('knows whether %i-%i-%i is a day', (year, month, day, isDay) => {
    expect(epochMsOf(at(year, month, day)) !== undefined).toBe(isDay)
  })

  it.each([
    { hour: 24, minute: 0, second: 0 },
    { hour: 0, minute: 60, second: 0 },
    { hour: 0, minute: 0, second: 60 },
  ])('refuses the time %j', (time) => {
    expect(epochMsOf({ ...at(2023, 1, 1), ...time })).toBeUndefined()
  })
})
