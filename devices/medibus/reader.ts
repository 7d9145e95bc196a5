/** From an answer of the device to what it says. */

import { AlertsShown } from '../alerts-shown.ts'
import type { Discarded, DriverOutput } from '../protocol.ts'
import { readAlarms, type AlarmPage } from './alarms.ts'
import { CODE, commandName } from './codes.ts'
import { curveText, readCurves, type Curve } from './curves.ts'
import {
  MeasuredPage,
  readCodedValues,
  readLimits,
  readSecondLimits,
  readSecondPage,
  readSettings,
} from './measured.ts'
import type { CodedValue } from './measured.ts'
import { encodeMessage, type Message } from './message.ts'
import { readDateTime, readDeviceId, readTextMessages } from './statements.ts'

const MEASURED_LETTERS = 4
const SETTING_LETTERS = 5
const MAX_DISCARD_BYTES = 256

export class MedibusReader {
  // Which alarms were shown outlives a connection: what ended meanwhile is told.
  readonly #alerts: Readonly<Record<AlarmPage, AlertsShown>> = { 1: new AlertsShown(), 2: new AlertsShown() }
  #page = new MeasuredPage()
  #offered: readonly Curve[] = []

  /** What the device offers as curves, from its last configuration answer. */
  get offered(): readonly Curve[] {
    return this.#offered
  }

  /** The connection is a new one: what was sent before says nothing about what is missing now. */
  restart(): void {
    this.#page = new MeasuredPage()
    this.#offered = []
  }

  response(message: Message): readonly DriverOutput[] {
    const outputs = this.#read(message)
    return outputs ?? [malformed(message)]
  }

  /** Undefined when the data have not the form of the code. */
  #read({ code, data }: Message): readonly DriverOutput[] | undefined {
    switch (code) {
      case CODE.measured1:
        return coded(data, MEASURED_LETTERS, (values) => this.#page.read(values))
      case CODE.measured2:
        return coded(data, MEASURED_LETTERS, readSecondPage)
      case CODE.lowLimits1:
        return coded(data, MEASURED_LETTERS, (values) => readLimits('low limit', values))
      case CODE.highLimits1:
        return coded(data, MEASURED_LETTERS, (values) => readLimits('high limit', values))
      case CODE.lowLimits2:
        return coded(data, MEASURED_LETTERS, (values) => readSecondLimits('low limit', values))
      case CODE.highLimits2:
        return coded(data, MEASURED_LETTERS, (values) => readSecondLimits('high limit', values))
      case CODE.settings:
        return coded(data, SETTING_LETTERS, readSettings)
      case CODE.alarms1:
        return this.#alarms(data, 1)
      case CODE.alarms2:
        return this.#alarms(data, 2)
      case CODE.texts:
        return readTextMessages(data)
      case CODE.dateTime:
        return oneOf(data === '' ? [] : readDateTime(data))
      case CODE.deviceId:
        return data === '' ? [] : readDeviceId(data)
      case CODE.realtimeRequest:
        return this.#curves(data)
      default:
        return data === ''
          ? []
          : [{ kind: 'text', name: `answer to ${commandName(code)}`, value: hexData(data) }]
    }
  }

  #alarms(data: string, page: AlarmPage): readonly DriverOutput[] | undefined {
    const alarms = readAlarms(data, page)
    return alarms === undefined ? undefined : this.#alerts[page].update(alarms)
  }

  #curves(data: string): readonly DriverOutput[] | undefined {
    const curves = readCurves(data)
    this.#offered = curves ?? []
    return curves?.map(curveText)
  }
}

function coded(
  data: string,
  valueLetters: number,
  read: (values: readonly CodedValue[]) => readonly DriverOutput[],
): readonly DriverOutput[] | undefined {
  const values = readCodedValues(data, valueLetters)
  return values === undefined ? undefined : read(values)
}

function oneOf(
  output: DriverOutput | readonly DriverOutput[] | undefined,
): readonly DriverOutput[] | undefined {
  if (output === undefined) return undefined
  return 'kind' in output ? [output] : output
}

function hexData(data: string): string {
  return Array.from(data, (letter) => letter.charCodeAt(0).toString(16).padStart(2, '0')).join('')
}

function malformed(message: Message): Discarded {
  return { kind: 'discarded', reason: 'malformed', bytes: encodeMessage(message).slice(0, MAX_DISCARD_BYTES) }
}
