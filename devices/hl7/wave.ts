/**
 * Waves: "`NA` with `^`-separated samples, next OBX with 0^MDC_ATTR_SAMP_RATE and 0^MDC_ATTR_DATA_RANGE". Without a rate
 * there is no wave.
 */

import { cleanText } from '../framing/clean-text.ts'
import { slug } from '../framing/slug.ts'
import type { FromPart, SampleScale, Waveform } from '../protocol.ts'
import { waveByMdc } from '../waves.ts'
import type { ObservationCode } from './code.ts'
import type { Obx } from './observation.ts'
import { isTest, trustOf } from './status.ts'
import { readNumber } from './value.ts'

const RATE_UNITS: ReadonlySet<string> = new Set(['/s', 'Hz'])
const MAX_RATE_HZ = 10_000
const SAMPLE = /^[+-]?(\d{1,15}(\.\d*)?|\.\d+)(E-?\d{1,2})?$/i
/** Finer than any converter; a longer fraction is the print of a binary number. */
const MAX_DECIMALS = 9

export function isWave({ type }: Obx): boolean {
  return type === 'NA'
}

/** Facts about the samples; they go out with them. */
export function isWaveFacet({ code }: Obx): boolean {
  const ref = refOf(code)
  return ref === 'MDC_ATTR_SAMP_RATE' || ref === 'MDC_ATTR_DATA_RANGE'
}

/** `facets` are the observations below the wave's own sub-id. Undefined when it cannot be shown as a wave. */
export function readWave(obx: Obx, facets: readonly Obx[], from: FromPart): Waveform | undefined {
  const rateHz = readRate(facets.find(({ code }) => refOf(code) === 'MDC_ATTR_SAMP_RATE'))
  const name = nameOf(obx.code)
  const channel = slug(name.replace(/^MDC_/, ''))
  if (rateHz === undefined || channel === undefined) return undefined
  const { quality, why } = trustOf(obx.flags, obx.status)
  const isShown = (quality === 'valid' || quality === 'questionable') && !isTest(obx.flags)
  const numbers = obx.value.map((text) => (isShown && SAMPLE.test(text.trim()) ? Number(text) : null))
  const decimals = Math.min(MAX_DECIMALS, Math.max(0, ...decimalsOf(obx.value)))
  const wave =
    obx.code.kind === 'local' || obx.code.kind === 'mdil-alert' ? undefined : waveByMdc(obx.code.mdc ?? 0)
  const isNamed = obx.code.kind !== 'mdc' || obx.code.ref === '' || obx.code.ref === wave?.ref
  return {
    kind: 'waveform',
    ...from,
    channel,
    wave: isNamed ? (wave ?? null) : null,
    label: cleanText(name),
    rateHz,
    samples: numbers.map((value) => (value === null ? null : Math.round(value * 10 ** decimals))),
    ...scaleOf(obx, facets, decimals),
    ...(quality === 'valid' && why.length === 0 ? {} : { quality, why }),
  }
}

function* decimalsOf(samples: readonly string[]): Generator<number> {
  let most = 0
  for (const text of samples)
    most = Math.max(most, /e/i.test(text) ? MAX_DECIMALS : (text.split('.')[1]?.length ?? 0))
  yield most
}

/** A resolution of its own means that samples are counts whose zero is not told: they keep a shape and no size. */
function scaleOf({ unit }: Obx, facets: readonly Obx[], decimals: number): { readonly scale?: SampleScale } {
  const hasCounts = facets.some(({ code }) => refOf(code).endsWith('_MSMT_RES'))
  const resolution = Number(`1e-${decimals}`)
  if (unit.kind === 'unit' && !hasCounts) return { scale: { resolution, offset: 0, unit: unit.ucum } }
  return {}
}

function readRate(obx: Obx | undefined): number | undefined {
  if (obx === undefined) return undefined
  const value = readNumber(obx.type, obx.value)?.value ?? 0
  const isRate = obx.unit.kind === 'none' || (obx.unit.kind === 'unit' && RATE_UNITS.has(obx.unit.ucum))
  return isRate && value > 0 && value <= MAX_RATE_HZ ? value : undefined
}

function refOf(code: ObservationCode): string {
  return code.kind === 'mdc' ? code.ref : ''
}

function nameOf(code: ObservationCode): string {
  if (code.kind !== 'mdc') return code.label
  return code.ref === '' ? (waveByMdc(code.mdc ?? 0)?.ref ?? `MDC_${code.mdc ?? 0}`) : code.ref
}
