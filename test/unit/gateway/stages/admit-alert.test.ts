import { describe, expect, it } from '@jest/globals'
import type { IngestAlert } from '../../../../gateway/contract/alert.ts'
import { readIngestAlert } from '../../../../gateway/contract/read-payload.ts'
import { admitAlert } from '../../../../gateway/stages/admit-alert.ts'
import { ingestAlert } from '../../../support/relayed.ts'
import { OXIMETER, payloadOf } from '../../../support/sets.ts'

const nowMs = Date.parse('2026-09-20T10:15:00.050Z')
const admit = (change: Partial<IngestAlert> = {}) =>
  admitAlert(ingestAlert(change), { gateway: 'gw-1', entry: OXIMETER, nowMs })

describe('an alert at the gateway', () => {
  it('gets the place that the inventory knows, its text word for word', () => {
    const about = { mdc: 150456, ref: 'MDC_PULS_OXIM_SAT_O2' }
    const text = '*** SpO\u2082 NIEDRIG \u0007'
    expect(admit({ about, text })).toMatchObject({
      report: { bed: 'b01', assoc: 'a7f3', phase: 'present', about, text, src: { gateway: 'gw-1' } },
      rejected: [],
    })
  })

  it.each<[string, Partial<IngestAlert>, string]>([
    ['another device', { device: 'ox-2' }, 'device-mismatch'],
    ['another bed', { bed: 'b09' }, 'bed-mismatch'],
    ['an earlier association', { assoc: 'dead' }, 'bed-mismatch'],
    ['a time ahead', { t: '2026-09-20T10:15:06.000Z' }, 'time-implausible'],
  ])('is refused with %s', (_, change, rule) => {
    expect(admit(change)).toMatchObject({ report: undefined, rejected: [{ rule, seq: 1, boot: 'b19' }] })
  })

  it.each([
    { mdc: 1, ref: 'MDC_X' },
    { mdc: 150456, ref: 'MDC_PULS_RATE' },
  ])('loses a quantity that is not known (%j), not itself', (about) => {
    const { report, rejected } = admit({ about })
    expect(report).toMatchObject({ code: 'spo2-low', phase: 'present' })
    expect(report).not.toHaveProperty('about')
    expect(rejected).toMatchObject([{ rule: 'unknown-metric' }])
  })

  it.each([
    ['a phase that only the gateway says', { phase: 'unknown' }],
    ['a code that is no level of a topic', { code: 'SpO2/low' }],
    ['an endless text', { text: 'x'.repeat(513) }],
    ['flags without end', { flags: Array.from({ length: 33 }, () => 'x') }],
    ['a priority of its own', { priority: 'crisis' }],
    ['a lifetime of days', { ttl: 86_400_001 }],
  ])('breaks the schema with %s', (_, change) => {
    expect(readIngestAlert(payloadOf({ ...ingestAlert(), ...change }))).toMatchObject({
      ok: false,
      rule: 'schema',
    })
  })
})
