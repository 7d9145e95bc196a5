/**
 * Alarms: a priority, a code and a phrase of twelve letters each. The phrase is in the language of the device and can be
 * cut; the code names the alarm.
 */

import type { ShownAlert } from '../alerts-shown.ts'
import type { Alert } from '../protocol.ts'
import { printable } from './printable.ts'

export type AlarmPage = 1 | 2

const CODE_FORM = /^[0-9A-F]{2}$/
const ALARM_LETTERS = 15
const PHRASE_AT = 3
const PRIORITY_BASE = 0x30
const MAX_PRIORITY = 31

/** "31 is the highest": where the thirds lie is our reading, and a user can give an alarm another number. */
const HIGH_FROM = 21
const MEDIUM_FROM = 11

/** Page 1 as the Evita 4 has it. Other codes, and those of page 2, claim nothing. */
const PATIENT: ReadonlySet<string> = new Set('10 19 9B 90 98 9A DA E8 27 28 02 1E 07 22 01'.split(' '))
const TECHNICAL: ReadonlySet<string> = new Set('08 37 A1 35 12 13 4B'.split(' '))

/** Undefined when the data are not whole alarms. */
export function readAlarms(data: string, page: AlarmPage): readonly ShownAlert[] | undefined {
  if (data.length % ALARM_LETTERS !== 0) return undefined
  const alarms = new Map<string, ShownAlert>()
  for (let at = 0; at < data.length; at += ALARM_LETTERS) {
    const code = data.slice(at + 1, at + PHRASE_AT)
    if (!CODE_FORM.test(code)) return undefined
    const rank = data.charCodeAt(at) - PRIORITY_BASE
    const phrase = printable(data.slice(at + PHRASE_AT, at + ALARM_LETTERS)).trim()
    const alarm = toAlert({ code, rank, phrase }, page)
    if (!alarms.has(alarm.code)) alarms.set(alarm.code, alarm)
  }
  return [...alarms.values()]
}

interface SentAlarm {
  readonly code: string
  readonly rank: number
  readonly phrase: string
}

function toAlert({ code, rank, phrase }: SentAlarm, page: AlarmPage): ShownAlert {
  const word = code.toLowerCase()
  return {
    code: page === 1 ? word : `p2-${word}`,
    priority: priorityOf(rank),
    source: page === 1 ? sourceOf(code) : 'unknown',
    text: phrase,
    flags: [`priority_${rank}`],
  }
}

function priorityOf(rank: number): Alert['priority'] {
  if (rank < 1 || rank > MAX_PRIORITY) return 'unknown'
  if (rank >= HIGH_FROM) return 'high'
  return rank >= MEDIUM_FROM ? 'medium' : 'low'
}

function sourceOf(code: string): Alert['source'] {
  if (PATIENT.has(code)) return 'patient'
  return TECHNICAL.has(code) ? 'technical' : 'unknown'
}
