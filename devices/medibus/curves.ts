/** The curves of the realtime stream: what the configuration answer offers and what each code is. */

import type { SampleScale, Text } from '../protocol.ts'
import { WAVES, type WaveKind } from '../waves.ts'
import { readNumber } from './measured.ts'

interface CurveKind {
  readonly channel: string
  readonly label: string
  /** UCUM; absent where the document gives none: then the curve has a shape and no size. */
  readonly unit?: string
  readonly wave: WaveKind | null
}

const KINDS: Readonly<Record<string, CurveKind>> = {
  '00': { channel: 'airway-pressure', label: 'airway pressure', unit: 'mbar', wave: WAVES.MDC_PRESS_AWAY },
  '01': { channel: 'airway-flow', label: 'flow', unit: 'L/min', wave: WAVES.MDC_FLOW_AWAY },
  '02': { channel: 'pleth', label: 'pleth', unit: '%', wave: WAVES.MDC_PULS_OXIM_PLETH },
  '03': { channel: 'volume', label: 'volume since inspiration', unit: 'mL', wave: null },
  '06': { channel: 'co2', label: 'CO2', unit: 'mm[Hg]', wave: WAVES.MDC_AWAY_CO2 },
  '07': { channel: 'co2', label: 'CO2', unit: 'kPa', wave: WAVES.MDC_AWAY_CO2 },
  '08': { channel: 'co2', label: 'CO2', unit: '%', wave: WAVES.MDC_AWAY_CO2 },
  20: { channel: 'inspiratory-flow', label: 'inspiratory flow', wave: null },
  21: { channel: 'expiratory-flow', label: 'expiratory flow', wave: null },
  24: { channel: 'expiratory-volume', label: 'expiratory volume', unit: 'mL', wave: null },
}

export function curveKind(code: string): CurveKind {
  return KINDS[code] ?? { channel: `curve-${code.toLowerCase()}`, label: `curve ${code}`, wave: null }
}

/** One curve as the device offers it. */
export interface Curve {
  readonly code: string
  readonly intervalUs: number
  readonly min: number
  readonly max: number
  readonly maxBin: number
}

export function scaleOf({ code, min, max, maxBin }: Curve): SampleScale | undefined {
  const { unit } = curveKind(code)
  return unit === undefined ? undefined : { resolution: (max - min) / maxBin, offset: min, unit }
}

const CURVE_LETTERS = 23
const CODE_FORM = /^[0-9A-F]{2}$/
const MAX_BIN_FORM = /^ *[0-9A-F]{1,3}$/
/** Samples have twelve bits. */
const MAX_BIN = 0xfff
const MAX_INTERVAL_US = 10_000_000

/** The answer to the configuration request; undefined when it is not whole. */
export function readCurves(data: string): readonly Curve[] | undefined {
  if (data.length % CURVE_LETTERS !== 0) return undefined
  const curves: Curve[] = []
  for (let at = 0; at < data.length; at += CURVE_LETTERS) {
    const curve = readCurve(data.slice(at, at + CURVE_LETTERS))
    if (curve === undefined) return undefined
    curves.push(curve)
  }
  return curves
}

/** Code 2, interval 8, least 5, greatest 5, steps 3 in hex; blanks may stand between a sign and its digits. */
function readCurve(field: string): Curve | undefined {
  const maxBin = field.slice(20)
  if (!CODE_FORM.test(field.slice(0, 2)) || !MAX_BIN_FORM.test(maxBin)) return undefined
  return checkedCurve({
    code: field.slice(0, 2),
    intervalUs: readNumber(field.slice(2, 10)),
    min: readNumber(field.slice(10, 15)),
    max: readNumber(field.slice(15, 20)),
    maxBin: Number.parseInt(maxBin.trim(), 16),
  })
}

/** A scale must be one: no steps, no span and no interval make no curve. */
export function checkedCurve(curve: {
  readonly [Key in keyof Curve]: Curve[Key] | undefined
}): Curve | undefined {
  const { code, intervalUs, min, max, maxBin } = curve
  if (code === undefined || !CODE_FORM.test(code)) return undefined
  if (intervalUs === undefined || !(intervalUs > 0 && intervalUs <= MAX_INTERVAL_US)) return undefined
  if (min === undefined || max === undefined || !(max > min)) return undefined
  if (maxBin === undefined || !(maxBin > 0 && maxBin <= MAX_BIN)) return undefined
  return { code, intervalUs, min, max, maxBin }
}

export function curveText({ code, intervalUs, min, max, maxBin }: Curve): Text {
  const value = [`interval_us ${intervalUs}`, `min ${min}`, `max ${max}`, `maxbin ${maxBin}`]
  return { kind: 'text', name: `realtime curve ${code}`, value }
}

/** More than these would not fit in one sync byte, and none of the others is of use beside them. */
const WANTED: readonly (readonly string[])[] = [['00'], ['01'], ['06', '07', '08'], ['02']]

/** Which of the offered curves to ask for: pressure, flow, CO2 in the one unit that is offered first, pleth. */
export function chooseCurves(offered: readonly Curve[]): readonly Curve[] {
  return WANTED.flatMap((codes) => offered.find(({ code }) => codes.includes(code)) ?? [])
}

/** The codes a configure command of ours may name. */
export const WANTED_CODES: ReadonlySet<string> = new Set(WANTED.flat())
