/** Measured data codes of page 1 and setting codes, with the unit that belongs to the code: it is never sent. */

import { inUnit, METRICS, type Metric } from '../metrics.ts'

export interface Quantity {
  readonly name: string
  /** UCUM; absent where the document gives none. */
  readonly unit?: string
  readonly metric?: Metric
}

function coded(name: string, metric: Metric): Quantity {
  return { name, unit: metric.unit, metric }
}

function plain(name: string, unit?: string): Quantity {
  return unit === undefined ? { name } : { name, unit }
}

const MBAR = 'mbar'
const PER_MINUTE = '/min'
const LITRES_PER_MINUTE = 'L/min'
const CO2 = METRICS.MDC_CONC_AWAY_CO2_ET
const TIDAL_VOLUME = METRICS.MDC_VOL_AWAY_TIDAL
const COMPLIANCE = coded('compliance', inUnit(METRICS.MDC_COMPL_LUNG, 'L/bar'))
const RESISTANCE = plain('resistance', 'mbar.s/L')
const MINUTE_VOLUME = coded('minute_volume', METRICS.MDC_VOL_MINUTE_AWAY)
const SPONTANEOUS_MINUTE_VOLUME = plain('spontaneous_minute_volume', LITRES_PER_MINUTE)

export const MEASURED: Readonly<Record<string, Quantity>> = {
  '7D': coded('peak_pressure', inUnit(METRICS.MDC_PRESS_AWAY_INSP_MAX, MBAR)),
  74: coded('plateau_pressure', inUnit(METRICS.MDC_VENT_PRESS_RESP_PLAT, MBAR)),
  73: coded('mean_pressure', inUnit(METRICS.MDC_PRESS_AWAY_INSP_MEAN, MBAR)),
  71: plain('minimum_pressure', MBAR),
  78: coded('peep', inUnit(METRICS.MDC_VENT_PRESS_AWAY_END_EXP_POS, MBAR)),
  79: coded('intrinsic_peep', inUnit(METRICS.MDC_PRESS_AWAY_END_EXP_POS_INTRINSIC, MBAR)),
  // A factor of 1000 lies between these two.
  82: coded('tidal_volume', inUnit(TIDAL_VOLUME, 'L')),
  88: coded('tidal_volume', inUnit(TIDAL_VOLUME, 'mL')),
  B9: MINUTE_VOLUME,
  B8: MINUTE_VOLUME,
  B7: SPONTANEOUS_MINUTE_VOLUME,
  '7A': SPONTANEOUS_MINUTE_VOLUME,
  D6: coded('respiratory_rate', METRICS.MDC_RESP_RATE),
  B5: coded('spontaneous_rate', METRICS.MDC_VENT_RESP_BTSD_P_RATE),
  '07': COMPLIANCE,
  '06': COMPLIANCE,
  '08': RESISTANCE,
  '0B': RESISTANCE,
  F0: coded('inspired_o2', METRICS.MDC_CONC_AWAY_O2_INSP),
  EF: plain('expired_o2', '%'),
  EB: coded('spo2', METRICS.MDC_PULS_OXIM_SAT_O2),
  E1: coded('pulse', METRICS.MDC_PULS_OXIM_PULS_RATE),
  DB: coded('end_tidal_co2', inUnit(CO2, '%')),
  E3: coded('end_tidal_co2', inUnit(CO2, 'kPa')),
  E6: coded('end_tidal_co2', inUnit(CO2, 'mm[Hg]')),
  DA: plain('inspired_co2', '%'),
  FF: plain('inspired_co2', 'kPa'),
  E5: plain('inspired_co2', 'mm[Hg]'),
  D5: coded('co2_respiratory_rate', METRICS.MDC_CO2_RESP_RATE),
  C1: coded('airway_temperature', METRICS.MDC_TEMP_AWAY),
  '09': plain('co2_production', 'mL/min'),
  89: plain('dead_space', 'mL'),
  '8A': plain('relative_dead_space', '%'),
  72: plain('occlusion_pressure', MBAR),
  81: plain('trapped_volume', 'mL'),
  '8B': plain('spontaneous_support_volume', 'mL'),
  '8D': plain('negative_inspiratory_force', MBAR),
  C9: plain('rapid_shallow_breathing_index'),
  69: plain('plateau_time', 's'),
  '6F': plain('inspiratory_time', 's'),
  76: plain('peak_flow', 'mL/s'),
  E7: plain('i_part'),
  E8: plain('e_part'),
  C6: plain('battery', '%'),
  C7: plain('o2_accuracy', '%'),
  '6B': plain('ambient_pressure', MBAR),
  // Sent in tens of millilitres: the number stays as sent, so it has no unit.
  64: plain('o2_uptake_x10'),
  AC: plain('mac_inspired', '1'),
  AD: plain('mac_expired', '1'),
  E9: plain('agent_inspired', '%'),
  EA: plain('agent_expired', '%'),
}

export const SETTINGS: Readonly<Record<string, Quantity>> = {
  '01': plain('FiO2', '%'),
  '02': plain('max flow', LITRES_PER_MINUTE),
  '04': plain('VT', 'L'),
  '05': plain('Ti', 's'),
  '07': plain('I part'),
  '08': plain('E part'),
  '09': plain('rate', PER_MINUTE),
  '0B': plain('PEEP', MBAR),
  '0C': plain('intermittent PEEP', MBAR),
  '0D': plain('APRV low pressure', MBAR),
  '0E': plain('APRV high pressure', MBAR),
  '0F': plain('APRV low time', 's'),
  10: plain('APRV high time', 's'),
  11: plain('apnea time', 's'),
  12: plain('ASB', MBAR),
  13: plain('max pressure', MBAR),
  29: plain('flow trigger'),
  '2E': plain('ramp', 's'),
}

export const TEXT_MEANINGS: Readonly<Record<string, string>> = {
  '01': 'IPPV',
  '06': 'SIMV',
  '07': 'SIMV/ASB',
  '0A': 'CPAP',
  '0C': 'MMV',
  '0E': 'BIPAP',
  '1E': 'standby',
  20: 'adults',
  21: 'neonates',
  22: 'CO2 in mmHg',
  23: 'CO2 in kPa',
  24: 'CO2 in %',
}

export const MEDIBUS_METRICS: readonly Metric[] = [
  ...new Map(
    Object.values(MEASURED)
      .flatMap(({ metric }) => metric ?? [])
      .map((metric) => [metric.mdc, metric]),
  ).values(),
]
