import type { DiscardReason } from '../protocol.ts'
import { LAYOUTS, PduWriter, type Layout } from './att-layout.ts'
import type { AttParameters, AttPdu, AttPduName, AttPduOf } from './att-pdu.ts'
import { ByteReader } from './byte-reader.ts'

export type Parsed<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly reason: DiscardReason }

/** Takes one whole PDU. Length is part of the format: nothing may be missing and nothing left over. */
export function parseAttPdu(bytes: Uint8Array): Parsed<AttPdu> {
  const reader = new ByteReader(bytes)
  const opcode = reader.u8()
  const read = READERS.get(opcode)
  if (read === undefined)
    return { ok: false, reason: bytes.length === 0 ? 'truncated' : 'request-not-supported' }
  const pdu = read(reader)
  const fault = reader.finish()
  return fault === undefined ? { ok: true, value: pdu } : { ok: false, reason: fault }
}

export function encodeAttPdu<Name extends AttPduName>(pdu: AttPduOf<Name>): Uint8Array {
  const name: Name = pdu.pdu
  const layout: Layout<AttParameters[Name]> = LAYOUTS[name]
  const writer = new PduWriter().u8(layout.opcode)
  layout.write(pdu, writer)
  return writer.finish()
}

export function attOpcode(name: AttPduName): number {
  return LAYOUTS[name].opcode
}

const NAMES = Object.keys(LAYOUTS).filter(isPduName)

const READERS: ReadonlyMap<number, (reader: ByteReader) => AttPdu> = new Map(
  NAMES.map((name) => [attOpcode(name), (reader: ByteReader) => readPdu(name, reader)]),
)

function readPdu<Name extends AttPduName>(name: Name, reader: ByteReader): AttPduOf<Name> {
  const layout: Layout<AttParameters[Name]> = LAYOUTS[name]
  return { pdu: name, ...layout.read(reader) }
}

function isPduName(name: string): name is AttPduName {
  return name in LAYOUTS
}
