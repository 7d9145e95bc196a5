/** The answers of a simulated ventilator, by the code of the question. */

import { CODE } from '../devices/medibus/codes.ts'
import type { MedibusReading } from './medibus-reading.ts'

const MEASURED_LETTERS = 4
const SETTING_LETTERS = 5
const PHRASE_LETTERS = 12
const PRIORITY_BASE = 0x30
const LENGTH_BASE = 0x30
const END_OF_TEXT = '\x03'
const LOW_SPO2 = 90

type Field = readonly [code: string, value: number | string | undefined]

/** What cannot be measured is left out. */
function fields(rows: readonly Field[], letters: number): string {
  return rows
    .map(([code, value]) => (value === undefined ? '' : code + String(value).padStart(letters)))
    .join('')
}

function measured(r: MedibusReading): string {
  return fields(
    [
      ['7D', r.peakMbar],
      ['73', r.meanMbar],
      ['78', r.peepMbar],
      ['74', r.plateauMbar],
      ['88', r.tidalMl],
      ['B9', r.minuteL.toFixed(1)],
      ['D6', r.ratePerMin],
      ['F0', r.inspO2Pct],
      ['07', r.complianceLBar],
      ['E6', r.etCo2MmHg],
      ['EB', r.spo2],
      ['E1', r.pulseRate],
    ],
    MEASURED_LETTERS,
  )
}

const LOW_LIMITS = fields(
  [
    ['B9', '3.0'],
    ['EB', 90],
  ],
  MEASURED_LETTERS,
)

const HIGH_LIMITS = fields(
  [
    ['7D', 40],
    ['B9', '12.0'],
    ['D6', 30],
  ],
  MEASURED_LETTERS,
)

const SETTINGS = fields(
  [
    ['01', 40],
    ['04', '0.460'],
    ['09', '14.0'],
    ['0B', '5.0'],
    ['05', '1.7'],
  ],
  SETTING_LETTERS,
)

function alarms({ spo2 }: MedibusReading): string {
  if (spo2 === undefined || spo2 >= LOW_SPO2) return ''
  return `${String.fromCharCode(PRIORITY_BASE + 26)}07${'SPO2 LOW'.padEnd(PHRASE_LETTERS)}`
}

function message(code: string, text: string): string {
  return `${code}${String.fromCharCode(LENGTH_BASE + text.length)}${text}${END_OF_TEXT}`
}

const TEXTS = message('0E', 'BIPAP') + message('20', 'Adults')

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAI', 'JUN', 'JUL', 'AUG', 'SEP', 'OKT', 'NOV', 'DEZ'] as const

function dateTime(atMs: number): string {
  const iso = new Date(atMs).toISOString()
  const month = MONTHS[Number(iso.slice(5, 7)) - 1] ?? MONTHS[0]
  return `${iso.slice(11, 19)}${iso.slice(8, 10)}-${month}-${iso.slice(2, 4)}`
}

/** Step of 16 ms; pressure -10 to 100 mbar in 880 steps, flow -200 to 200 L/min in 1000, CO2 -20 to 100 mmHg in 1120. */
const CURVES = ['00   16000-  10  100370', '01   16000- 200  2003E8', '06   16000-  20  100460'].join('')

export const OFFERED_CURVES: ReadonlySet<string> = new Set(['00', '01', '06'])

const DEVICE_ID = "8240'Evita 4'04.10:04.03"

/** Undefined for a question that this device does not know. */
export function answerTo(code: number, reading: MedibusReading, atMs: number): string | undefined {
  return ANSWERS[code]?.(reading, atMs)
}

const ANSWERS: Readonly<Record<number, (reading: MedibusReading, atMs: number) => string>> = {
  [CODE.nop]: () => '',
  [CODE.measured1]: measured,
  [CODE.measured2]: () => '',
  [CODE.lowLimits1]: () => LOW_LIMITS,
  [CODE.highLimits1]: () => HIGH_LIMITS,
  [CODE.lowLimits2]: () => '',
  [CODE.highLimits2]: () => '',
  [CODE.alarms1]: alarms,
  [CODE.alarms2]: () => '',
  [CODE.dateTime]: (_, atMs) => dateTime(atMs),
  [CODE.settings]: () => SETTINGS,
  [CODE.texts]: () => TEXTS,
  [CODE.deviceId]: () => DEVICE_ID,
  [CODE.realtimeRequest]: () => CURVES,
}
