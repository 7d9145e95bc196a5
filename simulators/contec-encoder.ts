/** A Contec CMS50: sixty packets a second, in the five bytes of the older models or the nine of protocol V7.0. */

import { nextPhase, plethShape } from './pulse-wave.ts'
import { seededRandom } from './random.ts'
import type { RecordedRow } from './recording.ts'
import { wholeNumber } from './shown-value.ts'

export const CONTEC_PACKETS_PER_SECOND = 60

/** One byte holds the pulse rate, and its highest value means none. */
const MAX_PULSE = 254
const MAX_SPO2 = 100
const RATE_MISSING = 0xff
const SPO2_MISSING = 0x7f
const PERFUSION_MISSING = 0xffff
const PLETH_FULL_SCALE = 0x7f
const BARS_FULL_SCALE = 15
const SIGNAL_STRENGTH = 6
const SPO2_LOW = 90
const WANDER_PERIOD_S = 200

export interface ContecReading {
  readonly pulseRate: number | undefined
  readonly spo2: number | undefined
  /** No recording holds one: a slow wander that tests can work out, absent when the saturation is. */
  readonly perfusionIndexPct: number | undefined
}

export function contecReading(row: RecordedRow | undefined, atS: number): ContecReading {
  const spo2 = wholeNumber(row?.spo2, MAX_SPO2)
  const wander = 2.4 + 0.9 * Math.sin((2 * Math.PI * Math.floor(atS)) / WANDER_PERIOD_S)
  return {
    pulseRate: wholeNumber(row?.pulseRate, MAX_PULSE),
    spo2,
    perfusionIndexPct: spo2 === undefined ? undefined : Math.round(wander * 100) / 100,
  }
}

/** The older models have no marker of their own: a rate or saturation of 0 is how they say that there is none. */
export function contec5ByteReading(row: RecordedRow | undefined, atS: number): ContecReading {
  const { pulseRate, spo2 } = contecReading(row, atS)
  return {
    pulseRate: pulseRate === 0 ? undefined : pulseRate,
    spo2: spo2 === 0 ? undefined : spo2,
    perfusionIndexPct: undefined,
  }
}

export type ContecFormat = '5byte' | 'v7'

export interface ContecEncoder {
  /** The next `count` sixtieths of a second. */
  packets(reading: ContecReading, count: number): Uint8Array
}

export function createContecEncoder(format: ContecFormat, seed: number): ContecEncoder {
  const random = seededRandom(seed)
  let phase = random.next()

  const nextMoment = (reading: ContecReading): Moment => {
    const before = phase
    phase = nextPhase(phase, reading.pulseRate, CONTEC_PACKETS_PER_SECOND)
    const shape = reading.pulseRate === undefined ? 0 : plethShape(phase)
    return {
      reading,
      pleth: Math.round(shape * PLETH_FULL_SCALE),
      bars: Math.round(shape * BARS_FULL_SCALE),
      isBeat: phase < before,
      isFingerOff: reading.pulseRate === undefined && reading.spo2 === undefined,
    }
  }

  return {
    packets: (reading, count) =>
      Uint8Array.from(
        Array.from({ length: count }, () => FORMATS[format](nextMoment(reading))).flatMap((packet) => [
          ...packet,
        ]),
      ),
  }
}

interface Moment {
  readonly reading: ContecReading
  readonly pleth: number
  readonly bars: number
  readonly isBeat: boolean
  readonly isFingerOff: boolean
}

const FORMATS: Readonly<Record<ContecFormat, (moment: Moment) => Uint8Array>> = {
  '5byte': encodeFiveBytes,
  v7: (moment) => encodeV7(0x01, liveData(moment)),
}

function stateBits({ reading, isBeat, isFingerOff }: Moment): number {
  const isDropping = reading.spo2 !== undefined && reading.spo2 < SPO2_LOW
  return (isFingerOff ? 0 : SIGNAL_STRENGTH) | (isDropping ? 0x20 : 0) | (isBeat ? 0x40 : 0)
}

function encodeFiveBytes(moment: Moment): Uint8Array {
  const { reading, pleth, bars, isFingerOff } = moment
  const rate = reading.pulseRate ?? 0
  const searching = isFingerOff ? 0x20 : 0
  return Uint8Array.of(
    0x80 | stateBits(moment),
    pleth,
    bars | searching | (rate > 0x7f ? 0x40 : 0),
    rate & 0x7f,
    reading.spo2 ?? 0,
  )
}

function liveData(moment: Moment): readonly number[] {
  const { reading, pleth, bars, isFingerOff } = moment
  const hundredths =
    reading.perfusionIndexPct === undefined ? PERFUSION_MISSING : Math.round(reading.perfusionIndexPct * 100)
  return [
    stateBits(moment),
    pleth | (isFingerOff ? 0x80 : 0),
    bars | (reading.perfusionIndexPct === undefined ? 0x10 : 0),
    reading.pulseRate ?? RATE_MISSING,
    reading.spo2 ?? SPO2_MISSING,
    hundredths & 0xff,
    hundredths >>> 8,
  ]
}

/** Bit 7 of each data byte travels in a byte of its own. */
export function encodeV7(type: number, data: readonly number[]): Uint8Array {
  const high = data.reduce((bits, byte, at) => bits | ((byte >>> 7) << at), 0x80)
  return Uint8Array.of(type, high, ...data.map((byte) => byte | 0x80))
}
