/** What a simulated Datex-Ohmeda monitor and a simulated ventilator will have said. */

import { driReading } from './dri-reading.ts'
import { metric, type ExpectedMetric } from './expected-metric.ts'
import { medibusReading } from './medibus-reading.ts'
import type { Due } from './timeline.ts'

/** A monitor answers at its own pace: each set is what it shows from that second on. */
export function expectDri(due: Due): readonly ExpectedMetric[] {
  const r = driReading(due)
  return [
    metric('MDC_ECG_HEART_RATE', r.heartRate),
    metric('MDC_ECG_AMPL_ST_II', undefined),
    metric('MDC_ECG_AMPL_ST_I', undefined),
    metric('MDC_ECG_AMPL_ST_III', undefined),
    metric('MDC_TTHOR_RESP_RATE', r.impedanceRate),
    metric('MDC_PRESS_BLD_ART_ABP_SYS', r.abp[0]),
    metric('MDC_PRESS_BLD_ART_ABP_DIA', r.abp[1]),
    metric('MDC_PRESS_BLD_ART_ABP_MEAN', r.abp[2]),
    metric('MDC_PRESS_BLD_VEN_CENT_SYS', undefined),
    metric('MDC_PRESS_BLD_VEN_CENT_DIA', undefined),
    metric('MDC_PRESS_BLD_VEN_CENT_MEAN', r.cvpMean),
    metric('MDC_PRESS_BLD_NONINV_SYS', r.nibp[0]),
    metric('MDC_PRESS_BLD_NONINV_DIA', r.nibp[1]),
    metric('MDC_PRESS_BLD_NONINV_MEAN', r.nibp[2]),
    metric('MDC_PULS_RATE_NON_INV', undefined),
    metric('MDC_TEMP_CORE', r.coreCel),
    metric('MDC_TEMP_SKIN', r.skinCel),
    metric('MDC_PULS_OXIM_SAT_O2', r.spo2),
    metric('MDC_PLETH_PULS_RATE', r.pulseRate),
    metric('MDC_CONC_AWAY_CO2_ET', r.etCo2MmHg),
    metric('MDC_CO2_RESP_RATE', r.ventRate),
    metric('MDC_CONC_AWAY_O2_ET', undefined),
    metric('MDC_CONC_AWAY_O2_INSP', r.inspO2Pct),
    metric('MDC_RESP_RATE', r.ventRate),
    metric('MDC_PRESS_AWAY_INSP_MAX', r.peakCmH2O),
    metric('MDC_VENT_PRESS_AWAY_END_EXP_POS', r.peepCmH2O),
    metric('MDC_VENT_PRESS_RESP_PLAT', r.plateauCmH2O),
    metric('MDC_VOL_AWAY_TIDAL', r.tidalMl),
    metric('MDC_COMPL_LUNG', r.complianceMlCmH2O),
    metric('MDC_VOL_MINUTE_AWAY', r.minuteL),
  ]
}

/** What has no value is not sent any more: the driver says once that it is absent. */
export function expectMedibus(due: Due): readonly ExpectedMetric[] {
  const r = medibusReading(due)
  return [
    metric('MDC_PRESS_AWAY_INSP_MAX', r.peakMbar),
    metric('MDC_PRESS_AWAY_INSP_MEAN', r.meanMbar),
    metric('MDC_VENT_PRESS_AWAY_END_EXP_POS', r.peepMbar),
    metric('MDC_VENT_PRESS_RESP_PLAT', r.plateauMbar),
    metric('MDC_VOL_AWAY_TIDAL', r.tidalMl),
    metric('MDC_VOL_MINUTE_AWAY', r.minuteL),
    metric('MDC_RESP_RATE', r.ratePerMin),
    metric('MDC_CONC_AWAY_O2_INSP', r.inspO2Pct),
    metric('MDC_COMPL_LUNG', r.complianceLBar),
    metric('MDC_CONC_AWAY_CO2_ET', r.etCo2MmHg),
    metric('MDC_PULS_OXIM_SAT_O2', r.spo2),
    metric('MDC_PULS_OXIM_PULS_RATE', r.pulseRate),
  ]
}
