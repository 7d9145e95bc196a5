/** Measured data, limits and settings: a code of two hex digits and a number of fixed width, again and again. */

import type { DriverOutput, Numeric, Text } from '../protocol.ts'
import { MEASURED, SETTINGS, type Quantity } from './quantities.ts'

export interface CodedValue {
  readonly code: string
  /** As sent, without the padding. */
  readonly text: string
  /** Undefined when the field is not a number. */
  readonly value: number | undefined
}

const CODE_LETTERS = 2
const CODE_FORM = /^[0-9A-F]{2}$/
const NUMBER_FORM = /^(-?) *(\d+\.?\d*|\.\d+)$/

/** Undefined when the data are not whole fields. */
export function readCodedValues(data: string, valueLetters: number): readonly CodedValue[] | undefined {
  const width = CODE_LETTERS + valueLetters
  if (data.length % width !== 0) return undefined
  const values: CodedValue[] = []
  for (let at = 0; at < data.length; at += width) {
    const code = data.slice(at, at + CODE_LETTERS)
    if (!CODE_FORM.test(code)) return undefined
    const text = data.slice(at + CODE_LETTERS, at + width).trim()
    values.push({ code, text, value: readNumber(text) })
  }
  return values
}

/** A minus may stand apart from its digits; digits that stand apart are no number. */
export function readNumber(text: string): number | undefined {
  const [, sign, digits] = NUMBER_FORM.exec(text.trim()) ?? []
  if (digits === undefined) return undefined
  const value = Number(digits)
  // There is no minus 0.
  return sign === '-' && value !== 0 ? -value : value
}

/** What was sent last time; a value that cannot be measured is not sent. */
export class MeasuredPage {
  #sent: ReadonlyMap<number, Numeric> = new Map()

  read(values: readonly CodedValue[]): readonly DriverOutput[] {
    const now = new Map<number, Numeric>()
    const texts: Text[] = []
    for (const coded of values) {
      const quantity = MEASURED[coded.code]
      const numeric = toNumeric(coded, quantity)
      // One code is one number: what comes a second time, in another unit, is text.
      if (numeric === undefined || now.has(numeric.metric.mdc)) {
        const name = quantity?.name ?? `measured ${coded.code}`
        texts.push(toText(name, coded, quantity))
      } else now.set(numeric.metric.mdc, numeric)
    }
    const gone = [...this.#sent.values()].filter(({ metric }) => !now.has(metric.mdc))
    this.#sent = now
    const numerics = [...gone.map(absent), ...now.values()]
    return [...(numerics.length > 0 ? [{ kind: 'observation', numerics } as const] : []), ...texts]
  }
}

function absent({ metric }: Numeric): Numeric {
  return { metric, value: null, quality: 'absent', why: ['not_sent'] }
}

function toNumeric({ text, value }: CodedValue, quantity: Quantity | undefined): Numeric | undefined {
  const metric = quantity?.metric
  if (metric === undefined) return undefined
  if (value !== undefined) return { metric, value, quality: 'valid' }
  return text === ''
    ? { metric, value: null, quality: 'absent', why: ['blank'] }
    : { metric, value: null, quality: 'invalid', why: ['not_a_number'] }
}

function toText(name: string, { text, value }: CodedValue, quantity: Quantity | undefined): Text {
  const unit = value === undefined ? undefined : quantity?.unit
  return { kind: 'text', name, value: value ?? text, ...(unit !== undefined && { unit }) }
}

/** The codes of page 2 have no document here: their numbers are handed on under their codes. */
export function readSecondPage(values: readonly CodedValue[]): readonly Text[] {
  return values.map((coded) => toText(`measured page 2 ${coded.code}`, coded, undefined))
}

export function readLimits(which: string, values: readonly CodedValue[]): readonly Text[] {
  return values.map((coded) => toText(`${which} ${coded.code}`, coded, MEASURED[coded.code]))
}

export function readSecondLimits(which: string, values: readonly CodedValue[]): readonly Text[] {
  return values.map((coded) => toText(`${which} page 2 ${coded.code}`, coded, undefined))
}

export function readSettings(values: readonly CodedValue[]): readonly Text[] {
  return values.map((coded) => {
    const setting = SETTINGS[coded.code]
    return toText(`setting ${setting?.name ?? coded.code}`, coded, setting)
  })
}
