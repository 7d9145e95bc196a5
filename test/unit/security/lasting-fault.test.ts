import { describe, expect, it } from '@jest/globals'
import { LastingFault } from '../../../gateway/security/lasting-fault.ts'
import { EventRecord } from '../../support/broker-bench.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const HOUR_MS = 3_600_000

function make() {
  const events = new EventRecord()
  const clock = new FakeClock()
  const fault = new LastingFault({ events, clock, event: 'it-broke', overEvent: 'it-works' })
  return {
    events,
    clock,
    fault,
    told: () => events.seen.map(({ event, detail }) => [event, Object.values(detail)[0]]),
  }
}

describe('a fault that lasts', () => {
  it('is told at once, once an hour while it lasts, and when it is over', () => {
    const { fault, clock, told } = make()
    for (let look = 0; look < 2 * 3_600 + 1; look += 1) {
      fault.found('disk full')
      clock.advance(1_000)
    }
    fault.over()
    fault.over()
    expect(told()).toEqual([
      ['it-broke', 'disk full'],
      ['it-broke', 'disk full'],
      ['it-broke', 'disk full'],
      ['it-works', 'disk full'],
    ])
    expect(fault.reason).toBeUndefined()
  })

  it('is told at once when it changes', () => {
    const { fault, told } = make()
    fault.found('disk full')
    fault.found('no permission')
    fault.found('no permission')
    expect(told()).toEqual([
      ['it-broke', 'disk full'],
      ['it-broke', 'no permission'],
    ])
    expect(fault.reason).toBe('no permission')
  })

  it('is told an hour after it was last told, by a clock that nobody can set', () => {
    const { fault, clock, told } = make()
    fault.found('disk full')
    clock.step(10 * HOUR_MS)
    fault.found('disk full')
    expect(told()).toHaveLength(1)
    clock.advance(HOUR_MS)
    fault.found('disk full')
    expect(told()).toHaveLength(2)
  })
})
