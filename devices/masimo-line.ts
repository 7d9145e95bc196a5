/**
 * What the live and the trend lines of Masimo oximeters share: `MM/DD/YY HH:MM:SS KEY=value KEY=value ...`.
 * There is no checksum: the exact time pattern, the form and the range of each number are all there is to check.
 */

import { epochMsOf } from './framing/civil-time.ts'
import type { Metric } from './metrics.ts'
import type { DeviceTime, Numeric, Quality } from './protocol.ts'

export interface MasimoLine {
  readonly deviceTime: DeviceTime
  readonly fields: ReadonlyMap<string, string>
}

const TIME_STAMP = /^(\d{2})\/(\d{2})\/(\d{2}) (\d{2}):(\d{2}):(\d{2}) /
const FIELD = /^([A-Za-z][A-Za-z0-9]*)=([\x21-\x7e]+)$/

/** Two-digit years: no device that speaks this is older than 2000. */
const CENTURY = 2000

/** Undefined when the line does not keep to the form. */
export function parseMasimoLine(line: string): MasimoLine | undefined {
  const stamp = TIME_STAMP.exec(line)
  if (stamp === null) return undefined
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = stamp.slice(1).map(Number)
  const epochMs = epochMsOf({ year: CENTURY + year, month, day, hour, minute, second })
  if (epochMs === undefined) return undefined
  const fields = new Map<string, string>()
  for (const token of line.slice(stamp[0].length).trim().split(/ +/)) {
    const [, key, value] = FIELD.exec(token) ?? []
    // A key given twice means that two lines have run into one.
    if (key === undefined || value === undefined || fields.has(key)) return undefined
    fields.set(key, value)
  }
  return { deviceTime: { epochMs, zone: 'unknown' }, fields }
}

/** One bit of EXC, the device's exceptions; bits 0x100 and 0x200 are reserved and 0x800 is the normal state. */
interface ExceptionBit {
  readonly mask: number
  readonly flag: string
  readonly effect: Quality
}

const EXCEPTION_BITS: readonly ExceptionBit[] = [
  { mask: 0x001, flag: 'no_sensor', effect: 'invalid' },
  { mask: 0x002, flag: 'defective_sensor', effect: 'invalid' },
  { mask: 0x004, flag: 'low_perfusion', effect: 'questionable' },
  { mask: 0x008, flag: 'pulse_search', effect: 'invalid' },
  { mask: 0x010, flag: 'interference', effect: 'invalid' },
  { mask: 0x020, flag: 'sensor_off', effect: 'invalid' },
  { mask: 0x040, flag: 'too_much_light', effect: 'questionable' },
  { mask: 0x080, flag: 'unrecognised_sensor', effect: 'invalid' },
  { mask: 0x400, flag: 'low_signal_iq', effect: 'questionable' },
]

export interface Exceptions {
  readonly flags: readonly string[]
  readonly quality: Quality
}

export function readExceptions(hex: string): Exceptions {
  const word = Number.parseInt(hex, 16)
  const set = EXCEPTION_BITS.filter(({ mask }) => (word & mask) !== 0)
  const worst = set.find(({ effect }) => effect === 'invalid') ?? set[0]
  return { flags: set.map(({ flag }) => flag), quality: worst?.effect ?? 'valid' }
}

/** One number of a line: its key, the only form it may have, and what the device can show. */
export interface MasimoNumber {
  readonly key: string
  readonly metric: Metric
  readonly form: RegExp
  readonly range: readonly [min: number, max: number]
  readonly isRequired: boolean
  /** Trend lines say 000 where live lines have dashes. */
  readonly isZeroMissing: boolean
}

export type MasimoNumerics =
  | { readonly ok: true; readonly numerics: readonly Numeric[] }
  | { readonly ok: false; readonly reason: 'malformed' | 'out-of-range' }

/** A number that is not exact spoils its line: with no checksum, the rest of the line is not to be trusted either. */
export function readNumerics(
  fields: ReadonlyMap<string, string>,
  numbers: readonly MasimoNumber[],
  exceptions: Exceptions,
): MasimoNumerics {
  const numerics: Numeric[] = []
  for (const number of numbers) {
    const text = fields.get(number.key)?.replace(/%$/, '')
    if (text === undefined) {
      if (number.isRequired) return { ok: false, reason: 'malformed' }
      continue
    }
    // Any dash in a number means that there is none.
    const value = text.includes('-') ? null : Number(text)
    if (value !== null && !number.form.test(text)) return { ok: false, reason: 'malformed' }
    if (value !== null && (value < number.range[0] || value > number.range[1]))
      return { ok: false, reason: 'out-of-range' }
    numerics.push(toNumeric(number.metric, number.isZeroMissing && value === 0 ? null : value, exceptions))
  }
  return { ok: true, numerics }
}

function toNumeric(metric: Metric, value: number | null, { flags, quality }: Exceptions): Numeric {
  if (value === null) return { metric, value, quality: 'absent', why: flags.length > 0 ? flags : ['missing'] }
  return { metric, value, quality, ...(flags.length > 0 ? { why: flags } : {}) }
}
