/** Infusion and syringe pumps. What the columns mean: metrics.ts. */

import type { MetricRow } from './row.ts'

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
} as const satisfies Record<string, MetricRow>
