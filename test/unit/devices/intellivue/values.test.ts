import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { float32 as decodeWord } from '../../../../devices/intellivue/float.ts'
import { decodeFloat, encodeFloat } from '../../../../devices/framing/ieee11073-float.ts'
import { METRICS } from '../../../../devices/metrics.ts'
import type { Observation } from '../../../../devices/protocol.ts'
import { createStamper } from '../../../../gateway/stages/stamp.ts'
import { absoluteTime, attribute, text16, u16, u32 } from '../../../../simulators/intellivue-octets.ts'
import { describeMonitor } from '../../../../simulators/intellivue-greeting.ts'
import {
  compoundAttribute,
  decodeAll,
  numericAttribute,
  observedValue,
  readLive,
  resultOf,
  type Observed,
} from '../../../support/intellivue-messages.ts'

const SEED = 20_260_920
const HR = 0x4182
const SPO2 = 0x4bb8

const decodeOne = (observed: Observed) => {
  const lines = decodeAll(resultOf([numericAttribute(observed)]))
  expect(lines).toHaveLength(1)
  return lines[0]
}

describe('a FLOAT of a monitor', () => {
  it.each([
    [0xff0003b6, 95],
    [0xfe000e80, 37.12],
    [0xfffffff1, -1.5],
    [0x00000078, 120],
    [0x02000003, 300],
    [0xfd000001, 0.001],
    [0x007fffff, NaN],
    [0xff7fffff, NaN],
    [0x00800000, NaN],
    [0x00800001, NaN],
    [0x007ffffe, Infinity],
    [0x00800002, -Infinity],
  ])('%i is %d', (word, value) => {
    expect(decodeWord(word)).toBe(value)
  })

  it('is what its decimals say, to the last bit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -8_388_605, max: 8_388_605 }),
        fc.integer({ min: -128, max: 127 }),
        (m, e) => {
          const word = ((e & 0xff) * 0x1000000 + (m & 0xffffff)) >>> 0
          const medical = decodeFloat(word)
          expect('value' in medical ? medical.value + 0 : medical).toBe(decodeWord(word) + 0)
        },
      ),
      { seed: SEED, numRuns: 2000 },
    )
  })
})

