/** The decision over one untrusted alert. An alert is not lost for the sake of a code that nobody knows. */

import { metricByMdc } from '../../devices/metrics.ts'
import { waveByMdc } from '../../devices/waves.ts'
import type { IngestAlert } from '../contract/alert.ts'
import { toInstant } from '../contract/instant.ts'
import type { RejectedMessage } from '../contract/reading.ts'
import type { AlertReport } from './alert-life.ts'
import { refuseWhole, rejection, trustedSource, type AdmissionContext } from './refuse.ts'

export interface AdmittedAlert {
  /** Undefined when it is refused as a whole. */
  readonly report: AlertReport | undefined
  readonly rejected: readonly RejectedMessage[]
}

export function admitAlert(alert: IngestAlert, context: AdmissionContext): AdmittedAlert {
  const refusal = refuseWhole(alert, context)
  if (refusal !== undefined) return { report: undefined, rejected: [refusal] }
  const { entry, nowMs } = context
  const { about, tr = toInstant(nowMs), src, bed: _bed, assoc: _assoc, ...rest } = alert
  const isAboutKnown = about !== undefined && isKnown(about)
  const report: AlertReport = {
    ...rest,
    bed: entry.bed,
    assoc: entry.assoc,
    ...(isAboutKnown && { about }),
    tr,
    src: trustedSource(src, context),
  }
  if (about === undefined || isAboutKnown) return { report, rejected: [] }
  const reason = `alert ${alert.code}: MDC code ${about.mdc} is not ${about.ref} in the nomenclature; published without it`
  return { report, rejected: [rejection(alert, context, 'unknown-metric', reason)] }
}

function isKnown({ mdc, ref }: { readonly mdc: number; readonly ref: string }): boolean {
  return (metricByMdc(mdc) ?? waveByMdc(mdc))?.ref === ref
}
