import type { IngestAlert } from '../../gateway/contract/alert.ts'
import { packSamples } from '../../gateway/contract/sample-block.ts'
import type { IngestWaveform } from '../../gateway/contract/waveform.ts'

/** The samples of a block as a sender packs them. */
export function packed(samples: readonly (number | null)[]) {
  const block = packSamples(samples)
  if (block === undefined) throw new Error('the samples do not fit')
  return block
}

/** A third of a second of OXIMETER's pleth, as its bedside part would send it. */
export function ingestWaveform(overrides: Partial<IngestWaveform> = {}): IngestWaveform {
  return {
    v: 1,
    device: 'ox-1',
    channel: 'pleth',
    mdc: 150452,
    ref: 'MDC_PULS_OXIM_PLETH',
    label: 'pleth',
    seq: 1,
    boot: 'b19',
    t: '2026-09-20T10:14:59.667Z',
    tr: '2026-09-20T10:15:00.000Z',
    ttl: 6000,
    rate: 75,
    periodUs: 1_000_000 / 75,
    ...packed(Array.from({ length: 25 }, (_, index) => (index === 3 ? null : index * 10))),
    q: 'valid',
    src: { link: 'serial', driver: 'nonin-df2@1.0.0' },
    ...overrides,
  }
}

/** An alert of OXIMETER as its bedside part would send it. */
export function ingestAlert(overrides: Partial<IngestAlert> = {}): IngestAlert {
  return {
    v: 1,
    device: 'ox-1',
    code: 'spo2-low',
    phase: 'present',
    priority: 'high',
    source: 'patient',
    text: '** SpO2 LOW',
    flags: ['latched'],
    seq: 1,
    boot: 'b19',
    t: '2026-09-20T10:15:00.000Z',
    tr: '2026-09-20T10:15:00.000Z',
    ttl: 60_000,
    src: { link: 'serial', driver: 'masimo-ascii1@1.0.0' },
    ...overrides,
  }
}
