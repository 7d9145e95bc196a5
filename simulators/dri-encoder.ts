/** Records of a simulated Datex-Ohmeda monitor: displayed values, waves, alarm status. */

import { frame } from '../devices/dri/frame.ts'
import { HEADER_BYTES, MAIN_TYPE, viewOf } from '../devices/dri/record.ts'
import type { DriReading } from './dri-reading.ts'

const LEVEL = 10
const PLUG_ID = 0x1234
const NOT_MEASURED = -32_767
const PRESENT = 0x3
const ECG_SOURCE = 1 << 3

const PHYSIOLOGY_BYTES = 278
const DATA_AT = 4
const CLASS_AT = 276
/** As captured: class 0 in bits 8 to 11, what stands below is not known. */
const BASIC_CLASS_WORD = 0x0081
const DISPLAYED = 1

export interface DriPart {
  readonly type: number
  readonly bytes: Uint8Array
}

export interface DriStamp {
  readonly number: number
  readonly timeMs: number
}

export function driRecord(
  mainType: number,
  parts: readonly DriPart[],
  { number, timeMs }: DriStamp,
): Uint8Array {
  const sizeBytes = parts.reduce((sum, { bytes }) => sum + bytes.length, HEADER_BYTES)
  const record = new Uint8Array(sizeBytes)
  const view = viewOf(record)
  view.setUint16(0, sizeBytes, true)
  view.setUint8(2, number & 0xff)
  view.setUint8(3, LEVEL)
  view.setUint16(4, PLUG_ID, true)
  view.setUint32(6, Math.floor(timeMs / 1000), true)
  view.setUint16(14, mainType, true)
  let offset = 0
  for (const [index, { type, bytes }] of parts.entries()) {
    view.setUint16(16 + index * 3, offset, true)
    view.setUint8(18 + index * 3, type)
    record.set(bytes, HEADER_BYTES + offset)
    offset += bytes.length
  }
  if (parts.length < 8) view.setUint8(18 + parts.length * 3, 0xff)
  return frame(record)
}

type Words = readonly (number | undefined)[]

interface Group {
  readonly at: number
  readonly words: Words
  readonly status?: number
  readonly label?: number
}

function groupsOf(r: DriReading): readonly Group[] {
  const hundred = (value: number | undefined): number | undefined =>
    value === undefined ? undefined : Math.round(value * 100)
  return [
    {
      at: 0,
      status: PRESENT | ECG_SOURCE,
      label: 0x0213,
      words: [r.heartRate, undefined, undefined, undefined, r.impedanceRate],
    },
    { at: 16, label: 8, words: [...r.abp.map(hundred), undefined] },
    { at: 30, label: 2, words: [undefined, undefined, hundred(r.cvpMean), undefined] },
    { at: 72, label: 8, words: [...r.nibp.map(hundred), undefined] },
    { at: 86, label: 15, words: [hundred(r.coreCel)] },
    { at: 94, label: 7, words: [hundred(r.skinCel)] },
    { at: 118, words: [hundred(r.spo2), r.pulseRate, undefined, undefined] },
    { at: 132, words: [hundred(r.etCo2Pct), 0, r.ventRate, r.ambientMmHg * 10] },
    { at: 146, words: [undefined, hundred(r.inspO2Pct)] },
    {
      at: 178,
      words: [
        r.ventRate,
        hundred(r.peakCmH2O),
        hundred(r.peepCmH2O),
        hundred(r.plateauCmH2O),
        undefined,
        r.tidalMl * 10,
        hundred(r.complianceMlCmH2O),
        hundred(r.minuteL),
      ],
    },
  ]
}

/** The whole of the basic class; a group that is not named here is a module that is not plugged in. */
export function displayedRecord(reading: DriReading, stamp: DriStamp): Uint8Array {
  const bytes = new Uint8Array(PHYSIOLOGY_BYTES)
  const view = viewOf(bytes)
  view.setUint32(0, Math.floor(stamp.timeMs / 1000), true)
  for (const { at, words, status = PRESENT, label = 0 } of groupsOf(reading)) {
    view.setUint32(DATA_AT + at, status, true)
    view.setUint16(DATA_AT + at + 4, label, true)
    for (const [index, word] of words.entries())
      view.setInt16(DATA_AT + at + 6 + index * 2, word ?? NOT_MEASURED, true)
  }
  view.setUint16(CLASS_AT, BASIC_CLASS_WORD, true)
  return driRecord(MAIN_TYPE.physiology, [{ type: DISPLAYED, bytes }], stamp)
}

export function wavePart(type: number, label: number, samples: readonly number[]): DriPart {
  const bytes = new Uint8Array(6 + samples.length * 2)
  const view = viewOf(bytes)
  view.setUint16(0, samples.length, true)
  view.setUint16(4, label, true)
  for (const [index, sample] of samples.entries()) view.setInt16(6 + index * 2, sample, true)
  return { type, bytes }
}

export interface DriAlarm {
  readonly text: string
  readonly colour: 1 | 2 | 3
}

const ALARM_BYTES = 510
const ALARM_LINES = 5
const ALARM_LINE_BYTES = 98

export function alarmRecord(alarms: readonly DriAlarm[], stamp: DriStamp): Uint8Array {
  const bytes = new Uint8Array(ALARM_BYTES)
  const view = viewOf(bytes)
  view.setUint16(2, alarms.length > 0 ? 1 : 0, true)
  for (const [index, { text, colour }] of alarms.slice(0, ALARM_LINES).entries()) {
    const at = 10 + index * ALARM_LINE_BYTES
    bytes.set(
      Array.from(text.slice(0, 79), (letter) => letter.charCodeAt(0) & 0xff),
      at,
    )
    view.setUint16(at + 82, colour, true)
  }
  return driRecord(MAIN_TYPE.alarms, [{ type: 1, bytes }], stamp)
}
