/** An Ivy 450C sending Ansar-B once a second: `FF "ANSAR-B "`, 400 wave bytes, lines ended by CR, `FE`. */

import { breathShape, ecgMillivolts, nextPhase, plethShape } from './pulse-wave.ts'
import { seededRandom, type Random } from './random.ts'
import type { RecordedRow } from './recording.ts'
import { wholeNumber } from './shown-value.ts'

const START = 0xff
const END = 0xfe
const TITLE = 'ANSAR-B '
const MAX_WAVE_BYTE = 0xfb

const ECG_RATE_HZ = 200
const SLOW_RATE_HZ = 50
/** ECG: 0.02 mV a step around 100. */
const ECG_ZERO = 100
const ECG_STEPS_PER_MV = 50
/** What a channel without a transducer shows in the captured message. */
const NO_TRANSDUCER = MAX_WAVE_BYTE

export interface IvyReading {
  readonly heartRate: number | undefined
  readonly respRate: number | undefined
  readonly spo2: number | undefined
  readonly pulseRate: number | undefined
  readonly systolic: number | undefined
  readonly diastolic: number | undefined
  readonly mean: number | undefined
}

/** The cuff's numbers are sent in the second in which the recording has them, and not held. */
export function ivyReading(row: RecordedRow | undefined): IvyReading {
  return {
    heartRate: wholeNumber(row?.heartRate, 350),
    respRate: wholeNumber(row?.respRate, 150),
    spo2: wholeNumber(row?.spo2, 100),
    pulseRate: wholeNumber(row?.pulseRate, 350),
    systolic: wholeNumber(row?.nibpSystolic, 300),
    diastolic: wholeNumber(row?.nibpDiastolic, 300),
    mean: wholeNumber(row?.nibpMean, 300),
  }
}

export interface IvyEncoder {
  /** The next second. */
  message(reading: IvyReading): Uint8Array
}

export function createIvyEncoder(seed: number): IvyEncoder {
  const random = seededRandom(seed)
  const ecg = createChannel(
    random,
    ECG_RATE_HZ,
    (phase) => ECG_ZERO + ECG_STEPS_PER_MV * ecgMillivolts(phase),
  )
  const breath = createChannel(random, SLOW_RATE_HZ, (phase) => 20 + 200 * breathShape(phase))
  const pleth = createChannel(random, SLOW_RATE_HZ, (phase) => 70 + 120 * plethShape(phase))
  const noTransducer = new Uint8Array(SLOW_RATE_HZ).fill(NO_TRANSDUCER)
  return {
    message(reading) {
      const lines = new TextEncoder().encode(linesOf(reading))
      return Uint8Array.of(
        START,
        ...new TextEncoder().encode(TITLE),
        ...ecg(reading.heartRate),
        ...breath(reading.respRate),
        ...pleth(reading.pulseRate),
        ...noTransducer,
        ...noTransducer,
        ...lines,
        END,
      )
    },
  }
}

type Channel = (perMinute: number | undefined) => Uint8Array

/** One second of a wave that goes on where the last second ended; it lies flat without a rate. */
function createChannel(random: Random, rateHz: number, shape: (phase: number) => number): Channel {
  let phase = random.next()
  return (perMinute) =>
    Uint8Array.from({ length: rateHz }, () => {
      phase = nextPhase(phase, perMinute, rateHz)
      const isFlat = perMinute === undefined || perMinute === 0
      const value = Math.round((isFlat ? shape(0) : shape(phase)) + random.next() * 2)
      return Math.min(MAX_WAVE_BYTE, Math.max(0, value))
    })
}

// Empty field: no value. The digit after '=' is that of the captured message; no source explains it.
function linesOf(reading: IvyReading): string {
  const { heartRate, respRate, spo2, pulseRate, systolic, diastolic, mean } = reading
  const hasOximeter = spo2 !== undefined || pulseRate !== undefined
  return [
    `HR=1;${field(heartRate)};${heartRate === undefined ? 'LEAD OFF' : 'ECG-II-DIAG'};`,
    `RR=1;${field(respRate)};APNEA: 20 SEC;`,
    'ETCO2=1;;;',
    hasOximeter ? `SPO2=1;${field(spo2)};PR=${field(pulseRate).padEnd(3)};` : 'SPO2=1;;;',
    `NIBP=4;${field(systolic)};${field(diastolic)};${field(mean)};;;`,
    'P1=3;;;;NO TRANSDUCER;',
    'P2=3;;;;NO TRANSDUCER;',
    'T1=1;;;',
    'T2=1;;;',
  ]
    .map((line) => `${line}\r`)
    .join('')
}

function field(value: number | undefined): string {
  return value === undefined ? '' : String(value)
}
