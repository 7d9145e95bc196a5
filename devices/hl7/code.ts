/** OBX-3: what was observed. A number counts only together with the name that belongs to it. */

import { METRICS, metricByMdc } from '../metrics.ts'
import type { Metric, MetricRef } from '../metrics.ts'
import { mdilCode } from './unit.ts'

export type ObservationCode =
  /** `mdc` is undefined where none was assigned when the sender's document was written: then the name says it. */
  | { readonly kind: 'mdc'; readonly mdc: number | undefined; readonly ref: string }
  /** Philips: a number of the same nomenclature under the vendor's own label. */
  | { readonly kind: 'mdil'; readonly mdc: number | undefined; readonly label: string }
  | { readonly kind: 'mdil-alert'; readonly label: string }
  | { readonly kind: 'local'; readonly label: string }

/** Names that published messages use for the same term. */
const OTHER_NAMES: Readonly<Partial<Record<MetricRef, readonly string[]>>> = {
  MDC_ECG_HEART_RATE: ['MDC_ECG_CARD_BEAT_RATE'],
  MDC_PRESS_AWAY_INSP_MAX: ['MDC_PRESS_AWAY_INSP_PEAK'],
}

const metricByOtherName: ReadonlyMap<string, Metric> = new Map(
  Object.values(METRICS).flatMap((metric) =>
    (Object.entries(OTHER_NAMES).find(([ref]) => ref === metric.ref)?.[1] ?? []).map((name) => [
      name,
      metric,
    ]),
  ),
)

const NUMBER = /^\d{1,10}$/
/** "Physio ids 0xF000-0xFFFF are vendor-private and have no MDC number." */
const PRIVATE_TERM = 0xf000

/** `components` of OBX-3: code, name and system, and the same again where the sender has a second coding. */
export function readCode(components: readonly string[]): ObservationCode {
  const codings = [components.slice(0, 3), components.slice(3, 6)].map((triplet) =>
    coding(triplet.map((text) => text.trim())),
  )
  return codings.find(({ kind }) => kind !== 'local') ?? codings[0] ?? { kind: 'local', label: '' }
}

function coding([code = '', name = '', system = '']: readonly string[]): ObservationCode {
  const isMdc = system === 'MDC' || (system === '' && name.startsWith('MDC'))
  if (isMdc) {
    const mdc = NUMBER.test(code) ? Number(code) : 0
    return { kind: 'mdc', mdc: mdc === 0 ? undefined : mdc, ref: name }
  }
  if (system === 'MDIL-ALERT') return { kind: 'mdil-alert', label: name === '' ? code : name }
  const mdil = system === 'MDIL' ? mdilCode(code) : undefined
  if (mdil !== undefined) {
    const isPrivate = mdil % 65536 >= PRIVATE_TERM
    return { kind: 'mdil', mdc: isPrivate ? undefined : mdil, label: name === '' ? code : name }
  }
  return { kind: 'local', label: [code, name, system].filter((text) => text !== '').join('^') }
}

export type MetricMatch =
  | { readonly kind: 'metric'; readonly metric: Metric }
  /** The number means something else than the name: under which of the two it belongs nobody knows. */
  | { readonly kind: 'mismatch'; readonly label: string }
  | { readonly kind: 'unknown'; readonly label: string }

export function matchMetric(code: ObservationCode): MetricMatch {
  if (code.kind === 'local' || code.kind === 'mdil-alert') return { kind: 'unknown', label: code.label }
  const metric = code.mdc === undefined ? undefined : metricByMdc(code.mdc)
  if (code.kind === 'mdil')
    return metric === undefined ? { kind: 'unknown', label: code.label } : { kind: 'metric', metric }
  const { mdc, ref } = code
  const label = mdc === undefined ? ref : `${mdc}^${ref}`
  const named = Object.values(METRICS).find((row) => row.ref === ref) ?? metricByOtherName.get(ref)
  // A number that is not in the nomenclature beside a name that is: one of the two is wrong.
  if (mdc !== undefined && named !== undefined && named !== metric) return { kind: 'mismatch', label }
  if (metric === undefined) return { kind: 'unknown', label: ref === '' ? label : ref }
  return ref === '' || named === metric ? { kind: 'metric', metric } : { kind: 'mismatch', label }
}
