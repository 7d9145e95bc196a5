/**
 * PCD-04 (ORU^R40): "five OBX with facets .1-.5: event, source value, phase, state, inactivation", under one sub-id.
 * What is no facet of an alarm stays an observation.
 */

import { cleanText } from '../framing/clean-text.ts'
import { slug } from '../framing/slug.ts'
import type { Alert, FromPart, Inactivation } from '../protocol.ts'
import { matchMetric } from './code.ts'
import type { Obx } from './observation.ts'
import { isTest } from './status.ts'

type Facet = 'event' | 'source' | 'phase' | 'state' | 'inactivation'

const FACETS: readonly Facet[] = ['event', 'source', 'phase', 'state', 'inactivation']

const ALARM_EVENT = 196616
const FACET_CODES: ReadonlyMap<number, Facet> = new Map([
  [68481, 'phase'],
  [68482, 'state'],
  [68483, 'inactivation'],
])
/** Events are partition 3. */
const EVENT_PARTITION = 3

const PRIORITIES = { PH: 'high', PM: 'medium', PL: 'low' } as const
const SOURCES = { SP: 'patient', ST: 'technical' } as const

const INACTIVATIONS: ReadonlyMap<string, Inactivation> = new Map([
  ['audio-paused', 'audio-paused'],
  ['audio-off', 'audio-off'],
  ['alarm-paused', 'alarm-paused'],
  ['alarm-off', 'alarm-off'],
  ['alarm-acknowledged', 'acknowledged'],
  ['acknowledged', 'acknowledged'],
])

export interface AlarmReport {
  readonly alert: Alert
  /** An alarm of a demonstration or a test is nobody's alarm. */
  readonly isTest: boolean
}

export interface AlarmSplit {
  readonly alarms: readonly AlarmReport[]
  /** Everything else, the value that the alarm is about included. */
  readonly others: readonly Obx[]
}

export function splitAlarms(observations: readonly Obx[], from: FromPart): AlarmSplit {
  const groups = new Map<string, Map<Facet, Obx>>()
  const others: Obx[] = []
  for (const obx of observations) {
    const facet = facetOf(obx)
    if (facet === undefined) others.push(obx)
    else {
      const group = groups.get(containerOf(obx)) ?? new Map<Facet, Obx>()
      groups.set(containerOf(obx), group.set(facet, group.get(facet) ?? obx))
    }
  }
  for (const group of groups.values()) others.push(...sourceOf(group))
  return { alarms: [...groups].flatMap(([container, group]) => report(container, group, from)), others }
}

/** The value that an alarm is about; that of a tested alarm is a test as well. */
function sourceOf(group: ReadonlyMap<Facet, Obx>): readonly Obx[] {
  const source = group.get('source')
  if (source === undefined) return []
  return [isTest(group.get('event')?.flags ?? []) ? { ...source, flags: [...source.flags, 'TEST'] } : source]
}

function containerOf({ subId }: Obx): string {
  return subId.split('.').slice(0, -1).join('.')
}

/** By its code where it has one of its own, otherwise by its place. */
function facetOf({ code, subId }: Obx): Facet | undefined {
  const mdc = code.kind === 'mdc' ? code.mdc : undefined
  const known = FACET_CODES.get(mdc ?? 0)
  if (known !== undefined) return known
  const place = FACETS[Number(subId.split('.').at(-1)) - 1]
  if (mdc !== undefined && Math.floor(mdc / 65536) === EVENT_PARTITION)
    return place === 'event' ? 'event' : undefined
  return place === 'source' ? 'source' : undefined
}

function report(container: string, group: ReadonlyMap<Facet, Obx>, from: FromPart): readonly AlarmReport[] {
  const event = group.get('event')
  if (event === undefined) return []
  const source = group.get('source')
  const match = source === undefined ? undefined : matchMetric(source.code)
  const metric = match?.kind === 'metric' ? match.metric : undefined
  const number = eventNumber(event)
  const phase = wordOf(group.get('phase'))
  const state = wordOf(group.get('state'))
  const inactivation = INACTIVATIONS.get(wordOf(group.get('inactivation')))
  const alert: Alert = {
    kind: 'alert',
    ...from,
    code: slug(`${number}-${container}`) ?? String(number),
    priority: pick(PRIORITIES, event.flags) ?? 'unknown',
    source: pick(SOURCES, event.flags) ?? 'unknown',
    // A latched alarm is still shown by the device after its condition is gone.
    phase: phase === 'end' || state === 'inactive' ? 'ended' : 'present',
    text: textOf(event),
    flags: [...event.flags, ...[phase, state].filter((word) => word !== '')],
    ...(inactivation !== undefined && { inactivation: [inactivation] }),
    ...(metric !== undefined && { about: { mdc: metric.mdc, ref: metric.ref } }),
  }
  return [{ alert, isTest: isTest(event.flags) || isTest(source?.flags ?? []) }]
}

/** "196670 MDC_EVT_LO etc., or 196616 MDC_EVT_ALARM with the code in OBX-5." */
function eventNumber({ code, value }: Obx): number {
  const mdc = code.kind === 'mdc' ? (code.mdc ?? ALARM_EVENT) : ALARM_EVENT
  const given = /^\d{1,10}$/.test(value[0] ?? '') ? Number(value[0]) : undefined
  return mdc === ALARM_EVENT ? (given ?? mdc) : mdc
}

function textOf({ value, text, code }: Obx): string {
  const isCoded = /^\d{1,10}$/.test(value[0] ?? '') && (value[1] ?? '') !== ''
  const words = isCoded ? (value[1] ?? '') : text
  return cleanText(words === '' && code.kind === 'mdc' ? code.ref : words)
}

function wordOf(obx: Obx | undefined): string {
  const [code = '', name = ''] = obx?.value ?? []
  const word = (code === '' || /^\d+$/.test(code) ? name : code).trim().toLowerCase()
  return /^[a-z][a-z0-9-]{0,31}$/.test(word) ? word : ''
}

function pick<Word extends string>(
  words: Readonly<Record<string, Word>>,
  flags: readonly string[],
): Word | undefined {
  const flag = flags.find((one) => Object.hasOwn(words, one))
  return flag === undefined ? undefined : words[flag]
}
