import { describe, expect, it } from '@jest/globals'
import { ExpiryTimer } from '../../../gateway/broker/expiry-timer.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const DAY_MS = 86_400_000
const START_MS = Date.parse('2026-09-20T10:15:00.000Z')

function make() {
  const clock = new FakeClock(START_MS)
  const firedAtMs: number[] = []
  const timer = new ExpiryTimer(clock, () => firedAtMs.push(clock.nowMs() - START_MS))
  return { clock, timer, firedAtMs }
}

describe('the timer of the next end', () => {
  it('wakes a millisecond after the certificate that ends first, whatever the order of arrival', () => {
    const { clock, timer, firedAtMs } = make()
    timer.add(START_MS + 5_000)
    timer.add(START_MS + 2_000)
    timer.add(START_MS + 9_000)
    clock.advance(2_000)
    expect(firedAtMs).toEqual([])
    clock.advance(1)
    expect(firedAtMs).toEqual([2_001])
  })

  it('goes on with those that are left', () => {
    const { clock, timer, firedAtMs } = make()
    timer.add(START_MS + 2_000)
    clock.advance(2_001)
    timer.reset([START_MS + 2_000, START_MS + 7_000])
    clock.advance(4_999)
    expect(firedAtMs).toEqual([2_001])
    clock.advance(1)
    expect(firedAtMs).toEqual([2_001, 7_001])
  })

  it('holds one timer at most, none without sessions, and none after it was stopped', () => {
    const { clock, timer } = make()
    timer.add(START_MS + 2_000)
    timer.add(START_MS + 1_000)
    expect(clock.pendingCount).toBe(1)
    timer.reset([])
    expect(clock.pendingCount).toBe(0)
    timer.add(START_MS + 400 * DAY_MS)
    expect(clock.pendingCount).toBe(1)
    timer.stop()
    expect(clock.pendingCount).toBe(0)
  })

  it('takes no notice of a date that cannot be read', () => {
    const { clock, timer } = make()
    timer.add(Number.NaN)
    timer.reset([Number.NaN])
    expect(clock.pendingCount).toBe(0)
  })
})
