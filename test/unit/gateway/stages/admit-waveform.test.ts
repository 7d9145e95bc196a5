import { describe, expect, it } from '@jest/globals'
import { readIngestWaveform, readWaveform } from '../../../../gateway/contract/read-payload.ts'
import { MAX_SAMPLES } from '../../../../gateway/contract/sample-block.ts'
import type { IngestWaveform } from '../../../../gateway/contract/waveform.ts'
import { admitWaveform } from '../../../../gateway/stages/admit-waveform.ts'
import { ingestWaveform, packed } from '../../../support/relayed.ts'
import { OXIMETER, payloadOf } from '../../../support/sets.ts'

const nowMs = Date.parse('2026-09-20T10:15:00.050Z')
const admit = (change: Partial<IngestWaveform> = {}) =>
  admitWaveform(ingestWaveform(change), { gateway: 'gw-1', entry: OXIMETER, nowMs })

describe('a block of a waveform at the gateway', () => {
  it('gets the place that the inventory knows and goes on unchanged', () => {
    const verdict = admit()
    expect(verdict).toMatchObject({
      verdict: 'accepted',
      block: { ...ingestWaveform(), bed: 'b01', assoc: 'a7f3', src: { gateway: 'gw-1', link: 'serial' } },
    })
    if (verdict.verdict === 'accepted')
      expect(readWaveform(payloadOf(verdict.block))).toMatchObject({ ok: true })
  })

  it('may have no code, but not half a code', () => {
    const { mdc: _mdc, ref: _ref, ...uncoded } = ingestWaveform()
    expect(readIngestWaveform(payloadOf(uncoded))).toMatchObject({ ok: true })
    expect(admitWaveform(uncoded, { gateway: 'gw-1', entry: OXIMETER, nowMs })).toMatchObject({
      verdict: 'accepted',
    })
    expect(readIngestWaveform(payloadOf({ ...uncoded, mdc: 150452 }))).toMatchObject({ rule: 'schema' })
    expect(readIngestWaveform(payloadOf({ ...uncoded, ref: 'MDC_PULS_OXIM_PLETH' }))).toMatchObject({
      rule: 'schema',
    })
  })

  it.each<[string, Partial<IngestWaveform>, string]>([
    ['another device', { device: 'ox-2' }, 'device-mismatch'],
    ['another bed', { bed: 'b09' }, 'bed-mismatch'],
    ['an earlier association', { assoc: 'dead' }, 'bed-mismatch'],
    ['a time ahead', { t: '2026-09-20T10:15:05.000Z' }, 'time-implausible'],
    [
      'a block that reaches ahead',
      { t: '2026-09-20T10:15:00.000Z', rate: 1, periodUs: 1e6 },
      'time-implausible',
    ],
    ['a time that is none', { t: '2026-19-20T10:15:00.000Z' }, 'time-implausible'],
    ['a code that is no wave', { mdc: 150456, ref: 'MDC_PULS_OXIM_SAT_O2' }, 'unknown-wave'],
    ['the name of another wave', { ref: 'MDC_ECG_ELEC_POTL_II' }, 'unknown-wave'],
    ['a count that is not that of its samples', { n: 24 }, 'sample-block'],
    ['a format that is not that of its samples', { format: 'int32' }, 'sample-block'],
    ['a rate that its period contradicts', { rate: 100 }, 'sample-block'],
    ['a curve that must not be shown', { q: 'invalid' }, 'sample-block'],
  ])('is refused with %s', (_, change, rule) => {
    expect(admit(change)).toMatchObject({
      verdict: 'rejected',
      rejected: { rule, device: 'ox-1', seq: 1, boot: 'b19' },
    })
  })

  it('is welcome with gaps alone where it must not be shown', () => {
    expect(admit({ q: 'invalid', ...packed([null, null]) })).toMatchObject({ verdict: 'accepted' })
  })

  it('goes no further once its lifetime has passed', () => {
    expect(admit({ t: '2026-09-20T10:14:53.667Z' })).toEqual({ verdict: 'late' })
  })

  it.each([
    ['a sample too many', { n: MAX_SAMPLES + 1 }],
    ['samples beyond the cap', { samples: 'A'.repeat(50_000) }],
    ['a channel that is no level of a topic', { channel: 'ecg/ii' }],
    ['a long label', { label: 'x'.repeat(65) }],
    ['a fraction of a sample', { n: 2.5 }],
    ['a scale without a unit', { scale: { resolution: 1, offset: 0 } }],
    ['an unknown key', { patient: 'x' }],
  ])('breaks the schema with %s', (_, change) => {
    expect(readIngestWaveform(payloadOf({ ...ingestWaveform(), ...change }))).toMatchObject({
      ok: false,
      rule: 'schema',
    })
  })
})
