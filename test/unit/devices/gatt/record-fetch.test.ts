import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { RecordFetch } from '../../../../devices/gatt/record-fetch.ts'
import { RecordLog } from '../../../../devices/gatt/record-log.ts'
import { keptMemory } from '../../../support/fake-peer.ts'

const SEED = 0x2a52

/** Lets the fetch run against a store until it is over; what it told, in order. */
function run(fetch: RecordFetch, store: readonly number[], breakAfter = Infinity): number[] {
  const told: number[] = []
  let step = fetch.begin(0)
  for (let sent = 0; step.kind === 'ask';) {
    const { request } = step
    const min = request.kind === 'since' ? request.min : 0
    const asked = request.kind === 'newest' ? store.slice(-1) : store.filter((sequence) => sequence >= min)
    for (const sequence of asked) {
      if (sent++ >= breakAfter) {
        fetch.reset()
        return told
      }
      if (fetch.take(sequence, 0)) told.push(sequence)
    }
    step = fetch.answer(asked.length > 0 ? 'success' : 'no-records-found', 0)
  }
  return told
}

describe('fetching stored records', () => {
  it('tells each record once and in order over any breaks and restarts', () => {
    const growth = fc.array(fc.record({ added: fc.nat(6), breakAfter: fc.nat(8), isRestart: fc.boolean() }), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(growth, (rounds) => {
        const memory = keptMemory()
        let fetch = new RecordFetch(new RecordLog(memory))
        const store: number[] = []
        const told: number[] = []
        for (const { added, breakAfter, isRestart } of rounds) {
          for (let count = 0; count < added; count++) store.push(store.length * 3 + 1)
          if (isRestart) fetch = new RecordFetch(new RecordLog(memory))
          told.push(...run(fetch, store, breakAfter))
        }
        told.push(...run(fetch, store))
        expect(told).toEqual(store)
      }),
      { seed: SEED },
    )
  })

  it('asks again for a damaged record and all behind it, and not for ever', () => {
    const fetch = new RecordFetch(new RecordLog(undefined))
    fetch.begin(0)
    expect(fetch.take(1, 0)).toBe(true)
    fetch.spoil(0)
    expect(fetch.take(3, 0)).toBe(false)
    expect(fetch.answer('success', 0)).toEqual({ kind: 'ask', request: { kind: 'since', min: 2 } })
    fetch.spoil(0)
    expect(fetch.answer('success', 0)).toMatchObject({ kind: 'ask' })
    fetch.spoil(0)
    expect(fetch.take(3, 0)).toBe(true)
    expect(fetch.answer('success', 0)).toEqual({ kind: 'over', outcome: 'complete' })
  })

  it('does not lose what is still to come when a live record came first', () => {
    const memory = keptMemory()
    const fetch = new RecordFetch(new RecordLog(memory))
    run(fetch, [1, 2])
    fetch.begin(0)
    expect(fetch.take(9, 0, true)).toBe(true)
    fetch.reset()
    expect(run(fetch, [1, 2, 3, 9])).toEqual([3])
    expect(run(new RecordFetch(new RecordLog(memory)), [1, 2, 3, 9, 10])).toEqual([10])
  })

  it('gives up an abort that is not answered and asks again later', () => {
    const fetch = new RecordFetch(new RecordLog(undefined))
    fetch.begin(0)
    expect(fetch.tick(29_999)).toEqual({ kind: 'wait' })
    expect(fetch.tick(30_000)).toMatchObject({ kind: 'ask', request: { kind: 'abort' } })
    expect(fetch.tick(60_000)).toMatchObject({ kind: 'over', outcome: 'later' })
  })

  it('asks for all when the last number is the largest there is', () => {
    const log = new RecordLog(undefined)
    log.tell(0xffff)
    expect(new RecordFetch(log).begin(0)).toEqual({ kind: 'ask', request: { kind: 'all' } })
  })

  it.each(['', 'x', '-1', '1.5', 'NaN'])('takes a memory that says "%s" for none', (text) => {
    const memory = keptMemory()
    memory.set('record.last', text)
    expect(new RecordLog(memory).last).toBeUndefined()
  })
})
