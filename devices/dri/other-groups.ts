/** The groups of the basic class about temperature, oxygen, gases, breathing and relaxation. */

import { inUnit, METRICS, type Metric } from '../metrics.ts'
import { isCode, type Field, type FlagBit, type GroupLayout } from './group.ts'
import { temperatureLabel } from './labels.ts'

const PER_MINUTE = '/min'
const HUNDREDTH = 100

function temperature(name: string, at: number): GroupLayout {
  return {
    name,
    at,
    statusBits: [],
    fieldsOf: ({ label }) => {
      const { metric } = temperatureLabel(label)
      return [{ name, word: 0, unit: 'Cel', divisor: HUNDREDTH, ...(metric !== undefined && { metric }) }]
    },
    textsOf: ({ label }) => [{ kind: 'text', name: `${name}.label`, value: temperatureLabel(label).word }],
  }
}

const OXIMETER: GroupLayout = {
  name: 'spo2',
  at: 118,
  statusBits: [],
  fieldsOf: () => [
    { name: 'spo2', word: 0, unit: '%', divisor: HUNDREDTH, metric: METRICS.MDC_PULS_OXIM_SAT_O2 },
    { name: 'spo2.rate', word: 1, unit: PER_MINUTE, divisor: 1, metric: METRICS.MDC_PLETH_PULS_RATE },
    { name: 'SpO2.ir_amp', word: 2, unit: '%', divisor: HUNDREDTH },
    { name: 'spo2.svo2', word: 3, unit: '%', divisor: HUNDREDTH },
  ],
}

const CO2_BITS: readonly FlagBit[] = [
  { bit: 2, flag: 'apnea_co2', effect: 'note' },
  { bit: 3, flag: 'calibrating', effect: 'calibrating' },
  { bit: 4, flag: 'zeroing', effect: 'invalid' },
  { bit: 5, flag: 'occlusion', effect: 'questionable' },
  { bit: 6, flag: 'air_leak', effect: 'questionable' },
  { bit: 7, flag: 'apnea_resp', effect: 'note' },
  { bit: 8, flag: 'apnea_off', effect: 'note' },
  { bit: 9, flag: 'wet', effect: 'questionable' },
]

const AMBIENT_WORD = 3
/** 0.01 % of a pressure in 0.1 mmHg. */
const PARTIAL_PRESSURE_DIVISOR = 100_000

/** "EtCO2 in mmHg = et% / 100 x ambient." Without the ambient pressure only the percentage is known. */
function endTidal(ambient: number): Field {
  const field = { name: 'co2.et', word: 0 }
  const metric = METRICS.MDC_CONC_AWAY_CO2_ET
  if (isCode(ambient) || ambient <= 0)
    return { ...field, unit: '%', divisor: HUNDREDTH, metric: inUnit(metric, '%') }
  return { ...field, unit: metric.unit, divisor: PARTIAL_PRESSURE_DIVISOR, factor: ambient, metric }
}

const CO2: GroupLayout = {
  name: 'co2',
  at: 132,
  statusBits: CO2_BITS,
  fieldsOf: ({ values }) => [
    endTidal(values[AMBIENT_WORD] ?? 0),
    { name: 'co2.fi', word: 1, unit: '%', divisor: HUNDREDTH },
    { name: 'co2.rr', word: 2, unit: PER_MINUTE, divisor: 1, metric: METRICS.MDC_CO2_RESP_RATE },
    { name: 'co2.ambient', word: AMBIENT_WORD, unit: 'mm[Hg]', divisor: 10 },
  ],
}

const GAS_BITS: readonly FlagBit[] = [
  { bit: 2, flag: 'calibrating', effect: 'calibrating' },
  { bit: 3, flag: 'measurement_off', effect: 'invalid' },
]

const O2: GroupLayout = {
  name: 'o2',
  at: 146,
  statusBits: GAS_BITS,
  fieldsOf: () => [
    { name: 'o2.et', word: 0, unit: '%', divisor: HUNDREDTH, metric: METRICS.MDC_CONC_AWAY_O2_ET },
    { name: 'o2.fi', word: 1, unit: '%', divisor: HUNDREDTH, metric: METRICS.MDC_CONC_AWAY_O2_INSP },
  ],
}

const N2O: GroupLayout = {
  name: 'n2o',
  at: 156,
  statusBits: GAS_BITS,
  fieldsOf: () => [
    { name: 'n2o.et', word: 0, unit: '%', divisor: HUNDREDTH },
    { name: 'n2o.fi', word: 1, unit: '%', divisor: HUNDREDTH },
  ],
}

const AGENTS = ['unknown', 'none', 'HAL', 'ENF', 'ISO', 'DES', 'SEV'] as const

