/**
 * The alarm status of CARESCAPE monitors: five lines of text as the screen shows them, sorted by colour. The text is
 * in the language of the monitor and is handed on word for word. That boolean and enumerated fields are 16 bits wide
 * stands in the vendor's document and was not seen in a capture.
 */

import type { ShownAlert } from '../alerts-shown.ts'
import { asciiText } from '../framing/text-line.ts'
import type { Inactivation, Text } from '../protocol.ts'
import { viewOf } from './record.ts'

export const ALARM_STATUS_TYPE = 1
export const ALARM_STATUS_BYTES = 510

const SOUND_AT = 2
const SILENCE_AT = 8
const LINES_AT = 10
const LINES = 5
const LINE_BYTES = 98
const TEXT_BYTES = 80
const COLOUR_AT = 82

/** The document gives colours and no priorities: red as high, yellow as medium, white as low is our reading. */
const COLOURS = [
  { colour: 'none', priority: 'unknown' },
  { colour: 'white', priority: 'low' },
  { colour: 'yellow', priority: 'medium' },
  { colour: 'red', priority: 'high' },
] as const

const SILENCES: readonly { readonly word: string; readonly inactivation: readonly Inactivation[] }[] = [
  { word: 'none', inactivation: [] },
  // Which alarm is the one of apnea or asystole cannot be told from a text in an unknown language.
  { word: 'apnea', inactivation: [] },
  { word: 'asystole', inactivation: [] },
  { word: 'apnea_and_asystole', inactivation: [] },
  { word: 'all', inactivation: ['audio-off'] },
  { word: 'two_minutes', inactivation: ['audio-paused'] },
  { word: 'five_minutes', inactivation: ['audio-paused'] },
  { word: '20_seconds', inactivation: ['audio-paused'] },
]

export interface AlarmStatus {
  readonly alerts: readonly ShownAlert[]
  readonly texts: readonly Text[]
}

/** `bytes` are all 510 of an alarm status. */
export function readAlarmStatus(bytes: Uint8Array): AlarmStatus {
  const view = viewOf(bytes)
  const silence = view.getUint16(SILENCE_AT, true)
  const known = SILENCES[silence]
  const alerts = new Map<string, ShownAlert>()
  for (let index = 0; index < LINES; index += 1) {
    const alert = readLine(bytes.subarray(LINES_AT + index * LINE_BYTES), known?.inactivation ?? [])
    if (alert !== undefined && !alerts.has(alert.code)) alerts.set(alert.code, alert)
  }
  const sound = view.getUint16(SOUND_AT, true)
  return {
    alerts: [...alerts.values()],
    texts: [
      { kind: 'text', name: 'alarm_sound', value: sound === 0 ? 'off' : 'on' },
      { kind: 'text', name: 'silence', value: silence, flags: [known?.word ?? 'unknown'] },
    ],
  }
}

function readLine(line: Uint8Array, inactivation: readonly Inactivation[]): ShownAlert | undefined {
  const field = line.subarray(0, TEXT_BYTES)
  const end = field.indexOf(0)
  const text = printable(asciiText(end < 0 ? field : field.subarray(0, end))).trim()
  const colour = viewOf(line).getUint16(COLOUR_AT, true)
  if (text === '' && colour === 0) return undefined
  const row = COLOURS[colour] ?? { colour: `colour_${colour}`, priority: 'unknown' }
  return {
    code: codeOf(text),
    priority: row.priority,
    source: 'unknown',
    text,
    flags: [row.colour],
    ...(inactivation.length > 0 && { inactivation }),
  }
}

const LAST_CONTROL = 0x1f
const DELETE = 0x7f
const FIRST_HIGH_PRINTABLE = 0xa0

/** A control character in a text would forge lines in a log. */
function printable(text: string): string {
  return Array.from(text, (letter) => {
    const code = letter.charCodeAt(0)
    return code <= LAST_CONTROL || (code >= DELETE && code < FIRST_HIGH_PRINTABLE) ? ' ' : letter
  }).join('')
}

const MAX_CODE_LETTERS = 32
const HASH_LETTERS = 8

/** The line of an alarm changes when another comes; its text is all that names it. */
function codeOf(text: string): string {
  const word = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
  if (word !== '' && word.length <= MAX_CODE_LETTERS && /^[A-Za-z0-9 ]+$/.test(text)) return word
  return `${word.slice(0, MAX_CODE_LETTERS - HASH_LETTERS - 1) || 'alarm'}-${hash(text)}`
}

/** FNV-1a: two texts that differ only in what a code cannot hold stay two. */
function hash(text: string): string {
  let state = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193)
  return (state >>> 0).toString(16).padStart(HASH_LETTERS, '0')
}
