/** What the device says in words: who it is, what its clock shows, its text messages. */

import { epochMsOf } from '../framing/civil-time.ts'
import type { Text } from '../protocol.ts'
import { printable } from './printable.ts'
import { TEXT_MEANINGS } from './quantities.ts'

const ID_FORM = /^(.{4})'([^']{0,40})'(\d{2}\.\d{2}):(\d{2}\.\d{2})$/

const MODELS: Readonly<Record<string, string>> = {
  8200: 'Evita 2',
  8210: 'Evita',
  8230: 'Evita 2 dura',
  8240: 'Evita 4',
  8250: 'Savina',
  8260: 'Evita XL',
}

/** `NNNN'name'DD.DD:MM.MM`; undefined when it has another form. The number names a model, not one device of it. */
export function readDeviceId(data: string): readonly Text[] | undefined {
  const [, number, name, deviceRevision, medibusRevision] = ID_FORM.exec(printable(data).trim()) ?? []
  if (number === undefined || name === undefined) return undefined
  if (deviceRevision === undefined || medibusRevision === undefined) return undefined
  const model = MODELS[number]
  return [
    {
      kind: 'text',
      name: 'device_id',
      value: number,
      isIdentity: true,
      ...(model !== undefined && { flags: [model] }),
    },
    { kind: 'text', name: 'device_name', value: name.trim() },
    { kind: 'text', name: 'device_revision', value: deviceRevision },
    { kind: 'text', name: 'medibus_revision', value: medibusRevision },
  ]
}

const TIME_FORM = /^(\d{2}):(\d{2})(?::(\d{2}))? *(\d{2})-([A-Z]{3})-(\d{2})$/

/** German months as documented, English ones as some devices send. */
const MONTHS: readonly (readonly string[])[] = [
  ['JAN'],
  ['FEB'],
  ['MAR', 'MRZ'],
  ['APR'],
  ['MAI', 'MAY'],
  ['JUN'],
  ['JUL'],
  ['AUG'],
  ['SEP'],
  ['OKT', 'OCT'],
  ['NOV'],
  ['DEZ', 'DEC'],
]

/** The protocol is of the nineties: a year from 80 on is one of them. */
const FIRST_YEAR_OF_1900 = 80

/** The device's clock without a zone; undefined when there is no such time. */
export function readDateTime(data: string): Text | undefined {
  const match = TIME_FORM.exec(data.toUpperCase().trim())
  if (match === null) return undefined
  const [, hour = '', minute = '', second, day = '', month = '', year = ''] = match
  const monthNumber = MONTHS.findIndex((names) => names.includes(month)) + 1
  const fullYear = Number(year) + (Number(year) >= FIRST_YEAR_OF_1900 ? 1900 : 2000)
  const epochMs = epochMsOf({
    year: fullYear,
    month: monthNumber,
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second ?? 0),
  })
  if (epochMs === undefined) return undefined
  const date = `${fullYear}-${String(monthNumber).padStart(2, '0')}-${day}`
  const time = second === undefined ? `${hour}:${minute}` : `${hour}:${minute}:${second}`
  return { kind: 'text', name: 'device_time', value: `${date}T${time}` }
}

const LENGTH_BASE = 0x30
const END_OF_TEXT = '\x03'
const HEAD_LETTERS = 3

/** Undefined when a length does not lead to the end of its text. */
export function readTextMessages(data: string): readonly Text[] | undefined {
  const texts: Text[] = []
  let at = 0
  while (at < data.length) {
    const code = data.slice(at, at + 2)
    const size = data.charCodeAt(at + 2) - LENGTH_BASE
    const end = at + HEAD_LETTERS + size
    if (!/^[0-9A-F]{2}$/.test(code) || !(size >= 0) || data[end] !== END_OF_TEXT) return undefined
    const meaning = TEXT_MEANINGS[code]
    const value = printable(data.slice(at + HEAD_LETTERS, end)).trim()
    texts.push({
      kind: 'text',
      name: `text ${code}`,
      value,
      ...(meaning !== undefined && { flags: [meaning] }),
    })
    at = end + 1
  }
  return texts
}
