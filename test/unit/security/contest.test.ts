import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { contest, newcomerWins, type ContestFacts } from '../../../gateway/security/contest.ts'

const FACTS: ContestFacts = {
  mayTakeOver: false,
  silentMs: 10_000,
  keepAliveMs: 60_000,
  waitedMs: 0,
  takeOverCount: 0,
}
const decide = (facts: Partial<ContestFacts>): string => {
  const verdict = contest({ ...FACTS, ...facts })
  return verdict.kind === 'take-over' ? verdict.kind : `${verdict.kind}: ${verdict.reason}`
}

describe('a newcomer from the same address, or a person who has logged in', () => {
  it.each([
    { takeOverCount: 0, waitedMs: 0, outcome: 'take-over' },
    { takeOverCount: 2, waitedMs: 0, outcome: 'take-over' },
    { takeOverCount: 3, waitedMs: 0, outcome: 'wait: contended' },
    { takeOverCount: 3, waitedMs: 999, outcome: 'wait: contended' },
    { takeOverCount: 3, waitedMs: 1_000, outcome: 'take-over' },
    { takeOverCount: 4, waitedMs: 1_999, outcome: 'wait: contended' },
    { takeOverCount: 4, waitedMs: 2_000, outcome: 'take-over' },
    { takeOverCount: 6, waitedMs: 7_999, outcome: 'wait: contended' },
    { takeOverCount: 6, waitedMs: 8_000, outcome: 'take-over' },
    { takeOverCount: 1_000, waitedMs: 8_000, outcome: 'take-over' },
  ])(
    'after $takeOverCount take-overs within a minute and $waitedMs ms of waiting: $outcome',
    ({ outcome, ...facts }) => {
      // Whether the holder is alive does not matter: the protocol lets the newcomer win.
      for (const silentMs of [0, 1_000_000])
        expect(decide({ ...facts, mayTakeOver: true, silentMs })).toBe(outcome)
    },
  )
})

describe('a newcomer from another address', () => {
  it.each([
    { name: 'listens for the holder at first', facts: {}, outcome: 'wait: listening' },
    {
      name: 'listens also when the holder was heard a moment before it came',
      facts: { silentMs: 0 },
      outcome: 'wait: listening',
    },
    {
      name: 'is refused when the holder is heard while it waits',
      facts: { silentMs: 99, waitedMs: 100 },
      outcome: 'refuse: holder-heard',
    },
    {
      name: 'takes over when the holder has been silent for one and a half keep alives',
      facts: { silentMs: 90_000 },
      outcome: 'take-over',
    },
    {
      name: 'does not a moment before',
      facts: { silentMs: 89_999 },
      outcome: 'wait: listening',
    },
    {
      name: 'is refused after eight seconds in which nothing was proved',
      facts: { silentMs: 18_000, waitedMs: 8_000 },
      outcome: 'refuse: holder-not-yet-silent',
    },
    {
      name: 'never wins by time over a holder without a keep alive',
      facts: { keepAliveMs: 0, silentMs: 1e9, waitedMs: 8_000 },
      outcome: 'refuse: holder-not-yet-silent',
    },
  ])('$name', ({ facts, outcome }) => {
    expect(decide(facts)).toBe(outcome)
  })
})

describe('any contest', () => {
  it('is decided within eight seconds of waiting, and never against a holder that was heard', () => {
    const facts = fc.record({
      mayTakeOver: fc.boolean(),
      silentMs: fc.nat(1_000_000),
      keepAliveMs: fc.nat(300_000),
      waitedMs: fc.nat(20_000),
      takeOverCount: fc.nat(100),
    })
    fc.assert(
      fc.property(facts, (one) => {
        const verdict = contest(one)
        if (one.waitedMs >= 8_000) expect(verdict.kind).not.toBe('wait')
        const isHeard = one.silentMs < Math.min(one.waitedMs, one.keepAliveMs)
        if (!one.mayTakeOver && isHeard) expect(verdict.kind).toBe('refuse')
      }),
    )
  })

  it('of a suite of the protocol is won by the newcomer', () => {
    expect(newcomerWins({ ...FACTS, takeOverCount: 1_000 })).toEqual({ kind: 'take-over' })
  })
})
