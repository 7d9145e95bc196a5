import { bits, code, type Codes, type Field, type Fields, fields, integer, sfloat } from './layout.ts'
import { CGM_LOCATIONS, typeAndLocation } from './sample-type.ts'
import type { ByteReader } from '../framing/byte-reader.ts'

const RESULTS: Codes = {
  1: 'success',
  2: 'op-code-not-supported',
  3: 'invalid-operand',
  4: 'procedure-not-completed',
  5: 'parameter-out-of-range',
}

const level = sfloat('level')

// The service prints one octet, the supplement two: both are sent.
const intervalMin: Field = (reader, out) => {
  out['intervalMin'] = reader.remaining >= 2 ? reader.u16() : reader.u8()
}

const calibration = fields(
  sfloat('glucose'),
  integer('calibrationTimeMin', 'u16'),
  typeAndLocation(CGM_LOCATIONS),
  integer('nextCalibrationMin', 'u16'),
  integer('record', 'u16'),
  bits('calibrationStatus', 'u8', ['rejected', 'out-of-range', 'pending']),
)

const responseCode: Field = (reader, out) => {
  out['requestOpCode'] = OPS[reader.u8()]?.name ?? 'rfu'
  code('response', RESULTS)(reader, out)
}

interface Operation {
  readonly name: string
  readonly operand?: Field
}

const OPS: Readonly<Record<number, Operation>> = {
  0x01: { name: 'set-interval', operand: integer('intervalMin', 'u8') },
  0x02: { name: 'get-interval' },
  0x03: { name: 'interval-response', operand: intervalMin },
  0x04: { name: 'set-calibration', operand: calibration },
  0x05: { name: 'get-calibration', operand: integer('record', 'u16') },
  0x06: { name: 'calibration-response', operand: calibration },
  0x07: { name: 'set-patient-high', operand: level },
  0x08: { name: 'get-patient-high' },
  0x09: { name: 'patient-high-response', operand: level },
  0x0a: { name: 'set-patient-low', operand: level },
  0x0b: { name: 'get-patient-low' },
  0x0c: { name: 'patient-low-response', operand: level },
  0x0d: { name: 'set-hypo', operand: level },
  0x0e: { name: 'get-hypo' },
  0x0f: { name: 'hypo-response', operand: level },
  0x10: { name: 'set-hyper', operand: level },
  0x11: { name: 'get-hyper' },
  0x12: { name: 'hyper-response', operand: level },
  0x13: { name: 'set-rate-of-decrease', operand: level },
  0x14: { name: 'get-rate-of-decrease' },
  0x15: { name: 'rate-of-decrease-response', operand: level },
  0x16: { name: 'set-rate-of-increase', operand: level },
  0x17: { name: 'get-rate-of-increase' },
  0x18: { name: 'rate-of-increase-response', operand: level },
  0x19: { name: 'reset-device-specific-alert' },
  0x1a: { name: 'start-session' },
  0x1b: { name: 'stop-session' },
  0x1c: { name: 'response-code', operand: responseCode },
}

/** 2AAC CGM Specific Ops Control Point: requests and answers. */
export function cgmControlPoint(reader: ByteReader, out: Fields): void {
  const operation = OPS[reader.u8()]
  out['opCode'] = operation?.name ?? 'rfu'
  operation?.operand?.(reader, out)
}
