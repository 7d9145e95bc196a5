import { describe, expect, it } from '@jest/globals'
import type { Waveform } from '../../../../devices/protocol.ts'
import { WAVES } from '../../../../devices/waves.ts'
import { readIngestWaveform } from '../../../../gateway/contract/read-payload.ts'
import { unpackSamples } from '../../../../gateway/contract/sample-block.ts'
import { createWaveStamper } from '../../../../gateway/stages/stamp-waveform.ts'
import { payloadOf } from '../../../support/sets.ts'

const RECEIVED_AT_MS = Date.parse('2026-09-20T10:15:02.000Z')
const PLETH: Waveform = {
  kind: 'waveform',
  channel: 'pleth',
  wave: WAVES.MDC_PULS_OXIM_PLETH,
  label: 'PLETH',
  rateHz: 75,
  samples: [1, 2, null],
}

function stamper() {
  return createWaveStamper({
    device: 'ox-1',
    protocol: { id: 'nonin-df2', version: '1.0.0', ttlMs: 3_000, uncertaintyMs: 2_000 },
    linkName: 'serial',
    bootId: 'b19',
  })
}

function stamped(wave: Partial<Waveform>) {
  const block = stamper().stamp({ ...PLETH, ...wave }, RECEIVED_AT_MS)
  if (typeof block !== 'object') throw new Error(block)
  expect(readIngestWaveform(payloadOf(block))).toMatchObject({ ok: true })
  return block
}

describe('the stamp of a waveform', () => {
  it('says which wave it is, from when, and how fast it runs', () => {
    expect(stamped({})).toEqual({
      v: 1,
      device: 'ox-1',
      channel: 'pleth',
      mdc: 150452,
      ref: 'MDC_PULS_OXIM_PLETH',
      label: 'PLETH',
      seq: 1,
      boot: 'b19',
      t: '2026-09-20T10:15:01.960Z',
      tr: '2026-09-20T10:15:02.000Z',
      ttl: 3000,
      rate: 75,
      periodUs: 1_000_000 / 75,
      format: 'int16',
      n: 3,
      samples: 'AQACAACA',
      q: 'valid',
      src: { link: 'serial', driver: 'nonin-df2@1.0.0' },
    })
  })

  it('carries scale, gap, quality and reasons where the device gives them, and no code where it has none', () => {
    const scale = { resolution: 0.01, offset: -5, unit: 'mV' }
    const block = stamped({ wave: null, scale, isAfterGap: true, quality: 'questionable', why: ['noise'] })
    expect(block).toMatchObject({ scale, gap: true, q: 'questionable', why: ['noise'] })
    expect(block).not.toHaveProperty('mdc')
    expect(block).not.toHaveProperty('ref')
  })

  it.each(['invalid', 'absent', 'calibrating'] as const)('sends gaps for a wave that is %s', (quality) => {
    expect(unpackSamples(stamped({ quality }))).toEqual([null, null, null])
  })

  it('numbers each channel by itself', () => {
    const { stamp } = stamper()
    const seqs = ['ecg-ii', 'pleth', 'ecg-ii', 'ecg-ii', 'pleth'].map((channel) => {
      const block = stamp({ ...PLETH, channel }, RECEIVED_AT_MS)
      return typeof block === 'object' ? block.seq : block
    })
    expect(seqs).toEqual([1, 1, 2, 3, 2])
  })

  it('spells a channel so that it can be a level of a topic', () => {
    expect(stamped({ channel: 'ECG II/1' }).channel).toBe('ecg-ii-1')
  })

  it('refuses what cannot be sent as it is, and uses up no number for it', () => {
    const { stamp } = stamper()
    expect(stamp({ ...PLETH, samples: [0.5] }, RECEIVED_AT_MS)).toBe('waveform-unfit')
    expect(stamp({ ...PLETH, samples: [] }, RECEIVED_AT_MS)).toBe('waveform-unfit')
    expect(stamp({ ...PLETH, rateHz: 0 }, RECEIVED_AT_MS)).toBe('waveform-unfit')
    expect(stamp(PLETH, RECEIVED_AT_MS)).toMatchObject({ seq: 1 })
  })

  it('marks the gap that a lost line leaves in every channel, once', () => {
    const { stamp, lineLost } = stamper()
    expect(stamp(PLETH, RECEIVED_AT_MS)).not.toHaveProperty('gap')
    lineLost()
    expect(stamp(PLETH, RECEIVED_AT_MS)).toMatchObject({ gap: true, seq: 2 })
    expect(stamp(PLETH, RECEIVED_AT_MS)).not.toHaveProperty('gap')
    expect(stamp({ ...PLETH, channel: 'new' }, RECEIVED_AT_MS)).not.toHaveProperty('gap')
  })

  it('marks the gap that a block leaves which could not be sent', () => {
    const { stamp } = stamper()
    stamp(PLETH, RECEIVED_AT_MS)
    stamp({ ...PLETH, samples: [0.5] }, RECEIVED_AT_MS)
    expect(stamp(PLETH, RECEIVED_AT_MS)).toMatchObject({ gap: true, seq: 2 })
  })

  it('keeps no more channels than a device has', () => {
    const { stamp } = stamper()
    for (let index = 0; index < 32; index++) stamp({ ...PLETH, channel: `c${index}` }, RECEIVED_AT_MS)
    expect(stamp({ ...PLETH, channel: 'one-more' }, RECEIVED_AT_MS)).toBe('waveform-channels')
    expect(stamp({ ...PLETH, channel: 'c0' }, RECEIVED_AT_MS)).toMatchObject({ seq: 2 })
  })
})
