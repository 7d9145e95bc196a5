import type { IngestSet, WireMetric } from '../../gateway/contract/reading.ts'
import type { DeviceEntry } from '../../gateway/ports.ts'

export const SPO2: WireMetric = {
  mdc: 150456,
  ref: 'MDC_PULS_OXIM_SAT_O2',
  loinc: '59408-5',
  value: 97,
  unit: '%',
  q: 'valid',
}

export const PULSE: WireMetric = {
  mdc: 149530,
  ref: 'MDC_PULS_OXIM_PULS_RATE',
  loinc: '8889-8',
  value: 72,
  unit: '/min',
  q: 'valid',
}

export const BASAL: WireMetric = {
  mdc: 158014,
  ref: 'MDC_FLOW_FLUID_PUMP_CURRENT',
  value: 1.335,
  unit: '[iU]/h',
  q: 'valid',
}

export const OXIMETER: DeviceEntry = {
  role: 'device',
  id: 'ox-1',
  ward: 'icu',
  bed: 'b01',
  assoc: 'a7f3',
  protocol: 'nonin-df2',
  bedside: 'box-1',
}

/** A set of OXIMETER as its bedside part would send it. */
export function ingestSet(overrides: Partial<IngestSet> = {}): IngestSet {
  return {
    v: 1,
    device: 'ox-1',
    seq: 1,
    boot: 'b19',
    t: '2026-09-20T10:15:00.000Z',
    tr: '2026-09-20T10:15:00.000Z',
    tu: 150,
    ttl: 6000,
    src: { link: 'serial', driver: 'nonin-df2@1.0.0' },
    metrics: [SPO2, PULSE],
    ...overrides,
  }
}

export function payloadOf(message: unknown): Buffer {
  return Buffer.from(JSON.stringify(message))
}
