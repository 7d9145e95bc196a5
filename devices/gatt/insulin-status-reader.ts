import type { ByteReader } from '../framing/byte-reader.ts'
import { result, word } from './hamming.ts'
import { operation, type Operations, requestOpCode } from './insulin-operation.ts'
import {
  bolusBody,
  bolusId,
  RESULTS,
  STATUS_BITS,
  SUCCESS,
  TBR_TYPE,
  template,
  therapyContext,
} from './insulin-words.ts'
import {
  bits,
  type Codes,
  type Field,
  type Fields,
  fields,
  flagged,
  float,
  group,
  integer,
  sfloat,
} from './layout.ts'

const DELIVERY: Codes = { 0x0f: 'programmed', 0x33: 'remaining', 0x3c: 'delivered' }
const COUNTER: Codes = { 0x0f: 'lifetime', 0x33: 'warranty', 0x3c: 'loaner', 0x55: 'reservoir-operation' }
const COUNTER_SELECT: Codes = { 0x0f: 'remaining', 0x33: 'elapsed' }

const MAX_ACTIVE_BOLUSES = 7

const bolusIds: Field = (reader, out) => {
  const count = reader.u8()
  if (count > MAX_ACTIVE_BOLUSES) reader.refuse('invalid-operand')
  out['bolusIds'] = Array.from({ length: Math.min(count, MAX_ACTIVE_BOLUSES) }, () => reader.u16())
}

const counter = fields(word('counter', 'u8', COUNTER), word('select', 'u8', COUNTER_SELECT))

const activeBasalRate = flagged(({ has, when }) => [
  template,
  sfloat('configuredIUh'),
  when(
    0,
    group(
      'tbr',
      word('type', 'u8', TBR_TYPE),
      sfloat('value'),
      integer('programmedMin', 'u16'),
      integer('remainingMin', 'u16'),
      // The template belongs to the temporary rate: without one there is no such field.
      ...(has(1) ? [template] : []),
    ),
  ),
  when(2, therapyContext),
])

const OPERATIONS: Operations = {
  0x0303: {
    name: 'response-code',
    operand: (reader, out) => {
      requestOpCode(OPERATIONS)(reader, out)
      result('response', SUCCESS, RESULTS)(reader, out)
    },
  },
  0x030c: { name: 'reset-status', operand: bits('reset', 'u16', STATUS_BITS) },
  0x0330: { name: 'get-active-bolus-ids' },
  0x033f: { name: 'get-active-bolus-ids-response', operand: bolusIds },
  0x0356: { name: 'get-active-bolus-delivery', operand: fields(bolusId, word('select', 'u8', DELIVERY)) },
  0x0359: {
    name: 'get-active-bolus-delivery-response',
    operand: flagged((flags) => [bolusId, ...bolusBody(flags)]),
  },
  0x0365: { name: 'get-active-basal-rate' },
  0x036a: { name: 'get-active-basal-rate-response', operand: activeBasalRate },
  0x0395: { name: 'get-total-daily-insulin' },
  0x039a: {
    name: 'get-total-daily-insulin-response',
    operand: fields(sfloat('bolusIU'), sfloat('basalIU'), sfloat('totalIU')),
  },
  0x03a6: { name: 'get-counter', operand: counter },
  0x03a9: { name: 'get-counter-response', operand: fields(counter, integer('minutes', 's32')) },
  0x03c0: { name: 'get-delivered-insulin' },
  0x03cf: { name: 'get-delivered-insulin-response', operand: fields(float('bolusIU'), float('basalIU')) },
  0x03f3: { name: 'get-insulin-on-board' },
  0x03fc: {
    name: 'get-insulin-on-board-response',
    operand: flagged(({ when }) => [sfloat('insulinOnBoardIU'), when(0, integer('remainingMin', 'u16'))]),
  },
}

/** 2B24 IDD Status Reader Control Point. */
export function statusReader(reader: ByteReader, out: Fields): void {
  operation(OPERATIONS)(reader, out)
}
