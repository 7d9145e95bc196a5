/**
 * What a physio id means. Below F000 it is the low word of an MDC code of partition 2; from F000 on it is the vendor's
 * own and "has no MDC number", whatever number the sum would give.
 */

import { METRICS, metricsByMdc } from '../metrics.ts'
import type { Metric } from '../metrics.ts'
import { WAVES, waveByMdc } from '../waves.ts'
import type { WaveKind } from '../waves.ts'
import { unitOf } from './units.ts'

const PARTITION = 0x20000
const FIRST_PRIVATE = 0xf000
const UNIT_CODES = 0x10000

const metrics = new Map<number, Metric | null>()
const codes = new Set(Object.values(METRICS).map(({ mdc }) => mdc))

/** The metric in exactly the unit that was sent; undefined when the nomenclature does not list the pair. */
export function metricOf(physioId: number, unitCode: number): Metric | undefined {
  const key = physioId * UNIT_CODES + unitCode
  const before = metrics.get(key)
  if (before !== undefined) return before ?? undefined
  const mdc = mdcOf(physioId)
  const unit = unitOf(unitCode)
  // Only pairs that can be known are remembered, so the table stays small whatever a line delivers.
  if (mdc === undefined || unit === undefined || !codes.has(mdc)) return undefined
  const found = metricsByMdc(mdc).find((metric) => metric.unit === unit)
  metrics.set(key, found ?? null)
  return found
}

function mdcOf(physioId: number): number | undefined {
  return physioId > 0 && physioId < FIRST_PRIVATE ? PARTITION + physioId : undefined
}

export function waveOf(physioId: number): WaveKind | undefined {
  const mdc = mdcOf(physioId)
  return mdc === undefined ? undefined : waveByMdc(mdc)
}

/** Which quantity an alarm is about, where its code is known. */
export function quantityOf(physioId: number): { readonly mdc: number; readonly ref: string } | undefined {
  const mdc = mdcOf(physioId)
  if (mdc === undefined) return undefined
  const known = metricsByMdc(mdc)[0] ?? waveByMdc(mdc)
  return known === undefined ? undefined : { mdc, ref: known.ref }
}

const PRIVATE_NAMES: ReadonlyMap<number, string> = new Map([[0xf0e5, 'NOM_PRESS_BLD_NONINV_PULS_RATE']])

/** For values without a code, or in a unit that their code is not known in. */
export function nameOf(physioId: number): string {
  const known = quantityOf(physioId)?.ref ?? PRIVATE_NAMES.get(physioId)
  return known ?? `physio-${hex16(physioId)}`
}

const CHANNELS: ReadonlyMap<number, string> = new Map([
  [WAVES.MDC_ECG_ELEC_POTL.mdc, 'ecg'],
  [WAVES.MDC_ECG_ELEC_POTL_I.mdc, 'ecg-i'],
  [WAVES.MDC_ECG_ELEC_POTL_II.mdc, 'ecg-ii'],
  [WAVES.MDC_ECG_ELEC_POTL_III.mdc, 'ecg-iii'],
  [WAVES.MDC_ECG_ELEC_POTL_AVR.mdc, 'ecg-avr'],
  [WAVES.MDC_ECG_ELEC_POTL_AVL.mdc, 'ecg-avl'],
  [WAVES.MDC_ECG_ELEC_POTL_AVF.mdc, 'ecg-avf'],
  [WAVES.MDC_ECG_ELEC_POTL_V.mdc, 'ecg-v'],
  [WAVES.MDC_ECG_ELEC_POTL_MCL.mdc, 'ecg-mcl'],
  [WAVES.MDC_PULS_OXIM_PLETH.mdc, 'pleth'],
  [WAVES.MDC_PRESS_BLD_ART.mdc, 'art'],
  [WAVES.MDC_PRESS_BLD_ART_ABP.mdc, 'abp'],
  [WAVES.MDC_PRESS_BLD_ART_PULM.mdc, 'pap'],
  [WAVES.MDC_PRESS_BLD_VEN_CENT.mdc, 'cvp'],
  [WAVES.MDC_RESP.mdc, 'resp'],
  [WAVES.MDC_AWAY_CO2.mdc, 'co2'],
  [WAVES.MDC_FLOW_AWAY.mdc, 'airway-flow'],
  [WAVES.MDC_PRESS_AWAY.mdc, 'airway-pressure'],
])

export function channelOf(physioId: number): string {
  const mdc = mdcOf(physioId)
  return (mdc === undefined ? undefined : CHANNELS.get(mdc)) ?? `wave-${hex16(physioId)}`
}

export function hex16(word: number): string {
  return word.toString(16).padStart(4, '0')
}

export function hex32(word: number): string {
  return word.toString(16).toUpperCase().padStart(8, '0')
}
