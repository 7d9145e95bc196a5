/** The physiological subrecord: 270 bytes of data of one class, and when they were measured. */

import type { Discarded, DriverOutput, Numeric, Text } from '../protocol.ts'
import { CARDIAC_GROUPS } from './cardiac-groups.ts'
import { readGroup, isCode, type GroupLayout, type GroupReading } from './group.ts'
import { OTHER_GROUPS } from './other-groups.ts'
import { viewOf, type DriRecord, type Subrecord } from './record.ts'

const PHYSIOLOGY_TYPE = { displayed: 1, trend10: 2, trend60: 3, auxiliary: 4 } as const

const SUBRECORD_BYTES = 278
const DATA_AT = 4
const MARKER_AT = 274
const CLASS_AT = 276
const CLASS_SHIFT = 8
const CLASS_MASK = 0x0f
const BASIC_CLASS = 0
const LAST_CLASS = 3

const EXTRA_AT = 226
const EXTRA_NAMES = ['ecg.hr_from_ecg', 'ecg.hr_max', 'ecg.hr_min'] as const

const GROUPS: readonly GroupLayout[] = [...CARDIAC_GROUPS, ...OTHER_GROUPS].toSorted((a, b) => a.at - b.at)
/** Where each group ends: the next begins, or the ECG extra that has no header, or the reserved word. */
const BOUNDS: readonly number[] = [...GROUPS.map(({ at }) => at), EXTRA_AT, 268].toSorted((a, b) => a - b)

function endOf({ at }: GroupLayout): number {
  return BOUNDS.find((bound) => bound > at) ?? at
}

export function readPhysiology(record: DriRecord, subrecord: Subrecord): readonly DriverOutput[] {
  const { bytes, type } = subrecord
  if (type === PHYSIOLOGY_TYPE.auxiliary) return readAuxiliary(bytes)
  if (type !== 1 && type !== 2 && type !== 3) return [refused(bytes, 'unsupported')]
  if (bytes.length < SUBRECORD_BYTES) return [refused(bytes, 'truncated')]
  if (bytes.length > SUBRECORD_BYTES) return [refused(bytes, 'trailing')]
  const view = viewOf(bytes)
  const dataClass = (view.getUint16(CLASS_AT, true) >>> CLASS_SHIFT) & CLASS_MASK
  if (dataClass > LAST_CLASS) return [refused(bytes, 'unsupported')]
  // The three extended classes are whole and known to be there; nothing in them is read.
  if (dataClass !== BASIC_CLASS) return []
  const isTrend = type !== PHYSIOLOGY_TYPE.displayed
  const timeS = isTrend ? view.getUint32(0, true) : record.timeS
  const data = bytes.subarray(DATA_AT, MARKER_AT)
  const { numerics, texts } = collect(GROUPS.flatMap((group) => readGroup(data, group, endOf(group))))
  return [
    {
      kind: 'observation',
      numerics,
      // A clock at 0 was never set.
      ...(timeS > 0 && { deviceTime: { epochMs: timeS * 1000, zone: 'unknown' } }),
      // A trend is an average of what was displayed: never the current value.
      ...(isTrend && { isHistory: true }),
    },
    ...texts,
    ...readExtra(view),
    { kind: 'text', name: 'marker', value: view.getUint8(MARKER_AT) },
    { kind: 'text', name: 'dri_level', value: record.level },
  ]
}

interface Collected {
  readonly numerics: readonly Numeric[]
  readonly texts: readonly Text[]
}

/** One code is one number: where two channels carry the same label, the first has it and the other becomes text. */
function collect(readings: readonly GroupReading[]): Collected {
  const numerics = new Map<number, Numeric>()
  const texts: Text[] = []
  for (const reading of readings) {
    if (reading.kind === 'text') {
      texts.push(reading.text)
      continue
    }
    const { numeric, name } = reading
    if (!numerics.has(numeric.metric.mdc)) numerics.set(numeric.metric.mdc, numeric)
    else if (numeric.value !== null && numeric.quality === 'valid')
      texts.push({ kind: 'text', name, value: numeric.value, unit: numeric.metric.unit })
  }
  return { numerics: [...numerics.values()], texts }
}

function readExtra(view: DataView): readonly Text[] {
  return EXTRA_NAMES.flatMap((name, index) => {
    const raw = view.getInt16(DATA_AT + EXTRA_AT + index * 2, true)
    if (isCode(raw) || raw === 0) return []
    return [{ kind: 'text', name, value: raw, unit: '/min' }]
  })
}

const AUXILIARY_BYTES = 114

/** When the measurements that are made now and then were made, by the monitor's clock; 0 is never. */
const AUXILIARY_TIMES = [
  { name: 'nibp.time', at: 0 },
  { name: 'co.output_time', at: 6 },
  { name: 'co.wedge_time', at: 10 },
] as const
const BODY_SURFACE_AT = 14

function readAuxiliary(bytes: Uint8Array): readonly DriverOutput[] {
  if (bytes.length < AUXILIARY_BYTES) return [refused(bytes, 'truncated')]
  const view = viewOf(bytes)
  const surface = view.getInt16(BODY_SURFACE_AT, true)
  const times = AUXILIARY_TIMES.flatMap(({ name, at }): readonly Text[] => {
    const timeS = view.getUint32(at, true)
    return timeS === 0 ? [] : [{ kind: 'text', name, value: timeS, unit: 's' }]
  })
  if (isCode(surface) || surface <= 0) return times
  return [...times, { kind: 'text', name: 'body_surface', value: surface / 100, unit: 'm2' }]
}

export function refused(bytes: Uint8Array, reason: Discarded['reason']): Discarded {
  return { kind: 'discarded', reason, bytes: bytes.slice(0, MAX_REFUSED_BYTES) }
}

/** What one discard may carry; the rest of a long subrecord says no more. */
const MAX_REFUSED_BYTES = 256
