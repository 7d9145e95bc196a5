/** What the simulated HL7 gateway and pumps will have said. A pump is asked: its sets are what its answers can hold. */

import { metric, type ExpectedMetric } from './expected-metric.ts'
import { reportedValues } from './hl7-report.ts'
import { physiologyAt } from './physiology.ts'
import type { Due } from './timeline.ts'

export function expectHl7(due: Due): readonly ExpectedMetric[] {
  return reportedValues(due).map(({ ref, value }) => metric(ref, value))
}

/** What the three pumps of the rack show at one time; each of them has sets of its own. */
export function expectBcc({ row, elapsedS }: Due): readonly ExpectedMetric[] {
  const { infusionMlH, infusedMl, toInfuseMl } = physiologyAt(elapsedS, 0)
  const leftS = infusionMlH > 0 ? Math.round((toInfuseMl / infusionMlH) * 3600) : 0
  return [
    metric('MDC_FLOW_FLUID_PUMP', infusionMlH),
    metric('MDC_VOL_FLUID_TBI', 50),
    metric('MDC_VOL_FLUID_TBI_REMAIN', toInfuseMl),
    metric('MDC_VOL_FLUID_DELIV', infusedMl),
    metric('MDC_TIME_PD_REMAIN', leftS),
    metric('MDC_FLOW_FLUID_PUMP', hundredths(row?.basalIUh)),
    metric('MDC_RATE_DOSE', hundredths(row?.basalIUh)),
    metric('MDC_FLOW_FLUID_PUMP', 0),
    metric('MDC_VOL_FLUID_DELIV', 0),
  ]
}

export function expectAsena({ elapsedS }: Due): readonly ExpectedMetric[] {
  return [metric('MDC_FLOW_FLUID_PUMP', physiologyAt(elapsedS, 0).infusionMlH)]
}

function hundredths(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Number(value.toFixed(2))
}
