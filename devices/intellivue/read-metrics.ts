/** What a monitor may show, of what the nomenclature knows. Others of its numerics are told as text. */

import { METRICS, type Metric, type MetricRef } from '../metrics.ts'

const REFS: readonly MetricRef[] = [
  'MDC_ECG_HEART_RATE',
  'MDC_PULS_RATE',
  'MDC_PLETH_PULS_RATE',
  'MDC_PULS_OXIM_SAT_O2',
  'MDC_PULS_OXIM_PERF_REL',
  'MDC_RESP_RATE',
  'MDC_PRESS_BLD_NONINV_SYS',
  'MDC_PRESS_BLD_NONINV_DIA',
  'MDC_PRESS_BLD_NONINV_MEAN',
  'MDC_PRESS_BLD_ART_SYS',
  'MDC_PRESS_BLD_ART_DIA',
  'MDC_PRESS_BLD_ART_MEAN',
  'MDC_PRESS_BLD_ART_ABP_SYS',
  'MDC_PRESS_BLD_ART_ABP_DIA',
  'MDC_PRESS_BLD_ART_ABP_MEAN',
  'MDC_PRESS_BLD_VEN_CENT_SYS',
  'MDC_PRESS_BLD_VEN_CENT_DIA',
  'MDC_PRESS_BLD_VEN_CENT_MEAN',
  'MDC_TEMP',
  'MDC_TEMP_CORE',
  'MDC_TEMP_SKIN',
  'MDC_TEMP_ESOPH',
  'MDC_TEMP_NASOPH',
  'MDC_TEMP_TYMP',
  'MDC_TEMP_RECT',
  'MDC_TEMP_AWAY',
  'MDC_AWAY_CO2_ET',
  'MDC_CONC_AWAY_O2_INSP',
  'MDC_ECG_AMPL_ST_I',
  'MDC_ECG_AMPL_ST_II',
  'MDC_ECG_AMPL_ST_III',
]

export const INTELLIVUE_METRICS: readonly Metric[] = REFS.map((ref) => METRICS[ref])