const AGENT: GroupLayout = {
  name: 'aa',
  at: 166,
  statusBits: GAS_BITS,
  fieldsOf: () => [
    { name: 'aa.et', word: 0, unit: '%', divisor: HUNDREDTH },
    { name: 'aa.fi', word: 1, unit: '%', divisor: HUNDREDTH },
    { name: 'aa.mac', word: 2, unit: '1', divisor: HUNDREDTH },
  ],
  textsOf: ({ label }) => [{ kind: 'text', name: 'aa.agent', value: AGENTS[label] ?? `label ${label}` }],
}

const FLOW_BITS: readonly FlagBit[] = [
  { bit: 2, flag: 'disconnected', effect: 'invalid' },
  { bit: 3, flag: 'calibrating', effect: 'calibrating' },
  { bit: 4, flag: 'zeroing', effect: 'invalid' },
  { bit: 5, flag: 'obstruction', effect: 'questionable' },
  { bit: 6, flag: 'leak', effect: 'questionable' },
  { bit: 7, flag: 'measurement_off', effect: 'invalid' },
]

const CM_H2O = 'cm[H2O]'

const FLOW: GroupLayout = {
  name: 'flow',
  at: 178,
  statusBits: FLOW_BITS,
  fieldsOf: () => [
    { name: 'flow.rr', word: 0, unit: PER_MINUTE, divisor: 1, metric: METRICS.MDC_RESP_RATE },
    {
      name: 'flow.ppeak',
      word: 1,
      unit: CM_H2O,
      divisor: HUNDREDTH,
      metric: METRICS.MDC_PRESS_AWAY_INSP_MAX,
    },
    {
      name: 'flow.peep',
      word: 2,
      unit: CM_H2O,
      divisor: HUNDREDTH,
      metric: METRICS.MDC_VENT_PRESS_AWAY_END_EXP_POS,
    },
    {
      name: 'flow.pplat',
      word: 3,
      unit: CM_H2O,
      divisor: HUNDREDTH,
      metric: METRICS.MDC_VENT_PRESS_RESP_PLAT,
    },
    { name: 'flow.tv_insp', word: 4, unit: 'mL', divisor: 10 },
    { name: 'flow.tv_exp', word: 5, unit: 'mL', divisor: 10, metric: METRICS.MDC_VOL_AWAY_TIDAL },
    {
      name: 'flow.compliance',
      word: 6,
      unit: 'mL/cm[H2O]',
      divisor: HUNDREDTH,
      metric: METRICS.MDC_COMPL_LUNG,
    },
    { name: 'flow.mv_exp', word: 7, unit: 'L/min', divisor: HUNDREDTH, metric: METRICS.MDC_VOL_MINUTE_AWAY },
  ],
}

const RELAXATION: GroupLayout = {
  name: 'nmt',
  at: 214,
  statusBits: [],
  fieldsOf: () => [
    { name: 'nmt.t1', word: 0, unit: '%', divisor: 10 },
    { name: 'nmt.ratio', word: 1, unit: '%', divisor: 10 },
  ],
}

const MIXED_VENOUS: GroupLayout = {
  name: 'svo2',
  at: 232,
  statusBits: [],
  fieldsOf: () => [{ name: 'svo2', word: 0, unit: '%', divisor: HUNDREDTH }],
}

export const OTHER_GROUPS: readonly GroupLayout[] = [
  temperature('t1', 86),
  temperature('t2', 94),
  temperature('t3', 102),
  temperature('t4', 110),
  OXIMETER,
  CO2,
  O2,
  N2O,
  AGENT,
  FLOW,
  RELAXATION,
  MIXED_VENOUS,
]

export const OTHER_METRICS: readonly Metric[] = [
  METRICS.MDC_TEMP,
  METRICS.MDC_TEMP_AXILLA,
  METRICS.MDC_TEMP_AWAY,
  METRICS.MDC_TEMP_CORE,
  METRICS.MDC_TEMP_ESOPH,
  METRICS.MDC_TEMP_NASOPH,
  METRICS.MDC_TEMP_RECT,
  METRICS.MDC_TEMP_SKIN,
  METRICS.MDC_TEMP_TYMP,
  METRICS.MDC_PULS_OXIM_SAT_O2,
  METRICS.MDC_PLETH_PULS_RATE,
  METRICS.MDC_CONC_AWAY_CO2_ET,
  METRICS.MDC_CO2_RESP_RATE,
  METRICS.MDC_CONC_AWAY_O2_ET,
  METRICS.MDC_CONC_AWAY_O2_INSP,
  METRICS.MDC_RESP_RATE,
  METRICS.MDC_PRESS_AWAY_INSP_MAX,
  METRICS.MDC_VENT_PRESS_AWAY_END_EXP_POS,
  METRICS.MDC_VENT_PRESS_RESP_PLAT,
  METRICS.MDC_VOL_AWAY_TIDAL,
  METRICS.MDC_COMPL_LUNG,
  METRICS.MDC_VOL_MINUTE_AWAY,
]
