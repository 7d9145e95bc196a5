import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { isShed, NO_STRAIN, shedGroup, strainAfter } from '../../../gateway/broker/overload.ts'
import { watchLoad } from '../../../gateway/broker/load-shedding.ts'
import { CounterRecord, EventRecord } from '../../support/broker-bench.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const WAVEFORM = 'vitals/v1/icu/b01/mon-1/waveform/ecg'
const HISTORY = 'vitals/v1/icu/b01/mon-1/history'

const levelsOf = (delays: readonly number[]): readonly string[] => {
  let strain = NO_STRAIN
  return delays.map((delayMs) => {
    strain = strainAfter(strain, delayMs)
    return strain.level
  })
}

describe('what is left out', () => {
  it('is nothing while the event loop comes round in time', () => {
    expect(levelsOf([0, 20, 99])).toEqual(['nothing', 'nothing', 'nothing'])
  })

  it('is waveforms first, and history only at the next look', () => {
    expect(levelsOf([900, 900, 900])).toEqual(['waveforms', 'history', 'history'])
    expect(levelsOf([100, 249])).toEqual(['waveforms', 'waveforms'])
  })

  it('comes back one by one, each after five calm looks in a row', () => {
    const calm = Array.from({ length: 10 }, () => 10)
    expect(levelsOf([300, 300, ...calm]).join(' ')).toBe(
      'waveforms history history history history history waveforms waveforms waveforms waveforms waveforms nothing',
    )
    expect(levelsOf([100, 10, 10, 10, 10, 50, 10, 10, 10, 10, 10]).slice(-2)).toEqual([
      'waveforms',
      'nothing',
    ])
  })

  it.each([
    'vitals/v1/icu/b01/mon-1/numeric',
    'vitals/v1/icu/b01/mon-1/alert/a1',
    'vitals/v1/icu/b01/mon-1/state',
    'vitals/v1/icu/b01/mon-1/last',
    'ingest/v1/mon-1/numeric',
    'ingest/v1/mon-1/alert',
    'ops/v1/gw-1/state',
    'waveform',
    'a/b/c/d/e/waveform/ecg',
  ])('is never %s', (topic) => {
    expect([shedGroup(topic, 0), shedGroup(topic, 1)]).toEqual([undefined, undefined])
  })

  it('is no waveform that is to be acknowledged', () => {
    expect(shedGroup(WAVEFORM, 1)).toBeUndefined()
    expect(shedGroup(WAVEFORM, 0)).toBe('waveforms')
    expect(shedGroup('ingest/v1/mon-1/waveform', 0)).toBe('waveforms')
    expect(shedGroup(HISTORY, 1)).toBe('history')
  })

  it('is whatever the level below leaves out, too', () => {
    expect([isShed('waveforms', 'history'), isShed('history', 'waveforms')]).toEqual([true, false])
  })

  it('never jumps a level, and always comes to an end in calm', () => {
    const order = ['nothing', 'waveforms', 'history']
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 2_000, noNaN: true })), (delays) => {
        const levels = levelsOf([...delays, ...Array.from({ length: 10 }, () => 0)])
        const ranks = ['nothing', ...levels].map((level) => order.indexOf(level))
        for (const [index, rank] of ranks.entries())
          expect(Math.abs(rank - (ranks[index - 1] ?? rank))).toBeLessThanOrEqual(1)
        expect(levels.at(-1)).toBe('nothing')
      }),
      { seed: 20_261_130 },
    )
  })
})

describe('the watch over the load', () => {
  it('says when it begins and ends to leave out, and how much it was', () => {
    const clock = new FakeClock()
    const events = new EventRecord()
    const counters = new CounterRecord()
    let delayMs = 0
    const load = watchLoad({
      clock,
      events,
      counters,
      loopDelay: { takeMs: () => delayMs, stop: () => undefined },
    })
    expect(load.leavesOut(WAVEFORM, 0)).toBe(false)
    delayMs = 120
    clock.advance(500)
    expect([load.leavesOut(WAVEFORM, 0), load.leavesOut(HISTORY, 1)]).toEqual([true, false])
    expect(load.leavesOut('vitals/v1/icu/b01/mon-1/numeric', 1)).toBe(false)
    delayMs = 300
    clock.advance(500)
    expect(load.leavesOut(HISTORY, 1)).toBe(true)
    delayMs = 0
    clock.advance(10_000)
    expect(load.leavesOut(WAVEFORM, 0)).toBe(false)
    const phases = events.named('overload').map(({ detail }) => [detail['phase'], detail['leavingOut']])
    expect(phases).toEqual([
      ['begin', 'waveforms'],
      ['change', 'history'],
      ['change', 'waveforms'],
      ['end', 'nothing'],
    ])
    expect(events.named('overload').at(-1)?.detail).toMatchObject({
      waveformsLeftOut: 1,
      historyLeftOut: 1,
      lastedMs: 5_500,
    })
    expect(counters.counts.get('dropped_total')).toBe(2)
    load.stop()
  })
})
