/** What a host asks of the monitor. The driver sends the four at the end of this file and nothing else. */

import type { Text } from '../protocol.ts'
import { frame } from './frame.ts'
import { HEADER_BYTES, MAIN_TYPE, viewOf, type DriRecord } from './record.ts'
import { curveName } from './waves.ts'

const MAIN_TYPE_AT = 14
const SECOND_DESCRIPTOR_TYPE_AT = 21
const END_OF_LIST = 0xff

/** The subrecord type of every request; what a monitor sends has others. */
const REQUEST_TYPE = 0

const PHYSIOLOGY_BYTES = 9
const WAVE_BYTES = 32
const WAVE_TYPES_AT = 4
const WAVE_TYPES = 8
const ALARM_BYTES = 12

function request(mainType: number, body: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEADER_BYTES + body.length)
  const view = viewOf(record)
  view.setUint16(0, record.length, true)
  view.setUint16(MAIN_TYPE_AT, mainType, true)
  view.setUint8(SECOND_DESCRIPTOR_TYPE_AT, END_OF_LIST)
  record.set(body, HEADER_BYTES)
  return frame(record)
}

const DISPLAYED = 1
/** "Requests closer than 5 s are ignored." */
const DISPLAYED_INTERVAL_S = 5

function displayedRequest(): Uint8Array {
  const body = new Uint8Array(PHYSIOLOGY_BYTES)
  const view = viewOf(body)
  view.setUint8(0, DISPLAYED)
  view.setInt16(1, DISPLAYED_INTERVAL_S, true)
  // Class bits 0: the basic class is not denied, no extended class is asked for.
  return request(MAIN_TYPE.physiology, body)
}

/** ECG 1, P1, pleth, CO2, airway pressure, flow, impedance: 300 + 2 x 100 + 4 x 25, the 600 samples/s that are allowed. */
const WAVE_TYPES_WANTED = [1, 4, 8, 9, 13, 14, 15] as const

function waveRequest(): Uint8Array {
  const body = new Uint8Array(WAVE_BYTES)
  body.set(WAVE_TYPES_WANTED, WAVE_TYPES_AT)
  body[WAVE_TYPES_AT + WAVE_TYPES_WANTED.length] = END_OF_LIST
  return request(MAIN_TYPE.waves, body)
}

function alarmRequest(command: number): Uint8Array {
  const body = new Uint8Array(ALARM_BYTES)
  viewOf(body).setUint16(0, command, true)
  return request(MAIN_TYPE.alarms, body)
}

const SEND_STATUS = 0
const REPORT_CHANGES = 2

export const ASK = {
  displayed: displayedRequest(),
  waves: waveRequest(),
  alarmStatus: alarmRequest(SEND_STATUS),
  alarmChanges: alarmRequest(REPORT_CHANGES),
} as const

const VALUE_TYPES = ['type_0', 'displayed', 'trend_10_s', 'trend_60_s', 'auxiliary'] as const
const ALARM_COMMANDS = ['send_status', 'command_1', 'report_changes', 'stop'] as const

/** A captured request, in words; undefined when the record is none. */
export function readRequest({ mainType, subrecords }: DriRecord): Text | undefined {
  const [body] = subrecords
  if (body === undefined || body.type !== REQUEST_TYPE) return undefined
  const view = viewOf(body.bytes)
  if (mainType === MAIN_TYPE.physiology && body.bytes.length === PHYSIOLOGY_BYTES) return physiologyText(view)
  if (mainType === MAIN_TYPE.waves && body.bytes.length === WAVE_BYTES) return waveText(view)
  if (mainType !== MAIN_TYPE.alarms || body.bytes.length !== ALARM_BYTES) return undefined
  const command = view.getUint16(0, true)
  return text('ALARM', [ALARM_COMMANDS[command] ?? `command_${command}`])
}

function physiologyText(view: DataView): Text {
  const type = view.getUint8(0)
  const intervalS = view.getInt16(1, true)
  const classes = view.getUint32(3, true)
  return text('PHDB', [
    VALUE_TYPES[type] ?? `type_${type}`,
    intervalS === 0 ? 'stop' : intervalS === -1 ? 'once' : `every_${intervalS}_s`,
    `classes_0x${classes.toString(16).padStart(8, '0').toUpperCase()}`,
  ])
}

function waveText(view: DataView): Text {
  const kind = view.getUint16(0, true)
  const types: string[] = []
  for (let index = 0; index < WAVE_TYPES; index += 1) {
    const type = view.getUint8(WAVE_TYPES_AT + index)
    if (type === END_OF_LIST) break
    types.push(curveName(type))
  }
  return text('WAVE', [kind === 0 ? 'start' : kind === 1 ? 'stop' : `kind_${kind}`, ...types])
}

function text(value: string, flags: readonly string[]): Text {
  return { kind: 'text', name: 'request', value, flags }
}
