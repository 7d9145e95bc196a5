/** What the label words of the basic class say: which vessel, which site, which lead. A label decides the code. */

import { METRICS, type Metric } from '../metrics.ts'
import { WAVES, type WaveKind } from '../waves.ts'

interface PressureLabel {
  readonly word: string
  /** Systolic, diastolic, mean; absent where no code is certain. */
  readonly metrics?: readonly [Metric, Metric, Metric]
  readonly wave?: WaveKind
}

const ARTERY = [
  METRICS.MDC_PRESS_BLD_ART_SYS,
  METRICS.MDC_PRESS_BLD_ART_DIA,
  METRICS.MDC_PRESS_BLD_ART_MEAN,
] as const
const CENTRAL_VEIN = [
  METRICS.MDC_PRESS_BLD_VEN_CENT_SYS,
  METRICS.MDC_PRESS_BLD_VEN_CENT_DIA,
  METRICS.MDC_PRESS_BLD_VEN_CENT_MEAN,
] as const
const PULMONARY = [
  METRICS.MDC_PRESS_BLD_ART_PULM_SYS,
  METRICS.MDC_PRESS_BLD_ART_PULM_DIA,
  METRICS.MDC_PRESS_BLD_ART_PULM_MEAN,
] as const
const ARTERIAL = [
  METRICS.MDC_PRESS_BLD_ART_ABP_SYS,
  METRICS.MDC_PRESS_BLD_ART_ABP_DIA,
  METRICS.MDC_PRESS_BLD_ART_ABP_MEAN,
] as const

const PRESSURE_LABELS: Readonly<Record<number, PressureLabel>> = {
  1: { word: 'ART', metrics: ARTERY, wave: WAVES.MDC_PRESS_BLD_ART },
  2: { word: 'CVP', metrics: CENTRAL_VEIN, wave: WAVES.MDC_PRESS_BLD_VEN_CENT },
  3: { word: 'PA', metrics: PULMONARY, wave: WAVES.MDC_PRESS_BLD_ART_PULM },
  4: { word: 'RAP' },
  5: { word: 'RVP' },
  6: { word: 'LAP' },
  7: { word: 'ICP' },
  8: { word: 'ABP', metrics: ARTERIAL, wave: WAVES.MDC_PRESS_BLD_ART_ABP },
  9: { word: 'P1' },
  10: { word: 'P2' },
  11: { word: 'P3' },
  12: { word: 'P4' },
  13: { word: 'P5' },
  14: { word: 'P6' },
  15: { word: 'SP' },
  16: { word: 'FEM' },
  17: { word: 'UAC' },
  18: { word: 'UVC' },
  19: { word: 'ICP2' },
  20: { word: 'P7' },
  21: { word: 'P8' },
  22: { word: 'FEMV' },
}

export function pressureLabel(label: number): PressureLabel {
  return PRESSURE_LABELS[label] ?? { word: `label ${label}` }
}

interface TemperatureLabel {
  readonly word: string
  readonly metric?: Metric
}

/** A numbered label is a temperature of the patient at a site nobody named; a room is no patient. */
const TEMPERATURE_LABELS: Readonly<Record<number, TemperatureLabel>> = {
  0: { word: 'unused' },
  1: { word: 'ESO', metric: METRICS.MDC_TEMP_ESOPH },
  2: { word: 'NASO', metric: METRICS.MDC_TEMP_NASOPH },
  3: { word: 'TYMP', metric: METRICS.MDC_TEMP_TYMP },
  4: { word: 'RECT', metric: METRICS.MDC_TEMP_RECT },
  5: { word: 'BLAD' },
  6: { word: 'AXIL', metric: METRICS.MDC_TEMP_AXILLA },
  7: { word: 'SKIN', metric: METRICS.MDC_TEMP_SKIN },
  8: { word: 'AIRW', metric: METRICS.MDC_TEMP_AWAY },
  9: { word: 'ROOM' },
  10: { word: 'MYO' },
  11: { word: 'T1', metric: METRICS.MDC_TEMP },
  12: { word: 'T2', metric: METRICS.MDC_TEMP },
  13: { word: 'T3', metric: METRICS.MDC_TEMP },
  14: { word: 'T4', metric: METRICS.MDC_TEMP },
  15: { word: 'CORE', metric: METRICS.MDC_TEMP_CORE },
  16: { word: 'SURF' },
  17: { word: 'T5', metric: METRICS.MDC_TEMP },
  18: { word: 'T6', metric: METRICS.MDC_TEMP },
}

export function temperatureLabel(label: number): TemperatureLabel {
  return TEMPERATURE_LABELS[label] ?? { word: `label ${label}` }
}

interface Lead {
  readonly word: string
  readonly segment: Metric
  readonly wave: WaveKind
}

const LEADS: Readonly<Record<number, Lead>> = {
  1: { word: 'I', segment: METRICS.MDC_ECG_AMPL_ST_I, wave: WAVES.MDC_ECG_ELEC_POTL_I },
  2: { word: 'II', segment: METRICS.MDC_ECG_AMPL_ST_II, wave: WAVES.MDC_ECG_ELEC_POTL_II },
  3: { word: 'III', segment: METRICS.MDC_ECG_AMPL_ST_III, wave: WAVES.MDC_ECG_ELEC_POTL_III },
  4: { word: 'aVR', segment: METRICS.MDC_ECG_AMPL_ST_AVR, wave: WAVES.MDC_ECG_ELEC_POTL_AVR },
  5: { word: 'aVL', segment: METRICS.MDC_ECG_AMPL_ST_AVL, wave: WAVES.MDC_ECG_ELEC_POTL_AVL },
  6: { word: 'aVF', segment: METRICS.MDC_ECG_AMPL_ST_AVF, wave: WAVES.MDC_ECG_ELEC_POTL_AVF },
  7: { word: 'V', segment: METRICS.MDC_ECG_AMPL_ST_V, wave: WAVES.MDC_ECG_ELEC_POTL_V },
}

export function leadOf(code: number): Lead | undefined {
  return LEADS[code]
}
