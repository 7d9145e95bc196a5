import { describe, expect, it } from '@jest/globals'
import { Retries } from '../../../gateway/upkeep/retries.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

describe('a failure', () => {
  it('is tried again after 1, 2, 4, 8, 16, 32 minutes and then every hour', () => {
    const retries = new Retries()
    let nowMs = 0
    const waits: number[] = []
    for (let turn = 0; turn < 9; turn += 1) {
      retries.fail('x', 'disk full', nowMs)
      const waitMs = retries.nextInMs(nowMs) ?? 0
      waits.push(waitMs / MINUTE_MS)
      expect(retries.isWaiting('x', nowMs + waitMs - 1)).toBe(true)
      expect(retries.isWaiting('x', nowMs + waitMs)).toBe(false)
      nowMs += waitMs
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
  })

  it('is news the first time, for another reason, and once a day', () => {
    const retries = new Retries()
    expect(retries.fail('x', 'disk full', 0)).toBe(true)
    expect(retries.fail('x', 'disk full', MINUTE_MS)).toBe(false)
    expect(retries.fail('x', 'read-only', 2 * MINUTE_MS)).toBe(true)
    expect(retries.fail('x', 'read-only', DAY_MS)).toBe(false)
    expect(retries.fail('x', 'read-only', DAY_MS + 2 * MINUTE_MS)).toBe(true)
  })

  it('is forgotten with a success', () => {
    const retries = new Retries()
    retries.fail('x', 'disk full', 0)
    retries.succeed('x')
    expect(retries.nextInMs(0)).toBeUndefined()
    expect(retries.isWaiting('x', 0)).toBe(false)
    expect(retries.fail('x', 'disk full', 1)).toBe(true)
  })

  it('that is nobody’s any more, because the thing was done elsewhere, keeps nobody busy', () => {
    const retries = new Retries()
    retries.fail('x', 'disk full', 0)
    expect(retries.nextInMs(DAY_MS)).toBe(MINUTE_MS)
  })

  it('of one thing makes nothing else wait', () => {
    const retries = new Retries()
    retries.fail('x', 'disk full', 0)
    expect(retries.isWaiting('y', 0)).toBe(false)
  })
})
