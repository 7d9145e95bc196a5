/** A Masimo Rad-8 sending ASCII 1: one line a second. */

import type { RecordedRow } from './recording.ts'
import { wholeNumber } from './shown-value.ts'

const MAX_SPO2 = 100
const MAX_BPM = 300

/** Masimo SET running: the normal state. */
const EXC_NORMAL = 0x800
const EXC_SENSOR_OFF = 0x020
const EXC_PULSE_SEARCH = 0x008

const ALARM_SOUNDING = 0x10
const ALARM_BPM_LOW = 0x08
const ALARM_BPM_HIGH = 0x04
const ALARM_SPO2_LOW = 0x02

/** The alarm limits this device is set to. */
const LIMITS = { spo2Low: 90, bpmLow: 50, bpmHigh: 140 } as const

export interface MasimoReading {
  readonly spo2: number | undefined
  readonly pulseRate: number | undefined
  /** No recording holds one: a slow wander that tests can work out, absent when the saturation is. */
  readonly perfusionIndexPct: number | undefined
}

export function masimoReading(row: RecordedRow | undefined, atS: number): MasimoReading {
  const spo2 = wholeNumber(row?.spo2, MAX_SPO2)
  return {
    spo2,
    pulseRate: wholeNumber(row?.pulseRate, MAX_BPM),
    perfusionIndexPct: spo2 === undefined ? undefined : wanderingPerfusion(atS),
  }
}

export interface MasimoLine {
  readonly reading: MasimoReading
  /** The device's own clock, which has no zone. */
  readonly deviceTimeMs: number
  /** Ten digits. */
  readonly serial: string
}

export function encodeMasimoLine({ reading, deviceTimeMs, serial }: MasimoLine): Uint8Array {
  const { spo2, pulseRate, perfusionIndexPct } = reading
  const line = [
    timeStamp(deviceTimeMs),
    `SN=${serial}`,
    `SPO2=${digits(spo2)}%`,
    `BPM=${digits(pulseRate)}`,
    `PI=${perfusionIndexPct === undefined ? '--.--' : perfusionIndexPct.toFixed(2).padStart(5, '0')}%`,
    'SPCO=--.-%',
    'SPMET=--.-%',
    'DESAT=--',
    'PIDELTA=+--',
    `ALARM=${hex(alarmOf(reading), 4)}`,
    `EXC=${hex(exceptionsOf(reading), 6)}`,
  ].join(' ')
  return new TextEncoder().encode(`${line}\r\n`)
}

const WANDER_PERIOD_S = 240

function wanderingPerfusion(atS: number): number {
  const pct = 3.2 + 1.4 * Math.sin((2 * Math.PI * atS) / WANDER_PERIOD_S)
  return Math.round(pct * 100) / 100
}

function exceptionsOf({ spo2, pulseRate }: MasimoReading): number {
  const isSensorOff = spo2 === undefined && pulseRate === undefined
  return EXC_NORMAL | (isSensorOff ? EXC_SENSOR_OFF | EXC_PULSE_SEARCH : 0)
}

function alarmOf({ spo2, pulseRate }: MasimoReading): number {
  const low = spo2 !== undefined && spo2 < LIMITS.spo2Low ? ALARM_SPO2_LOW : 0
  const slow = pulseRate !== undefined && pulseRate < LIMITS.bpmLow ? ALARM_BPM_LOW : 0
  const fast = pulseRate !== undefined && pulseRate > LIMITS.bpmHigh ? ALARM_BPM_HIGH : 0
  const alarms = low | slow | fast
  return alarms === 0 ? 0 : alarms | ALARM_SOUNDING
}

function timeStamp(epochMs: number): string {
  const [date = '', time = ''] = new Date(epochMs).toISOString().split('T')
  const [year = '', month = '', day = ''] = date.split('-')
  return `${month}/${day}/${year.slice(2)} ${time.slice(0, 8)}`
}

function digits(value: number | undefined): string {
  return value === undefined ? '---' : String(value).padStart(3, '0')
}

function hex(word: number, width: number): string {
  return word.toString(16).toUpperCase().padStart(width, '0')
}
