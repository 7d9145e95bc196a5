/** Which bed an OBX belongs to. It is read from the location (PV1-3), never from the patient (PID). */

import { slug } from '../framing/slug.ts'
import type { FromPart } from '../protocol.ts'
import { unescape } from './charset.ts'
import type { Header, Segment } from './message.ts'
import { readObx } from './observation.ts'
import type { Obx } from './observation.ts'

export interface Group {
  readonly from: FromPart
  readonly startedAt: string
  readonly observations: readonly Obx[]
}

/** The OBX of one OBR, and the bed they belong to: a new patient without a bed has none of the one before. */
export function groupsOf(segments: readonly Segment[], { delimiters }: Header): readonly Group[] {
  const groups: { from: FromPart; startedAt: string; observations: Obx[] }[] = []
  let from: FromPart = {}
  let startedAt = ''
  let isOpen = false
  for (const segment of segments) {
    if (segment.name === 'OBX') {
      if (!isOpen) groups.push({ from, startedAt, observations: [] })
      isOpen = true
      groups.at(-1)?.observations.push(readObx(segment, delimiters))
      continue
    }
    isOpen = false
    if (segment.name === 'PID') from = {}
    if (segment.name === 'PV1') from = bedOf(segment, delimiters)
    startedAt = segment.name === 'OBR' ? (segment.fields[7] ?? '').trim() : ''
  }
  return groups
}

/** "PV1-3 location": point of care, room and bed together, because beds are numbered from 1 in every room. */
function bedOf({ fields }: Segment, delimiters: Header['delimiters']): FromPart {
  const location = (fields[3] ?? '').split(delimiters.repetition, 1)[0] ?? ''
  const words = location
    .split(delimiters.component)
    .slice(0, 3)
    .map((word) => unescape(word, delimiters).trim())
  const part = slug(words.filter((word) => word !== '' && word !== '""').join(' '))
  return part === undefined ? {} : { part }
}

/** The same observations by bed: each of a message's beds once. */
export function bedsOf(groups: readonly Group[]): readonly Omit<Group, 'startedAt'>[] {
  const beds = new Map<string, { from: FromPart; observations: Obx[] }>()
  for (const { from, observations } of groups) {
    const bed = beds.get(from.part ?? '') ?? { from, observations: [] }
    beds.set(from.part ?? '', bed)
    for (const obx of observations) bed.observations.push(obx)
  }
  return [...beds.values()]
}
