/** What an HL7 gateway reports of one bed: the values of a row (ORU^R01), and a low saturation as an alarm (ORU^R40). */

import { civilOf } from '../devices/framing/civil-time.ts'
import { METRICS, type MetricRef } from '../devices/metrics.ts'
import { physiologyAt } from './physiology.ts'
import { wholeNumber } from './shown-value.ts'
import type { Due } from './timeline.ts'

interface ReportedValue {
  readonly ref: MetricRef
  readonly value: number | undefined
}

const MAX_RATE = 350
const MAX_PRESSURE = 400
const SPO2_LIMIT_PCT = 90
const MDC_UNITS: Readonly<Record<string, string>> = {
  '/min': '264864^MDC_DIM_BEAT_PER_MIN^MDC',
  '%': '262688^MDC_DIM_PERCENT^MDC',
  'mm[Hg]': '266016^MDC_DIM_MMHG^MDC',
  Cel: '268192^MDC_DIM_DEGC^MDC',
}

/** In the order of OBX-4. What no recording holds comes from the patient by script. */
export function reportedValues({ row, atS }: Due): readonly ReportedValue[] {
  const body = physiologyAt(atS, 0)
  return [
    { ref: 'MDC_ECG_HEART_RATE', value: wholeNumber(row?.heartRate, MAX_RATE) },
    { ref: 'MDC_RESP_RATE', value: wholeNumber(row?.respRate, 150) },
    { ref: 'MDC_PULS_OXIM_SAT_O2', value: wholeNumber(row?.spo2, 100) },
    { ref: 'MDC_PULS_OXIM_PULS_RATE', value: wholeNumber(row?.pulseRate, MAX_RATE) },
    { ref: 'MDC_PRESS_BLD_NONINV_SYS', value: wholeNumber(row?.nibpSystolic, MAX_PRESSURE) },
    { ref: 'MDC_PRESS_BLD_NONINV_DIA', value: wholeNumber(row?.nibpDiastolic, MAX_PRESSURE) },
    { ref: 'MDC_PRESS_BLD_NONINV_MEAN', value: wholeNumber(row?.nibpMean, MAX_PRESSURE) },
    { ref: 'MDC_PRESS_BLD_ART_ABP_SYS', value: body.abpSystolic },
    { ref: 'MDC_PRESS_BLD_ART_ABP_DIA', value: body.abpDiastolic },
    { ref: 'MDC_PRESS_BLD_ART_ABP_MEAN', value: body.abpMean },
    { ref: 'MDC_TEMP_CORE', value: body.tempCoreCel },
  ]
}

/** Undefined where the saturation is not known: an alarm neither begins nor ends then. */
export function isSaturationLow({ row }: Due): boolean | undefined {
  const spo2 = wholeNumber(row?.spo2, 100)
  return spo2 === undefined ? undefined : spo2 < SPO2_LIMIT_PCT
}

export interface MessageHead {
  readonly controlId: string
  readonly serial: string
  readonly atMs: number
}

export function valuesMessage(head: MessageHead, values: readonly ReportedValue[]): Uint8Array {
  const lines = values.map(({ ref, value }, index) => valueLine(ref, value, index))
  const mds = `OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X|||||||${head.serial}`
  return message(head, 'ORU^R01^ORU_R01', '182777000^monitoring of patient^SCT', [mds, ...lines])
}

function valueLine(ref: MetricRef, value: number | undefined, index: number): string {
  const { mdc, unit } = METRICS[ref]
  const status = value === undefined ? 'NAV|||X' : '|||R'
  return `OBX|${index + 2}|NM|${mdc}^${ref}^MDC|1.1.1.${index + 1}|${value ?? ''}|${MDC_UNITS[unit] ?? ''}||${status}`
}

/** The value stands in the report beside it; here it would be told twice. */
export function alarmMessage(head: MessageHead, phase: 'start' | 'end'): Uint8Array {
  const facet = (number: number, code: string, value: string, flags: string): string =>
    `OBX|${number}|ST|${code}^MDC|1.1.1.3.${number}|${value}|||${flags}|||F`
  return message(head, 'ORU^R40^ORU_R40', '196616^MDC_EVT_ALARM^MDC', [
    facet(1, '196670^MDC_EVT_LO', 'Low SpO2', 'L~PM~SP'),
    facet(3, '68481^MDC_ATTR_EVENT_PHASE', phase, ''),
    facet(4, '68482^MDC_ATTR_ALARM_STATE', phase === 'start' ? 'active' : 'inactive', ''),
    facet(5, '68483^MDC_ATTR_ALARM_INACTIVATION_STATE', 'enabled', ''),
  ])
}

/** The patient has a name as on a real ward: nothing of it may come out at the other end. */
function message(head: MessageHead, type: string, service: string, lines: readonly string[]): Uint8Array {
  const time = `${civilOf(head.atMs)}+0000`
  const sender = `SIMGW^${head.serial}^EUI-64`
  const text = [
    `MSH|^~\\&|${sender}|SIMULATED|||${time}||${type}|${head.controlId}|P|2.6|||AL|NE||UNICODE UTF-8`,
    'PID|||SIM-0042^^^WARD^MR||Simulated^Patience^^^^^L||19700101|F',
    'PV1||I',
    `OBR|1|${head.controlId}|${head.controlId}|${service}|||${time}`,
    ...lines,
    '',
  ].join('\r')
  return Uint8Array.of(0x0b, ...new TextEncoder().encode(text), 0x1c, 0x0d)
}
