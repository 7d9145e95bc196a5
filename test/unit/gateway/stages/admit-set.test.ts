import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { METRICS } from '../../../../devices/metrics.ts'
import { readIngestSet, readObservationSet } from '../../../../gateway/contract/read-payload.ts'
import type { IngestSet, WireMetric } from '../../../../gateway/contract/reading.ts'
import { admitSet } from '../../../../gateway/stages/admit-set.ts'
import { BASAL, ingestSet, OXIMETER, payloadOf, PULSE, SPO2 } from '../../../support/sets.ts'

const nowMs = Date.parse('2026-09-20T10:15:00.250Z')
const context = { gateway: 'gw-1', entry: OXIMETER, nowMs }
const admit = (set: IngestSet) => admitSet(set, context)

describe('admitSet', () => {
  it('gives the set the place that the inventory knows, whatever the sender left out', () => {
    const { set, rejected } = admit(ingestSet())
    expect(rejected).toEqual([])
    expect(set).toMatchObject({
      device: 'ox-1',
      bed: 'b01',
      assoc: 'a7f3',
      history: false,
      src: { gateway: 'gw-1' },
    })
    expect(set?.metrics).toEqual([SPO2, PULSE])
    expect(readObservationSet(payloadOf(set)).ok).toBe(true)
  })

  it('keeps the good metrics of an instant when one is impossible, and says which rule it broke', () => {
    const slip = { ...BASAL, value: 1335 }
    const { set, rejected } = admit(ingestSet({ metrics: [SPO2, slip] }))
    expect(set?.metrics).toEqual([SPO2])
    expect(rejected).toMatchObject([{ rule: 'out-of-possible-range', metric: slip, seq: 1, boot: 'b19' }])
    expect(rejected[0]?.reason).toContain('1335 [iU]/h')
  })

  it('publishes an implausible value unchanged, as questionable', () => {
    const { set } = admit(ingestSet({ metrics: [{ ...SPO2, value: 12 }] }))
    expect(set?.metrics[0]).toMatchObject({ value: 12, q: 'questionable', why: ['outside_plausible_range'] })
  })

  it('leaves absent what is absent', () => {
    const absent: WireMetric = { ...SPO2, value: null, q: 'absent', why: ['probe_off'] }
    expect(admit(ingestSet({ metrics: [absent] })).set?.metrics).toEqual([absent])
  })

  it('keeps an extreme value that a dying patient can have', () => {
    expect(admit(ingestSet({ metrics: [{ ...SPO2, value: 42 }] })).set?.metrics[0]).toMatchObject({
      value: 42,
      q: 'valid',
    })
  })

  const refusals: readonly { name: string; set: IngestSet; rule: string }[] = [
    { name: 'the name of another device', set: ingestSet({ device: 'ox-2' }), rule: 'device-mismatch' },
    { name: 'another bed', set: ingestSet({ bed: 'b02' }), rule: 'bed-mismatch' },
    { name: 'an ended association', set: ingestSet({ assoc: 'old1' }), rule: 'bed-mismatch' },
    {
      name: 'a time in the future',
      set: ingestSet({ t: '2026-09-20T10:15:06.000Z' }),
      rule: 'time-implausible',
    },
    { name: 'an unknown code', set: ingestSet({ metrics: [{ ...SPO2, mdc: 1 }] }), rule: 'unknown-metric' },
    {
      name: 'a code under a wrong name',
      set: ingestSet({ metrics: [{ ...SPO2, ref: 'MDC_TEMP' }] }),
      rule: 'unknown-metric',
    },
    { name: 'a wrong unit', set: ingestSet({ metrics: [{ ...SPO2, unit: '1' }] }), rule: 'unit-mismatch' },
    {
      name: 'a saturation of 101',
      set: ingestSet({ metrics: [{ ...SPO2, value: 101 }] }),
      rule: 'out-of-possible-range',
    },
    {
      name: 'a saturation of -1',
      set: ingestSet({ metrics: [{ ...SPO2, value: -1 }] }),
      rule: 'out-of-possible-range',
    },
  ]
  it.each(refusals)('refuses $name by rule $rule', ({ set, rule }) => {
    const admitted = admit(set)
    expect(admitted.set).toBeUndefined()
    expect(admitted.rejected).toMatchObject([{ rule }])
  })

  it('labels as history what arrives after its lifetime, to the millisecond', () => {
    const at = (t: string): boolean | undefined => admit(ingestSet({ t })).set?.history
    expect(at('2026-09-20T10:14:54.251Z')).toBe(false)
    expect(at('2026-09-20T10:14:54.250Z')).toBe(true)
  })

  it('keeps the label of back-fill that the sender gave', () => {
    expect(admit(ingestSet({ history: true })).set?.history).toBe(true)
  })

  it('never changes a value: what comes out valid went in with the same number', () => {
    const rows = Object.values(METRICS)
    const metric = fc.record({
      row: fc.constantFrom(...rows),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }),
    })
    fc.assert(
      fc.property(fc.array(metric, { minLength: 1, maxLength: 8 }), (drawn) => {
        const metrics = drawn.map(({ row, value }): WireMetric => ({
          mdc: row.mdc,
          ref: row.ref,
          unit: row.unit,
          value,
          q: 'valid',
        }))
        const { set, rejected } = admit(ingestSet({ metrics }))
        const out = [...(set?.metrics ?? []), ...rejected.map((message) => message.metric)]
        const values = (list: readonly (WireMetric | undefined)[]) =>
          list.map((m) => `${m?.mdc} ${m?.value}`).sort()
        expect(values(out)).toEqual(values(metrics))
      }),
      { seed: 7, numRuns: 300 },
    )
  })
})

