/** What the samples of a wave mean: width, rate, scale. It comes once, before the first samples. */

import type { SampleScale } from '../protocol.ts'
import { float32 } from './float.ts'
import { unitOf } from './units.ts'
import type { WireReader } from './wire-reader.ts'

export interface SampleSpec {
  readonly samplesPerMessage: number
  readonly sampleBits: number
  readonly significantBits: number
}

export interface ScaleRange {
  readonly lower: number
  readonly upper: number
  readonly lowerScaled: number
  readonly upperScaled: number
}

/** What has been said so far. */
export interface WaveForm {
  readonly spec?: SampleSpec
  readonly periodTicks?: number
  readonly range?: ScaleRange
  readonly calibration?: ScaleRange
}

export function readSampleSpec(reader: WireReader): SampleSpec {
  const samplesPerMessage = reader.u16()
  const sampleBits = reader.u8()
  const significantBits = reader.u8()
  reader.skip(2)
  return { samplesPerMessage, sampleBits, significantBits }
}

/** Scale and calibration begin alike: two numbers and the raw values that stand for them. */
export function readRange(reader: WireReader): ScaleRange {
  return {
    lower: float32(reader.u32()),
    upper: float32(reader.u32()),
    lowerScaled: reader.u16(),
    upperScaled: reader.u16(),
  }
}

/** Binary dust of the division would make 0.005 look measured. */
const DIGITS = 12

/** "value = lower + (raw - lower scaled) x (upper - lower) / (upper scaled - lower scaled)"; none without limits or unit. */
export function scaleOf(range: ScaleRange | undefined, unitCode: number): SampleScale | undefined {
  const unit = unitOf(unitCode)
  if (range === undefined || unit === undefined) return undefined
  const resolution = (range.upper - range.lower) / (range.upperScaled - range.lowerScaled)
  const offset = range.lower - range.lowerScaled * resolution
  if (!Number.isFinite(resolution) || !Number.isFinite(offset) || resolution === 0) return undefined
  return { resolution: rounded(resolution), offset: rounded(offset), unit }
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS))
}

const TICK_RATE_HZ = 8000

/** Undefined while the monitor has not said what its samples are. */
export function rateOf({ spec, periodTicks }: WaveForm): number | undefined {
  if (spec === undefined || periodTicks === undefined || periodTicks === 0) return undefined
  const { sampleBits, significantBits } = spec
  const isReadable = (sampleBits === 8 || sampleBits === 16) && significantBits > 0
  return isReadable && significantBits <= sampleBits ? TICK_RATE_HZ / periodTicks : undefined
}

/** The specification in words, for whoever reads a capture. */
export function waveFormWords(
  { spec, periodTicks, range, calibration }: WaveForm,
  unitCode: number,
): readonly string[] {
  const fields: readonly (readonly [string, string | number | undefined])[] = [
    ['samples_per_period', spec?.samplesPerMessage],
    ['sample_bits', spec?.sampleBits],
    ['significant_bits', spec?.significantBits],
    ['sample_period_us', periodTicks === undefined ? undefined : periodTicks * US_PER_TICK],
    ['unit_code', `0x${unitCode.toString(16).toUpperCase().padStart(4, '0')}`],
    ['scale_lower', range?.lower],
    ['scale_upper', range?.upper],
    ['scaled_lower', range?.lowerScaled],
    ['scaled_upper', range?.upperScaled],
    ['calib_lower', calibration?.lower],
    ['calib_upper', calibration?.upper],
    ['calib_scaled_lower', calibration?.lowerScaled],
    ['calib_scaled_upper', calibration?.upperScaled],
  ]
  return fields.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
}

const US_PER_TICK = 125
