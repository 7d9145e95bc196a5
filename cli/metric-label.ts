import type { MetricRef } from '../devices/metrics.ts'

/** What a nurse calls it. */
const LABELS: Readonly<Record<MetricRef, string>> = {
  MDC_ECG_HEART_RATE: 'HR',
  MDC_ECG_TIME_PD_RR_GL: 'RR-int',
  MDC_PULS_OXIM_SAT_O2: 'SpO2',
  MDC_PULS_OXIM_PULS_RATE: 'PR',
  MDC_PULS_RATE_NON_INV: 'PR',
  MDC_BLD_PERF_INDEX: 'PI',
  MDC_RESP_RATE: 'RESP',
  MDC_PRESS_BLD_NONINV_SYS: 'NBPs',
  MDC_PRESS_BLD_NONINV_DIA: 'NBPd',
  MDC_PRESS_BLD_NONINV_MEAN: 'NBPm',
  MDC_AWAY_CO2_ET: 'etCO2',
  MDC_CONC_AWAY_CO2_ET: 'etCO2',
  MDC_TEMP: 'Temp',
  MDC_PRESS_BLD_ART_ABP_SYS: 'ABPs',
  MDC_PRESS_BLD_ART_ABP_DIA: 'ABPd',
  MDC_PRESS_BLD_ART_ABP_MEAN: 'ABPm',
  MDC_CONC_GLU_ISF: 'Glucose',
  MDC_AMOUNT_DRUG_REMAIN_CONTAINER: 'Reservoir',
  MDC_FLOW_FLUID_PUMP_CURRENT: 'Basal',
  MDC_DOSE_DRUG_BOLUS: 'Bolus',
  MDC_DOSE_DRUG_DELIV: 'Delivered',
  MDCX_GLU_RATE_OF_CHANGE: 'Trend',
  MDCX_CGM_QUALITY: 'CGM-q',
  MDCX_INSULIN_ON_BOARD: 'IOB',
}

/** The short label of a metric, or its reference id where there is none. */
export function metricLabel(ref: string): string {
  return Object.entries(LABELS).find(([known]) => known === ref)?.[1] ?? ref
}
