import type { GattContext } from './characteristics.ts'
import { dateTime } from './date-time.ts'
import type { ByteReader } from '../framing/byte-reader.ts'
import { code, type Codes, type Field, type Fields, integer } from './layout.ts'

const OPS: Codes = {
  1: 'report-records',
  2: 'delete-records',
  3: 'abort',
  4: 'report-number',
  5: 'number-response',
  6: 'response-code',
  7: 'combined-report',
  8: 'combined-report-response',
}

const OPERATORS: Codes = { 0: 'null', 1: 'all', 2: 'le', 3: 'ge', 4: 'range', 5: 'first', 6: 'last' }

const RESULTS: Codes = {
  1: 'success',
  2: 'op-code-not-supported',
  3: 'invalid-operator',
  4: 'operator-not-supported',
  5: 'invalid-operand',
  6: 'no-records-found',
  7: 'abort-unsuccessful',
  8: 'procedure-not-completed',
  9: 'operand-not-supported',
  10: 'server-busy',
}

const BOUNDS: Readonly<Record<string, readonly string[]>> = {
  le: ['max'],
  ge: ['min'],
  range: ['min', 'max'],
}

const RECORDS = integer('records', 'u16')

const ANSWERS: Readonly<Record<string, Field>> = {
  'number-response': RECORDS,
  'combined-report-response': RECORDS,
  'response-code': (reader, out) => {
    code('requestOpCode', OPS)(reader, out)
    code('response', RESULTS)(reader, out)
  },
}

/** 2A52 Record Access Control Point; what the first filter counts depends on the service. */
export function recordAccessControlPoint(reader: ByteReader, out: Fields, context: GattContext): void {
  code('opCode', OPS)(reader, out)
  code('operator', OPERATORS)(reader, out)
  const answer = ANSWERS[String(out['opCode'])]
  if (answer !== undefined) answer(reader, out)
  else bounds(BOUNDS[String(out['operator'])] ?? [], context)(reader, out)
}

function bounds(keys: readonly string[], context: GattContext): Field {
  return (reader, out) => {
    if (keys.length === 0) return
    const isCgm = context.service === 'cgm'
    const filter = reader.u8()
    if (filter === 1) {
      out['filter'] = isCgm ? 'time-offset' : 'sequence'
      for (const key of keys) integer(key, 'u16')(reader, out)
    } else if (filter === 2) {
      // "User-facing time is not allowed as a filter of CGM records."
      if (isCgm) reader.refuse('invalid-operand')
      out['filter'] = 'user-facing-time'
      for (const key of keys) dateTime(key)(reader, out)
    } else reader.refuse('rfu-value')
    if (isUpsideDown(out['min'], out['max'])) reader.refuse('invalid-operand')
  }
}

function isUpsideDown(min: unknown, max: unknown): boolean {
  if (typeof min === 'number' && typeof max === 'number') return min > max
  return typeof min === 'string' && typeof max === 'string' && min > max
}