describe('readIngestSet', () => {
  const bad: readonly { name: string; payload: Buffer; rule: string; says: string }[] = [
    { name: 'bytes that are not UTF-8', payload: Buffer.from([0xff, 0xfe]), rule: 'not-json', says: 'JSON' },
    {
      name: 'half a message',
      payload: payloadOf(ingestSet()).subarray(0, 40),
      rule: 'not-json',
      says: 'JSON',
    },
    { name: 'nothing', payload: Buffer.alloc(0), rule: 'not-json', says: 'JSON' },
    {
      name: 'an unknown key',
      payload: payloadOf({ ...ingestSet(), patient: 'x' }),
      rule: 'schema',
      says: 'patient',
    },
    { name: 'no metric', payload: payloadOf(ingestSet({ metrics: [] })), rule: 'schema', says: '/metrics' },
    {
      name: 'a string for a number',
      payload: payloadOf({ ...ingestSet(), seq: '1' }),
      rule: 'schema',
      says: '/seq',
    },
    {
      name: 'a number that is absent',
      payload: payloadOf(ingestSet({ metrics: [{ ...SPO2, q: 'absent' }] })),
      rule: 'schema',
      says: 'value',
    },
    {
      name: 'a valid nothing',
      payload: payloadOf(ingestSet({ metrics: [{ ...SPO2, value: null }] })),
      rule: 'schema',
      says: 'value',
    },
    {
      name: 'a time without zone',
      payload: payloadOf(ingestSet({ t: '2026-09-20T10:15:00' })),
      rule: 'schema',
      says: '/t',
    },
    { name: 'another version', payload: payloadOf({ ...ingestSet(), v: 2 }), rule: 'schema', says: '/v' },
  ]
  it.each(bad)('refuses $name and says what is wrong', ({ payload, rule, says }) => {
    const read = readIngestSet(payload)
    expect(read).toMatchObject({ ok: false, rule })
    expect(read.ok ? '' : read.reason).toContain(says)
  })

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readIngestSet(Buffer.from(bytes)).ok).toBe(false)
      }),
      { seed: 11, numRuns: 300 },
    )
  })
})
