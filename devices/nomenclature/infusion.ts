/** Infusion and syringe pumps. What the columns mean: metrics.ts. */

import type { MetricRow, UnitRange } from './row.ts'

/** What dose rates are given in, besides the usual ug/kg/min. Insulin stays in units: it is never converted. */
const DOSE_RATE_UNITS: readonly string[] = (
  'ng/min ug/min ug/h ug/d mg/min mg/h mg/d g/h mL/h ' +
  'ng/kg/min ng/kg/h ng/kg/d ug/kg/h ug/kg/d mg/kg/min mg/kg/h mg/kg/d mL/kg/h ' +
  'mmol/min mmol/h mmol/d mmol/kg/min mmol/kg/h [iU]/min [iU]/h [iU]/d [iU]/kg/min ' +
  '[iU]/kg/h [iU]/kg/d m[iU]/min m[iU]/h m[iU]/d'
).split(' ')

/** Between a trace of a hormone and grams of a nutrient lie nine powers of ten: no narrower range holds for all drugs. */
function dose(unit: string): UnitRange {
  return { unit, possible: [0, 1000000], plausible: [0, 100000] }
}

export const INFUSION = {
  MDC_FLOW_FLUID_PUMP: {
    label: 'Rate',
    mdc: 157784,
    unit: 'mL/h',
    possible: [0, 3000],
    plausible: [0, 1800],
  },
  MDC_VOL_FLUID_DELIV: {
    label: 'Infused',
    mdc: 157864,
    unit: 'mL',
    possible: [0, 100000],
    plausible: [0, 30000],
  },
  MDC_VOL_FLUID_TBI_REMAIN: {
    label: 'VTBI left',
    mdc: 157872,
    unit: 'mL',
    possible: [0, 100000],
    plausible: [0, 10000],
  },
  MDC_VOL_FLUID_TBI: { label: 'VTBI', mdc: 157884, unit: 'mL', possible: [0, 100000], plausible: [0, 10000] },
  MDC_TIME_PD_REMAIN: {
    label: 'Time left',
    mdc: 157916,
    unit: 's',
    possible: [0, 31536000],
    plausible: [0, 5184000],
    also: [
      { unit: 'min', possible: [0, 525600], plausible: [0, 86400] },
      { unit: 'h', possible: [0, 8760], plausible: [0, 1440] },
    ],
  },
  MDC_VOL_FLUID_DELIV_TOTAL: {
    label: 'Infused',
    mdc: 157993,
    unit: 'mL',
    possible: [0, 100000],
    plausible: [0, 30000],
  },
  MDC_RATE_DOSE: {
    label: 'Dose',
    mdc: 157924,
    ...dose('ug/kg/min'),
    also: DOSE_RATE_UNITS.map(dose),
  },
  MDC_CONC_DRUG: {
    label: 'Conc',
    mdc: 157760,
    ...dose('mg/mL'),
    also: ['ng/mL', 'ug/mL', 'g/mL', '[iU]/mL', 'mmol/mL', 'meq/mL'].map(dose),
  },
  MDC_ATTR_PT_WEIGHT: { label: 'Weight', mdc: 68063, unit: 'kg', possible: [0, 1000], plausible: [0.3, 400] },
} as const satisfies Record<string, MetricRow>
