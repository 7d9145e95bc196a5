/**
 * The nomenclature: one row per metric. MDC codes are ISO/IEEE 11073-10101 context-free codes
 * (65536 x partition + term code), units are UCUM, LOINC codes are for the EHR.
 *
 * `possible` is what the quantity can be at all: outside it the reading is diverted to quarantine.
 * `plausible` is what a living patient shows: outside it the reading is published as questionable, never dropped.
 * `ttlMs` is not here: how long a value stays current depends on how often its device reports.
 */

export interface Metric {
  readonly mdc: number
  /** MDC reference id; MDCX_ marks a code from the range that 11073-10101 leaves to private use (0xF000 and up). */
  readonly ref: string
  readonly unit: string
  readonly loinc?: string
  readonly possible: readonly [min: number, max: number]
  readonly plausible: readonly [min: number, max: number]
}

const table = {
  MDC_ECG_HEART_RATE: {
    mdc: 147842,
    unit: '/min',
    loinc: '8867-4',
    possible: [0, 350],
    plausible: [20, 300],
  },
  MDC_ECG_TIME_PD_RR_GL: {
    mdc: 147240,
    unit: 'ms',
    loinc: '8637-1',
    possible: [0, 64000],
    plausible: [200, 3000],
  },
  MDC_PULS_OXIM_SAT_O2: {
    mdc: 150456,
    unit: '%',
    loinc: '59408-5',
    possible: [0, 100],
    plausible: [40, 100],
  },
  MDC_PULS_OXIM_PULS_RATE: {
    mdc: 149530,
    unit: '/min',
    loinc: '8889-8',
    possible: [0, 350],
    plausible: [20, 300],
  },
  MDC_PULS_RATE_NON_INV: {
    mdc: 149546,
    unit: '/min',
    loinc: '8867-4',
    possible: [0, 350],
    plausible: [20, 300],
  },
  MDC_BLD_PERF_INDEX: { mdc: 150488, unit: '%', loinc: '61006-3', possible: [0, 100], plausible: [0, 20] },
  MDC_RESP_RATE: { mdc: 151562, unit: '/min', loinc: '9279-1', possible: [0, 150], plausible: [3, 80] },
  MDC_PRESS_BLD_NONINV_SYS: {
    mdc: 150021,
    unit: 'mm[Hg]',
    loinc: '8480-6',
    possible: [0, 400],
    plausible: [30, 280],
  },
  MDC_PRESS_BLD_NONINV_DIA: {
    mdc: 150022,
    unit: 'mm[Hg]',
    loinc: '8462-4',
    possible: [0, 400],
    plausible: [10, 200],
  },
  MDC_PRESS_BLD_NONINV_MEAN: {
    mdc: 150023,
    unit: 'mm[Hg]',
    loinc: '8478-0',
    possible: [0, 400],
    plausible: [15, 240],
  },
  MDC_AWAY_CO2_ET: { mdc: 151728, unit: 'mm[Hg]', loinc: '19891-1', possible: [0, 150], plausible: [5, 100] },
  MDC_TEMP: { mdc: 150344, unit: 'Cel', loinc: '8310-5', possible: [0, 50], plausible: [25, 43] },
  MDC_PRESS_BLD_ART_ABP_SYS: {
    mdc: 150037,
    unit: 'mm[Hg]',
    loinc: '8480-6',
    possible: [-50, 400],
    plausible: [20, 300],
  },
  MDC_PRESS_BLD_ART_ABP_DIA: {
    mdc: 150038,
    unit: 'mm[Hg]',
    loinc: '8462-4',
    possible: [-50, 400],
    plausible: [5, 200],
  },
  MDC_PRESS_BLD_ART_ABP_MEAN: {
    mdc: 150039,
    unit: 'mm[Hg]',
    loinc: '8478-0',
    possible: [-50, 400],
    plausible: [10, 250],
  },
  MDC_CONC_GLU_ISF: {
    mdc: 160212,
    unit: 'mg/dL',
    loinc: '99504-3',
    possible: [0, 1000],
    plausible: [20, 600],
  },
  MDC_AMOUNT_DRUG_REMAIN_CONTAINER: { mdc: 158013, unit: '[iU]', possible: [0, 1000], plausible: [0, 500] },
  MDC_FLOW_FLUID_PUMP_CURRENT: { mdc: 158014, unit: '[iU]/h', possible: [0, 100], plausible: [0, 35] },
  MDC_DOSE_DRUG_BOLUS: { mdc: 157816, unit: '[iU]', possible: [0, 100], plausible: [0, 30] },
  MDC_DOSE_DRUG_DELIV: { mdc: 158002, unit: '[iU]', possible: [0, 100000], plausible: [0, 100000] },
  MDCX_GLU_RATE_OF_CHANGE: { mdc: 192513, unit: 'mg/dL/min', possible: [-100, 100], plausible: [-10, 10] },
  MDCX_CGM_QUALITY: { mdc: 192514, unit: '%', possible: [0, 100], plausible: [0, 100] },
  MDCX_INSULIN_ON_BOARD: { mdc: 192515, unit: '[iU]', possible: [0, 300], plausible: [0, 60] },
  MDC_CONC_AWAY_CO2_ET: {
    mdc: 151708,
    unit: 'mm[Hg]',
    loinc: '19891-1',
    possible: [0, 150],
    plausible: [5, 100],
  },
} as const satisfies Record<string, Omit<Metric, 'ref'>>

export type MetricRef = keyof typeof table

/** Every metric by its reference id: `METRICS.MDC_PULS_OXIM_SAT_O2`. */
export const METRICS: Readonly<Record<MetricRef, Metric>> = Object.freeze(
  Object.fromEntries(Object.entries(table).map(([ref, row]) => [ref, Object.freeze({ ref, ...row })])),
) as Readonly<Record<MetricRef, Metric>>

const byMdc: ReadonlyMap<number, Metric> = new Map(
  Object.values(METRICS).map((metric) => [metric.mdc, metric]),
)

/** The row for an MDC code, or undefined when wardgate does not know the code. */
export function metricByMdc(mdc: number): Metric | undefined {
  return byMdc.get(mdc)
}
