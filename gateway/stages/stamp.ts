/** From what a driver measured to what goes over the wire: who, when, which run, which number. */

import type { DeviceProtocol, DeviceTime, Numeric, Observation, Quality } from '../../devices/protocol.ts'
import { toInstant } from '../contract/instant.ts'
import { CONTRACT_VERSION, type IngestSet, type LinkName, type WireMetric } from '../contract/reading.ts'

export interface Origin {
  readonly device: string
  readonly protocol: Pick<DeviceProtocol, 'id' | 'version' | 'ttlMs' | 'uncertaintyMs'>
  readonly linkName: LinkName
  /** Names this run of the bedside part: new at every start. */
  readonly bootId: string
}

export type Stamper = (observation: Observation, receivedAtMs: number) => IngestSet

/** Numbers the sets of one device from 1; keep it for the whole run. */
export function createStamper({ device, protocol, linkName, bootId }: Origin): Stamper {
  let seq = 0
  return (observation, receivedAtMs) => ({
    v: CONTRACT_VERSION,
    device,
    seq: ++seq,
    boot: bootId,
    ...timesOf(observation, receivedAtMs, protocol.uncertaintyMs),
    ttl: observation.ttlMs ?? protocol.ttlMs,
    ...(observation.isHistory === true && { history: true }),
    src: { link: linkName, driver: `${protocol.id}@${protocol.version}` },
    metrics: observation.numerics.map(toWire),
  })
}

/**
 * A live value was measured when it came, give or take `tu`; the device's clock stands beside it, unjudged. What the
 * device had stored was measured when a clock with a known zone says, and how well that clock goes nobody knows.
 */
function timesOf(
  { deviceTime, isHistory = false }: Observation,
  receivedAtMs: number,
  uncertaintyMs: number,
): Pick<IngestSet, 't' | 'td' | 'tr' | 'tu'> {
  const tr = toInstant(receivedAtMs)
  const td = deviceTime === undefined ? undefined : toDeviceInstant(deviceTime)
  const isStoredAtKnownTime = isHistory && deviceTime?.zone === 'utc'
  return {
    t: isStoredAtKnownTime && td !== undefined ? td : tr,
    ...(td !== undefined && { td }),
    tr,
    ...(!isHistory && { tu: uncertaintyMs }),
  }
}

// RFC 3339 has years of four digits; a device clock outside them is not a time.
const FIRST_YEAR_MS = -62_167_219_200_000
const LAST_YEAR_MS = 253_402_300_799_999

function toDeviceInstant({ epochMs, zone }: DeviceTime): string | undefined {
  if (!(epochMs >= FIRST_YEAR_MS && epochMs <= LAST_YEAR_MS)) return undefined
  const instant = toInstant(epochMs)
  return zone === 'utc' ? instant : instant.slice(0, -1)
}

// A value of these qualities must never reach a screen as a number.
const WITHOUT_VALUE: ReadonlySet<Quality> = new Set<Quality>(['invalid', 'absent', 'calibrating'])

function toWire(numeric: Numeric): WireMetric {
  const { metric } = numeric
  const { value, q, why } = judge(numeric)
  return {
    mdc: metric.mdc,
    ref: metric.ref,
    ...(metric.loinc !== undefined && { loinc: metric.loinc }),
    value,
    unit: metric.unit,
    q,
    ...(why !== undefined && why.length > 0 && { why }),
  }
}

/** Value and quality must agree: no number without a quality that carries one, no good quality without a number. */
function judge({ value, quality, why }: Numeric): Pick<WireMetric, 'value' | 'q' | 'why'> {
  const given = why === undefined ? {} : { why }
  if (WITHOUT_VALUE.has(quality)) return { value: null, q: quality, ...given }
  if (value !== null && !Number.isFinite(value))
    return { value: null, q: 'invalid', why: [...(why ?? []), 'not_a_number'] }
  if (value === null && (quality === 'valid' || quality === 'questionable'))
    return { value: null, q: 'absent', ...given }
  return { value, q: quality, ...given }
}