describe('a numeric', () => {
  it.each<readonly [string, Partial<Observed>, object]>([
    ['plain', {}, { value: 72, q: 'valid' }],
    ['in alarm', { state: 0x0002 }, { value: 72, q: 'valid', why: ['in_alarm'] }],
    ['with alarms off', { state: 0x0001 }, { value: 72, q: 'valid', why: ['alarms_off'] }],
    ['validated', { state: 0x0080 }, { value: 72, q: 'valid', why: ['validated'] }],
    ['early', { state: 0x0040 }, { value: 72, q: 'valid', why: ['early'] }],
    ['questionable', { state: 0x4000 }, { value: 72, q: 'questionable', why: ['questionable'] }],
    ['invalid', { state: 0x8000 }, { value: 72, q: 'invalid', why: ['invalid'] }],
    [
      'unavailable, with a number left over',
      { state: 0x2000 },
      { value: 72, q: 'invalid', why: ['unavailable'] },
    ],
    ['calibrating', { state: 0x1000 }, { value: 72, q: 'calibrating', why: ['calibrating'] }],
    ['of a test', { state: 0x0800 }, { value: 72, q: 'invalid', why: ['test'] }],
    ['of a demonstration', { state: 0x0400 }, { value: 72, q: 'invalid', why: ['demo'] }],
    [
      'of a demonstration in alarm',
      { state: 0x0402 },
      { value: 72, q: 'invalid', why: ['demo', 'in_alarm'] },
    ],
    ['with a bit nobody explains', { state: 0x0100 }, { value: 72, q: 'invalid', why: ['state_0100'] }],
    ['ongoing', { state: 0x0020 }, { value: 72, q: 'invalid', why: ['ongoing'] }],
    ['demo and questionable', { state: 0x4400 }, { value: 72, q: 'invalid', why: ['demo', 'questionable'] }],
    [
      'without a sensor',
      { state: 0x8000, word: 0x007fffff },
      { value: null, q: 'invalid', why: ['invalid'] },
    ],
    [
      'not measured yet',
      { state: 0x2000, word: 0x007fffff },
      { value: null, q: 'absent', why: ['unavailable'] },
    ],
    ['NaN without a reason', { word: 0x007fffff }, { value: null, q: 'absent', why: ['no_value'] }],
    ['NRes', { word: 0x00800000 }, { value: null, q: 'absent' }],
    ['reserved', { word: 0x00800001 }, { value: null, q: 'absent' }],
    ['above', { word: 0x007ffffe }, { value: null, q: 'over' }],
    ['below', { word: 0x00800002 }, { value: null, q: 'under' }],
    [
      'above in a demonstration',
      { state: 0x0400, word: 0x007ffffe },
      { value: null, q: 'invalid', why: ['demo'] },
    ],
    ['zero', { word: 0 }, { value: 0, q: 'valid' }],
    ['negative', { word: 0x00fffffe }, { value: -2, q: 'valid' }],
  ])('that is %s keeps what may be kept', (_, observed, expected) => {
    expect(decodeOne({ physioId: HR, ...observed })).toMatchObject({ mdc: 147842, ...expected })
  })

  it('in a unit that its code is not known in is a text, and is not converted', () => {
    expect(decodeOne({ physioId: SPO2, unit: 0x0f20, word: 97 })).toEqual({
      kind: 'text',
      ref: 'MDC_PULS_OXIM_SAT_O2',
      value: 97,
      unit: 'mm[Hg]',
    })
    expect(decodeOne({ physioId: HR, unit: 0x1234 })).toEqual({
      kind: 'text',
      ref: 'MDC_ECG_HEART_RATE',
      value: 72,
    })
  })

  it('in another unit of its row keeps that unit', () => {
    expect(decodeOne({ physioId: 0x4a05, unit: 0x0f03, word: 0xff00009d })).toMatchObject({
      ref: 'MDC_PRESS_BLD_NONINV_SYS',
      value: 15.7,
      unit: 'kPa',
    })
  })

  it.each([0xf001, 0xf002, 0xf003, 0xf0e5, 0xffff])(
    'of the private id %i has no code, also where the sum would be one of ours',
    (physioId) => {
      for (const unit of [0x0220, 0x0aa0, 0x0200])
        expect(decodeOne({ physioId, unit })).toMatchObject({ kind: 'text', value: 72 })
    },
  )

  it('of a physio id nobody knows is a text under that id', () => {
    expect(decodeOne({ physioId: 0x4001 })).toMatchObject({ kind: 'text', ref: 'physio-4001', unit: '/min' })
  })

  it('of every metric of the nomenclature is found under its low word, and under nothing else', () => {
    for (const { mdc, ref, unit } of Object.values(METRICS)) {
      const physioId = mdc - 131072
      if (unit !== 'mm[Hg]' || physioId <= 0 || physioId >= 0xf000) continue
      expect(decodeOne({ physioId, unit: 0x0f20, word: 20 })).toMatchObject({ kind: 'numeric', mdc, ref })
    }
  })

  it('of a compound is told by its id, whatever its place', () => {
    const observed = [0x4a17, 0x4a15, 0x4a16].map((physioId, word) => ({
      physioId,
      unit: 0x0f20,
      word: 90 + word,
    }))
    expect(decodeAll(resultOf([compoundAttribute(observed)])).map(({ ref, value }) => [ref, value])).toEqual([
      ['MDC_PRESS_BLD_ART_ABP_MEAN', 90],
      ['MDC_PRESS_BLD_ART_ABP_SYS', 91],
      ['MDC_PRESS_BLD_ART_ABP_DIA', 92],
    ])
  })

  it.each([
    ['a count larger than its length', [...u16(3), ...u16(10), ...observedValue({ physioId: HR })]],
    ['a count smaller than its length', [...u16(0), ...u16(10), ...observedValue({ physioId: HR })]],
    ['a length larger than what is there', [...u16(1), ...u16(20), ...observedValue({ physioId: HR })]],
    ['an octet too many', [...u16(1), ...u16(11), ...observedValue({ physioId: HR }), 0]],
    ['a count without end', [...u16(0xffff), ...u16(10), ...observedValue({ physioId: HR })]],
  ])('of a compound with %s is not believed, and what follows is', (_, octets) => {
    const lines = decodeAll(
      resultOf([attribute(0x094b, octets), numericAttribute({ physioId: SPO2, unit: 0x0220 })]),
    )
    expect(lines.map(({ kind }) => kind)).toEqual(['discarded', 'numeric'])
  })

  it.each([9, 11, 0])('of %i octets is malformed', (size) => {
    const octets = Array.from({ length: size }, () => 0x41)
    expect(decodeAll(resultOf([attribute(0x0950, octets)]))).toMatchObject([
      { kind: 'discarded', reason: 'malformed' },
    ])
  })
})

