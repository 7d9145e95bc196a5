import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { METRICS } from '../../../../devices/metrics.ts'
import type { Numeric, Observation, Quality } from '../../../../devices/protocol.ts'
import type { IngestSet, WireMetric } from '../../../../gateway/contract/reading.ts'
import { createStamper } from '../../../../gateway/stages/stamp.ts'

const RECEIVED_AT_MS = Date.parse('2026-09-20T10:15:02.131Z')
const STORED_AT_MS = Date.parse('2026-09-20T08:00:00.000Z')
const SPO2 = METRICS.MDC_PULS_OXIM_SAT_O2
const QUALITIES: readonly Quality[] = [
  'valid',
  'questionable',
  'invalid',
  'calibrating',
  'under',
  'over',
  'absent',
]

function stamp(observation: Observation): IngestSet {
  return stamper()(observation, RECEIVED_AT_MS)
}

function stamper() {
  return createStamper({
    device: 'ox-1',
    protocol: { id: 'nonin-df2', version: '1.0.0', ttlMs: 3_000, uncertaintyMs: 2_000 },
    linkName: 'serial',
    bootId: 'b19',
  })
}

function observe(...numerics: readonly Numeric[]): Observation {
  return { kind: 'observation', numerics }
}

function wire(numeric: Numeric): WireMetric | undefined {
  return stamp(observe(numeric)).metrics[0]
}

describe('a stamped set', () => {
  it('says whose it is, which one, from which run, over which link and by which driver', () => {
    expect(stamp(observe({ metric: SPO2, value: 97, quality: 'valid' }))).toEqual({
      v: 1,
      device: 'ox-1',
      seq: 1,
      boot: 'b19',
      t: '2026-09-20T10:15:02.131Z',
      tr: '2026-09-20T10:15:02.131Z',
      tu: 2_000,
      ttl: 3_000,
      src: { link: 'serial', driver: 'nonin-df2@1.0.0' },
      metrics: [
        {
          mdc: 150456,
          ref: 'MDC_PULS_OXIM_SAT_O2',
          loinc: '59408-5',
          value: 97,
          unit: '%',
          q: 'valid',
        },
      ],
    })
  })

  it('is numbered from 1 upwards without a gap, for each stamper on its own', () => {
    const one = stamper()
    const other = stamper()
    const seqs = [1, 2, 3].map(() => one(observe(), RECEIVED_AT_MS).seq)

    expect(seqs).toEqual([1, 2, 3])
    expect(other(observe(), RECEIVED_AT_MS).seq).toBe(1)
  })

  it('lives as long as the observation says, else as long as the protocol says', () => {
    expect(stamp({ ...observe(), ttlMs: 30_000 }).ttl).toBe(30_000)
    expect(stamp(observe()).ttl).toBe(3_000)
  })

  it('has no LOINC code where the nomenclature has none', () => {
    const metric = wire({ metric: METRICS.MDC_FLOW_FLUID_PUMP_CURRENT, value: 0.85, quality: 'valid' })

    expect(metric).not.toHaveProperty('loinc')
  })
})

describe('the times of a set', () => {
  it.each<{ name: string; observation: Observation; times: Partial<IngestSet> }>([
    {
      name: 'a live value of a device without a clock',
      observation: observe(),
      times: { t: '2026-09-20T10:15:02.131Z', tu: 2_000 },
    },
    {
      name: 'a live value of a device with a clock',
      observation: { ...observe(), deviceTime: { epochMs: STORED_AT_MS, zone: 'utc' } },
      times: { t: '2026-09-20T10:15:02.131Z', td: '2026-09-20T08:00:00.000Z', tu: 2_000 },
    },
    {
      name: 'a clock without a zone',
      observation: { ...observe(), deviceTime: { epochMs: STORED_AT_MS, zone: 'unknown' } },
      times: { t: '2026-09-20T10:15:02.131Z', td: '2026-09-20T08:00:00.000', tu: 2_000 },
    },
    {
      name: 'a stored value with a known time',
      observation: {
        ...observe(),
        isHistory: true,
        deviceTime: { epochMs: STORED_AT_MS, zone: 'utc' },
      },
      times: { t: '2026-09-20T08:00:00.000Z', td: '2026-09-20T08:00:00.000Z', history: true },
    },
    {
      name: 'a stored value whose time has no zone',
      observation: {
        ...observe(),
        isHistory: true,
        deviceTime: { epochMs: STORED_AT_MS, zone: 'unknown' },
      },
      times: { t: '2026-09-20T10:15:02.131Z', td: '2026-09-20T08:00:00.000', history: true },
    },
    {
      name: 'a stored value without a time',
      observation: { ...observe(), isHistory: true },
      times: { t: '2026-09-20T10:15:02.131Z', history: true },
    },
  ])('are honest for $name', ({ observation, times }) => {
    const { t, td, tr, tu, history } = stamp(observation)

    expect(JSON.parse(JSON.stringify({ t, td, tr, tu, history }))).toEqual({
      tr: '2026-09-20T10:15:02.131Z',
      ...times,
    })
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 8.7e15, -8e14])(
    'leave out a device time that is none: %p',
    (epochMs) => {
      const set = stamp({ ...observe(), deviceTime: { epochMs, zone: 'utc' }, isHistory: true })

      expect(set).not.toHaveProperty('td')
      expect(set.t).toBe('2026-09-20T10:15:02.131Z')
    },
  )
})

describe('a value on the wire', () => {
  it.each<Quality>(['invalid', 'absent', 'calibrating'])(
    'is null when its quality is %s, whatever the driver gave',
    (quality) => {
      expect(wire({ metric: SPO2, value: 97, quality, why: ['probe_off'] })).toMatchObject({
        value: null,
        q: quality,
        why: ['probe_off'],
      })
    },
  )

  it.each<Quality>(['valid', 'questionable', 'under', 'over'])(
    'is kept as it is when its quality is %s',
    (quality) => {
      expect(wire({ metric: SPO2, value: 97, quality })).toMatchObject({ value: 97, q: quality })
    },
  )

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'is never the special number %p',
    (value) => {
      expect(wire({ metric: SPO2, value, quality: 'over', why: ['limit'] })).toMatchObject({
        value: null,
        q: 'invalid',
        why: ['limit', 'not_a_number'],
      })
    },
  )

  it('is absent, not valid, when there is none', () => {
    expect(wire({ metric: SPO2, value: null, quality: 'valid' })).toMatchObject({
      value: null,
      q: 'absent',
    })
  })

  it('is a number only with a quality that carries one, and survives JSON unchanged', () => {
    const numeric = fc.record({
      metric: fc.constantFrom(...Object.values(METRICS)),
      value: fc.option(fc.double()),
      quality: fc.constantFrom(...QUALITIES),
    })
    fc.assert(
      fc.property(numeric, (given) => {
        const set = stamp(observe(given))
        const [metric] = set.metrics
        if (metric === undefined) throw new Error('the metric is gone')
        if (['invalid', 'absent', 'calibrating'].includes(metric.q)) expect(metric.value).toBeNull()
        if (['valid', 'questionable'].includes(metric.q)) expect(metric.value).toEqual(expect.any(Number))
        if (metric.value !== null) expect(metric.value).toBe(given.value)
        const [parsed] = JSON.parse(JSON.stringify(set)).metrics
        // JSON has no negative zero; it is the same value.
        expect(parsed.value === metric.value).toBe(true)
      }),
      { seed: 11, numRuns: 500 },
    )
  })
})
