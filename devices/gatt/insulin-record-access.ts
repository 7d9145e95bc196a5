import { result, word } from './hamming.ts'
import { type Codes, type Field, fields, integer } from './layout.ts'

const OPS: Codes = {
  0x0f: 'response-code',
  0x33: 'report-records',
  0x3c: 'delete-records',
  0x55: 'abort',
  0x5a: 'report-number',
  0x66: 'number-response',
}

const OPERATORS: Codes = {
  0x0f: 'null',
  0x33: 'all',
  0x3c: 'le',
  0x55: 'ge',
  0x5a: 'range',
  0x66: 'first',
  0x69: 'last',
}

const FILTERS: Codes = {
  0x0f: 'sequence',
  0x33: 'sequence-reference-time',
  0x3c: 'sequence-non-reference-time',
}

// Unlike elsewhere in the service, success is F0 here.
const SUCCESS = 0xf0

const RESULTS: Codes = {
  0x02: 'op-code-not-supported',
  0x03: 'invalid-operator',
  0x04: 'operator-not-supported',
  0x05: 'invalid-operand',
  0x06: 'no-records-found',
  0x07: 'abort-unsuccessful',
  0x08: 'procedure-not-completed',
  0x09: 'operand-not-supported',
  0x0a: 'procedure-not-applicable',
  [SUCCESS]: 'success',
}

const filter = word('filter', 'u8', FILTERS)
const min = integer('min', 'u32')
const max = integer('max', 'u32')

// The text gives every operator but null a filter, the table says all, first and last have no operand: both are sent.
const optionalFilter: Field = (reader, out) => {
  if (reader.remaining > 0) filter(reader, out)
}

const range: Field = (reader, out) => {
  fields(filter, min, max)(reader, out)
  if (Number(out['min']) > Number(out['max'])) reader.refuse('invalid-operand')
}

const OPERANDS: Readonly<Record<string, Field>> = {
  all: optionalFilter,
  first: optionalFilter,
  last: optionalFilter,
  le: fields(filter, max),
  ge: fields(filter, min),
  range,
}

const ANSWERS: Readonly<Record<string, Field>> = {
  'response-code': fields(word('requestOpCode', 'u8', OPS), result('response', SUCCESS, RESULTS)),
  'number-response': integer('records', 'u32'),
}

/** 2B27 IDD Record Access Control Point. */
export const insulinRecordAccess: Field = (reader, out) => {
  word('opCode', 'u8', OPS)(reader, out)
  word('operator', 'u8', OPERATORS)(reader, out)
  const operand = ANSWERS[String(out['opCode'])] ?? OPERANDS[String(out['operator'])]
  operand?.(reader, out)
}
