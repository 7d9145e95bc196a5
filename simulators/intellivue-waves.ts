/** The waves of a simulated IntelliVue: a block of each four times a second (256 ms), as captured. */

import { attribute, float32, u16, u32, type Octets } from './intellivue-octets.ts'
import { staticsOf, type IntellivueReading, type WireObject } from './intellivue-numerics.ts'
import { breathShape, ecgMillivolts, nextPhase, plethShape } from './pulse-wave.ts'
import type { Random } from './random.ts'

export const WAVE_PERIOD_MS = 256

const WAVE_TYPE = 0x0009
const FULL_SCALE = 4095

interface WaveKind {
  readonly physioId: number
  readonly handle: number
  readonly label: string
  readonly unit: number
  readonly periodTicks: number
  readonly significantBits: number
  /** Physical values of the lowest and the highest raw one; none for a wave without a size. */
  readonly limits: readonly [lower: number, upper: number, decimals: number] | undefined
  rateOf(reading: IntellivueReading): number | undefined
  /** From 0 to 1 between the limits. */
  shapeOf(phase: number, reading: IntellivueReading): number
}

const ECG_SPAN_MV = 81.915
const ECG_LOWER_MV = -40.96
const PRESSURE_LOWER = -40
const PRESSURE_SPAN = 409.5

const WAVES: readonly WaveKind[] = [
  {
    physioId: 0x0102,
    handle: 0x02ae,
    label: 'II',
    unit: 0x10b2,
    periodTicks: 32,
    significantBits: 14,
    limits: [ECG_LOWER_MV, ECG_LOWER_MV + ECG_SPAN_MV, 3],
    rateOf: ({ heartRate }) => heartRate,
    shapeOf: (phase) => (ecgMillivolts(phase) - ECG_LOWER_MV) / ECG_SPAN_MV,
  },
  {
    physioId: 0x4bb4,
    handle: 0x03d1,
    label: 'Pleth',
    unit: 0x0200,
    periodTicks: 64,
    significantBits: 12,
    limits: undefined,
    rateOf: ({ pulseRate, heartRate }) => pulseRate ?? heartRate,
    shapeOf: (phase) => 0.2 + 0.6 * plethShape(phase),
  },
  {
    physioId: 0x4a14,
    handle: 0x091a,
    label: 'ABP',
    unit: 0x0f20,
    periodTicks: 64,
    significantBits: 12,
    limits: [PRESSURE_LOWER, PRESSURE_LOWER + PRESSURE_SPAN, 1],
    rateOf: ({ heartRate, pulseRate }) => heartRate ?? pulseRate,
    shapeOf: (phase, { abp: { systolic = 0, diastolic = 0 } }) =>
      (diastolic + (systolic - diastolic) * plethShape(phase) - PRESSURE_LOWER) / PRESSURE_SPAN,
  },
  {
    physioId: 0x5000,
    handle: 0x02ba,
    label: 'Resp',
    unit: 0x0200,
    periodTicks: 128,
    significantBits: 12,
    limits: undefined,
    rateOf: ({ respRate }) => respRate,
    shapeOf: (phase) => 0.1 + 0.8 * breathShape(phase),
  },
]

const TICKS_PER_BLOCK = WAVE_PERIOD_MS * 8
const TICK_RATE_HZ = 8000
const TEXT_ID = 0x20000

/** What can be exported, as the priority list names it. */
export const WAVE_TEXT_IDS: readonly number[] = WAVES.map(({ physioId }) => TEXT_ID + physioId)

export interface WaveGenerator {
  /** The next 256 ms of the waves that are exported; without `withSamples` what they are. */
  objects(textIds: readonly number[], reading: IntellivueReading | undefined): readonly WireObject[]
}

export function createWaveGenerator(random: Random): WaveGenerator {
  const phases = WAVES.map(() => random.next())
  const block = (kind: WaveKind, index: number, reading: IntellivueReading): Octets => {
    const perMinute = kind.rateOf(reading)
    const count = TICKS_PER_BLOCK / kind.periodTicks
    const top = kind.significantBits === 14 ? 2 ** 14 - 1 : FULL_SCALE
    const samples = Array.from({ length: count }, () => {
      const phase = nextPhase(phases[index] ?? 0, perMinute, TICK_RATE_HZ / kind.periodTicks)
      phases[index] = phase
      return Math.round(top * Math.min(1, Math.max(0, kind.shapeOf(phase, reading))))
    })
    const data = samples.flatMap(u16)
    const state = perMinute === undefined ? INVALID : 0
    return attribute(0x096e, [...u16(kind.physioId), ...u16(state), ...u16(data.length), ...data])
  }
  return {
    objects: (textIds, reading) =>
      WAVES.flatMap((kind, index) =>
        textIds.includes(TEXT_ID + kind.physioId)
          ? [waveObject(kind, reading === undefined ? [] : [block(kind, index, reading)])]
          : [],
      ),
  }
}

const INVALID = 0x8000

function waveObject(kind: WaveKind, values: readonly Octets[]): WireObject {
  const { handle, label, unit, periodTicks, significantBits } = kind
  const count = TICKS_PER_BLOCK / periodTicks
  const statics = [
    ...staticsOf(handle, WAVE_TYPE, label),
    attribute(0x096d, [...u16(count), 16, significantBits, ...u16(0x3000)]),
    attribute(0x098d, u32(periodTicks)),
    attribute(0x0996, u16(unit)),
    attribute(0x096f, scaleOf(kind)),
  ]
  return { context: 0, handle, statics, values }
}

function scaleOf({ limits, significantBits }: WaveKind): Octets {
  const [lower, upper, decimals] = limits ?? []
  return [
    ...float32(lower, decimals),
    ...float32(upper, decimals),
    ...u16(0),
    ...u16(2 ** significantBits - 1),
  ]
}