describe('what a driver takes from a numeric', () => {
  const stamp = createStamper({
    device: 'mon-1',
    protocol: { id: 'intellivue-lan', version: '1.0.0', ttlMs: 4000, uncertaintyMs: 1500 },
    linkName: 'serial',
    bootId: 'b1',
  })

  it('is never a number of a demonstration or a test, in any state', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffff),
        fc.constantFrom(0x0400, 0x0800),
        fc.constantFrom(HR, 0xf0e5),
        (bits, mark, id) => {
          const state = bits | mark
          const outputs = readLive(resultOf([numericAttribute({ physioId: id, state })]))
          expect(outputs.filter(({ kind }) => kind !== 'observation')).toEqual([])
          for (const output of outputs)
            if (output.kind === 'observation')
              for (const metric of stamp(output, 0).metrics)
                expect(metric).toMatchObject({ value: null, q: 'invalid' })
        },
      ),
      { seed: SEED, numRuns: 500 },
    )
  })

  it('is nothing while the measurement goes on', () => {
    expect(readLive(resultOf([numericAttribute({ physioId: 0x4a05, unit: 0x0f20, state: 0x0020 })]))).toEqual(
      [],
    )
  })

  it('is a private value once, until it changes', () => {
    const message = (word: number) => resultOf([numericAttribute({ physioId: 0xf0e5, word })])
    const outputs = readLive(message(60), message(60), message(61), message(60))
    expect(outputs.map((output) => output.kind === 'text' && output.value)).toEqual([60, 61, 60])
  })
})

describe('a value with a time stamp of its own', () => {
  const startMs = Date.parse('2026-09-20T10:15:00Z')
  const greeting = describeMonitor({ serial: '0000000007', nowMs: startMs, ticks: 0 })
  const cuff = (stampedMs: number, word: number, ticks: number, state = 0) =>
    resultOf(
      [
        attribute(0x0990, absoluteTime(stampedMs)),
        compoundAttribute([{ physioId: 0x4a05, unit: 0x0f20, word, state }]),
      ],
      { ticks },
    )
  const observations = (...messages: readonly Uint8Array[]): readonly Observation[] =>
    readLive(greeting, ...messages).flatMap((output) => (output.kind === 'observation' ? [output] : []))

  it('is told once under that time', () => {
    const outputs = observations(
      cuff(startMs, 120, 8000),
      cuff(startMs, 120, 16_000),
      cuff(startMs + 60_000, 120, 500_000),
    )
    expect(outputs.map(({ deviceTime }) => deviceTime?.epochMs)).toEqual([startMs, startMs + 60_000])
  })

  it('lives from its stamp on, not from when it was heard', () => {
    const [first] = observations(cuff(startMs - 600_000, 120, 0))
    expect(first?.ttlMs).toBe(1_200_000)
  })

  it('that is hours old is history', () => {
    const [first] = observations(cuff(startMs - 7_200_000, 120, 0))
    expect(first?.isHistory).toBe(true)
  })

  it('is told again when the device takes it back', () => {
    const outputs = observations(cuff(startMs, 120, 8000), cuff(startMs, 120, 16_000, 0x8000))
    expect(outputs.map(({ numerics }) => numerics[0]?.quality)).toEqual(['valid', 'invalid'])
  })

  it('is a value of now when the stamp is none', () => {
    const message = resultOf([
      attribute(
        0x0990,
        Array.from({ length: 8 }, () => 0xff),
      ),
      numericAttribute({ physioId: HR }),
    ])
    expect(observations(message)).toMatchObject([{ numerics: [{ value: 72 }] }])
  })
})

describe('the clock of a monitor', () => {
  it('dates each result by its ticks, also across the round of the counter', () => {
    const startMs = Date.parse('2026-12-31T23:59:59.5Z')
    const greeting = describeMonitor({ serial: '0000000007', nowMs: startMs, ticks: 0xffffffff })
    const first = readLive(greeting, resultOf([numericAttribute({ physioId: HR })], { ticks: 7999 })).find(
      ({ kind }) => kind === 'observation',
    )
    expect(first).toMatchObject({ deviceTime: { epochMs: startMs + 1000, zone: 'unknown' } })
  })
})

describe('labels', () => {
  it('are no names: two objects may share one, and control characters do not pass', () => {
    const message = resultOf([
      attribute(0x092f, [...u16(1), ...u16(9)]),
      attribute(0x0927, text16('A\u001b[2J\nB')),
      attribute(0x096d, [...u16(32), 16, 12, ...u16(0)]),
      attribute(0x098d, u32(64)),
    ])
    expect(decodeAll(message)[0]?.['ref']).toBe('A [2J B spec')
  })

  it('with a length beyond their attribute are none', () => {
    const message = resultOf([attribute(0x0927, [...u16(400), 0, 65]), numericAttribute({ physioId: HR })])
    expect(decodeAll(message).map(({ kind }) => kind)).toEqual(['discarded', 'numeric'])
  })
})

it('the encoder of the tests agrees with the one of the house', () => {
  expect(encodeFloat(95, 1)).toBe(0xff0003b6)
})
