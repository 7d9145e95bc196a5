/** A Nonin oximeter sending Data Format 2 or 7: 75 frames of 5 bytes a second, 25 frames to a packet. */

import { sum8 } from '../devices/framing/checksum.ts'
import { nextPhase, plethShape } from './pulse-wave.ts'
import { seededRandom } from './random.ts'
import type { RecordedRow } from './recording.ts'
import { wholeNumber } from './shown-value.ts'

export const NONIN_PACKETS_PER_SECOND = 3

const FRAMES = 25
const FRAME_RATE_HZ = 75
const FRAME_BYTES = 5

const HR_MISSING = 511
const SPO2_MISSING = 127
/** "Range of the 9560: SpO2 0-100, pulse 18-321": what is above is not shown. */
const MAX_PULSE = 321
const MAX_SPO2 = 100

const STATUS_MARK = 0x80
const SENSOR_ALARM = 0x08
const PERFUSION_GREEN = 0x02
const SYNC = 0x01
/** "Shown for 12 frames at each pulse." */
const PERFUSION_FRAMES = 12

const FIRMWARE_REVISION = 0x30
const STAT2_SMARTPOINT = 0x20
const RESERVED = 0
const TIMER_LIMIT = 2 ** 14
/** The display values are "held 10 s after the finger is removed". */
const HELD_PACKETS = 10 * NONIN_PACKETS_PER_SECOND

export type NoninFormat = 'df2' | 'df7'

export interface NoninReading {
  readonly pulseRate: number | undefined
  readonly spo2: number | undefined
}

export function noninReading(row: RecordedRow | undefined): NoninReading {
  return { pulseRate: wholeNumber(row?.pulseRate, MAX_PULSE), spo2: wholeNumber(row?.spo2, MAX_SPO2) }
}

export interface NoninEncoder {
  /** The next third of a second. */
  packet(reading: NoninReading): Uint8Array
}

export function createNoninEncoder(format: NoninFormat, seed: number): NoninEncoder {
  const random = seededRandom(seed)
  const { frame, fullScale } = FORMATS[format]
  let phase = random.next()
  let timer = random.below(TIMER_LIMIT)
  let display: NoninReading = { pulseRate: undefined, spo2: undefined }
  let heldPackets = HELD_PACKETS
  let perfusionFrames = 0

  /** One sample of the pulse wave; without a finger the light goes straight through. */
  const nextPleth = (pulseRate: number | undefined): number => {
    const before = phase
    phase = nextPhase(phase, pulseRate, FRAME_RATE_HZ)
    if (phase < before) perfusionFrames = PERFUSION_FRAMES
    const shape = pulseRate === undefined ? 0 : 0.15 + 0.7 * plethShape(phase)
    return Math.round(fullScale * (shape + 0.01 * random.next()))
  }

  return {
    packet(reading) {
      const isFingerOff = reading.pulseRate === undefined && reading.spo2 === undefined
      heldPackets = isFingerOff ? heldPackets + 1 : 0
      if (!isFingerOff) display = reading
      const shown = heldPackets < HELD_PACKETS ? display : reading
      timer = (timer + 1) % TIMER_LIMIT
      const floats = floatsOf(reading, shown, timer)
      const packet = new Uint8Array(FRAMES * FRAME_BYTES)
      for (const [index, float] of floats.entries()) {
        const pleth = nextPleth(reading.pulseRate)
        const perfusion = perfusionFrames > 0 ? PERFUSION_GREEN : 0
        perfusionFrames = Math.max(0, perfusionFrames - 1)
        const status = STATUS_MARK | (isFingerOff ? SENSOR_ALARM : perfusion) | (index === 0 ? SYNC : 0)
        packet.set(frame(status, pleth, float), index * FRAME_BYTES)
      }
      return packet
    },
  }
}

interface FormatRow {
  readonly fullScale: number
  readonly frame: (status: number, pleth: number, float: number) => Uint8Array
}

const FORMATS: Readonly<Record<NoninFormat, FormatRow>> = {
  df2: { fullScale: 0xff, frame: (status, pleth, float) => withSum(0x01, status, pleth, float) },
  df7: {
    fullScale: 0xffff,
    frame: (status, pleth, float) => withSum(status, pleth >>> 8, pleth & 0xff, float),
  },
}

function withSum(...bytes: readonly [number, number, number, number]): Uint8Array {
  return Uint8Array.of(...bytes, sum8(Uint8Array.from(bytes), 0, bytes.length))
}

/** The 25 numbers of a packet by frame. A recording has one rate and one saturation: every average shows the same. */
function floatsOf(reading: NoninReading, shown: NoninReading, timer: number): readonly number[] {
  const rate = halves(reading.pulseRate ?? HR_MISSING)
  const shownRate = halves(shown.pulseRate ?? HR_MISSING)
  const spo2 = reading.spo2 ?? SPO2_MISSING
  const shownSpo2 = shown.spo2 ?? SPO2_MISSING
  const stat2 = reading.spo2 === undefined ? 0 : STAT2_SMARTPOINT
  const slots: readonly (readonly number[])[] = [
    rate,
    [spo2, FIRMWARE_REVISION, RESERVED],
    halves(timer),
    // STAT2, then SpO2 for display, fast, and beat to beat.
    [stat2, shownSpo2, spo2, spo2, RESERVED, RESERVED],
    // 8-beat averages: rate, SpO2, SpO2 for display.
    rate,
    [spo2, shownSpo2, RESERVED, RESERVED],
    // Rates for display: 4-beat, then 8-beat.
    shownRate,
    shownRate,
    [RESERVED, RESERVED],
  ]
  return slots.flat()
}

/** One frame of Data Format 8: what is shown, four bytes once a second. */
export function encodeNoninDf8({ pulseRate, spo2 }: NoninReading): Uint8Array {
  const [high, low] = halves(pulseRate ?? HR_MISSING)
  const isFingerOff = pulseRate === undefined && spo2 === undefined
  const status = (isFingerOff ? SENSOR_ALARM : 0) | (spo2 === undefined ? 0 : STAT2_SMARTPOINT)
  return Uint8Array.of(STATUS_MARK | high, low, spo2 ?? SPO2_MISSING, status)
}

/** One spot check of Data Format 13. The time is that of the oximeter, which knows no zone. */
export function encodeNoninDf13({ pulseRate, spo2 }: NoninReading, deviceTimeMs: number): Uint8Array {
  const rate = pulseRate ?? HR_MISSING
  const isMeasured = pulseRate !== undefined || spo2 !== undefined
  const statusHigh = (isMeasured ? 0 : 0x01) | (spo2 === undefined ? 0 : 0x02)
  const body = Uint8Array.of(
    ...decimalTime(deviceTimeMs),
    0,
    statusHigh,
    0,
    rate >>> 8,
    rate & 0xff,
    RESERVED,
    spo2 ?? SPO2_MISSING,
  )
  return Uint8Array.of(0x00, 0x02, 0x00, 0x0d, 0, body.length, ...body, sum8(body, 0, body.length), 0x03)
}

/** Century, year, month, day, hour, minute and second, each two decimal digits in a byte. */
function decimalTime(epochMs: number): readonly number[] {
  const text = new Date(epochMs).toISOString().replaceAll(/[^0-9]/g, '')
  return Array.from({ length: 7 }, (_, index) => Number.parseInt(text.slice(2 * index, 2 * index + 2), 16))
}

function halves(value: number): readonly [high: number, low: number] {
  return [value >>> 7, value & 0x7f]
}
