/** What an insulin pump remembers (2B28), and how it reports it on its record access control point (2B27). */

import { appendCrc } from '../devices/gatt/e2e.ts'
import { dateTimeOctets } from './device-clock.ts'
import { sfloat, u16, u24 } from './gatt-octets.ts'
import type { PumpReading } from './insulin-pump.ts'

export interface PumpHistory {
  /** Notes what has happened between two readings; true when there is something to fetch. */
  note(before: PumpReading, after: PumpReading, atS: number): boolean
  /** `request` without its end-to-end octets. */
  report(request: Uint8Array): HistoryReport
}

interface HistoryReport {
  readonly events: readonly Uint8Array[]
  /** Op code and operand of the indication that follows them, without the end-to-end octets. */
  readonly answer: readonly number[]
}

const EVENT = { referenceTime: 0x000f, bolusDelivered: 0x0069, basalRateChanged: 0x0099 } as const
const REASON = { periodic: 0x3c, timeLost: 0x55 } as const
const FAST_BOLUS = 0x33
const FACTORY_TIME_MS = Date.UTC(2000, 0, 1)

/** The offset of an event has sixteen bits. */
const LONGEST_OFFSET_S = 60_000
const MOST_EVENTS = 1000

const OP = { response: 0x0f, report: 0x33, abort: 0x55, count: 0x5a, countResponse: 0x66 } as const
const OPERATOR = {
  none: 0x0f,
  all: 0x33,
  atMost: 0x3c,
  atLeast: 0x55,
  range: 0x5a,
  first: 0x66,
  last: 0x69,
} as const
const RESULT = { success: 0xf0, opNotSupported: 0x02, operatorNotSupported: 0x04, noRecords: 0x06 } as const

interface PumpEvent {
  readonly sequence: number
  readonly octets: Uint8Array
}

export function createPumpHistory(recordingStartMs: number | undefined): PumpHistory {
  let events: readonly PumpEvent[] = []
  let sequence = 0
  let referenceS: number | undefined

  const add = (type: number, offsetS: number, data: readonly number[]): void => {
    const octets = appendCrc(Uint8Array.of(...u16(type), ...u32(sequence), ...u16(offsetS), ...data))
    events = [...events, { sequence, octets }].slice(-MOST_EVENTS)
    sequence += 1
  }

  /** Events count from the last reference time; there is a new one before the offset overflows. */
  const offsetAt = (atS: number): number => {
    const passedS = referenceS === undefined ? LONGEST_OFFSET_S : Math.floor(atS - referenceS)
    if (passedS >= 0 && passedS < LONGEST_OFFSET_S) return passedS
    const isKnown = recordingStartMs !== undefined
    const epochMs = isKnown ? recordingStartMs + Math.floor(atS) * 1000 : FACTORY_TIME_MS
    const sinceS = referenceS === undefined || passedS < 0 ? 0 : Math.min(passedS, 0xffff)
    referenceS = Math.floor(atS)
    const reason = isKnown ? REASON.periodic : REASON.timeLost
    add(EVENT.referenceTime, sinceS, [reason, ...dateTimeOctets(epochMs), 0, 0])
    return 0
  }

  return {
    note(before, after, atS) {
      const { bolus, basalIUh } = after
      const isBolus = bolus !== undefined && bolus.id !== before.bolus?.id
      const isBasal = basalIUh !== undefined && basalIUh !== before.basalIUh
      if (!isBolus && !isBasal) return false
      const offsetS = offsetAt(atS)
      if (isBolus)
        add(EVENT.bolusDelivered, offsetS, [
          ...u16(bolus.id),
          FAST_BOLUS,
          ...sfloat(bolus.amountIU),
          ...sfloat(0),
          ...u16(0),
        ])
      if (isBasal) add(EVENT.basalRateChanged, offsetS, [0, ...sfloat(before.basalIUh), ...sfloat(basalIUh)])
      return true
    },
    report: (request) => answerRequest(events, request),
  }
}

function answerRequest(events: readonly PumpEvent[], request: Uint8Array): HistoryReport {
  const [op = 0, operator = 0] = request
  if (op === OP.abort) return refusal(op, RESULT.success)
  if (op !== OP.report && op !== OP.count) return refusal(op, RESULT.opNotSupported)
  const choose = CHOICES[operator]
  if (choose === undefined) return refusal(op, RESULT.operatorNotSupported)
  const chosen = choose(events, u32At(request, 3), u32At(request, 7))
  if (op === OP.count) return { events: [], answer: [OP.countResponse, OPERATOR.none, ...u32(chosen.length)] }
  const result = chosen.length > 0 ? RESULT.success : RESULT.noRecords
  return { events: chosen.map(({ octets }) => octets), answer: refusal(op, result).answer }
}

type Choose = (events: readonly PumpEvent[], first: number, second: number) => readonly PumpEvent[]

const CHOICES: Readonly<Record<number, Choose>> = {
  [OPERATOR.all]: (events) => events,
  [OPERATOR.first]: (events) => events.slice(0, 1),
  [OPERATOR.last]: (events) => events.slice(-1),
  [OPERATOR.atMost]: (events, max) => events.filter(({ sequence }) => sequence <= max),
  [OPERATOR.atLeast]: (events, min) => events.filter(({ sequence }) => sequence >= min),
  [OPERATOR.range]: (events, min, max) => events.filter(({ sequence }) => sequence >= min && sequence <= max),
}

function refusal(op: number, result: number): HistoryReport {
  return { events: [], answer: [OP.response, OPERATOR.none, op, result] }
}

function u32(value: number): readonly number[] {
  return [...u24(value), value >>> 24]
}

function u32At(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4)
  return a + b * 0x100 + c * 0x10000 + d * 0x1000000
}
