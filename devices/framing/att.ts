/** Attribute Protocol PDUs as the shared vectors write them: octets in hex, codes as words. For offline decoding. */

import { attOpcode, parseAttPdu, type Parsed } from './att-codec.ts'
import { readDeclaration } from './att-declaration.ts'
import { attErrorWord } from './att-error.ts'
import type { AttPdu, AttPduOf } from './att-pdu.ts'
import { GATT } from './gatt-uuid.ts'
import { hexOf } from './hex.ts'

export type AttView = Readonly<Record<string, unknown>>

/** `context.requestType` is the attribute type a Read By Type response answers, e.g. '2803'. */
export function decodeAttPdu(bytes: Uint8Array, context: AttView = {}): Parsed<AttView> {
  const parsed = parseAttPdu(bytes)
  if (!parsed.ok) return parsed
  const body = bodyOf(parsed.value, context)
  if (!body.ok) return body
  const { pdu } = parsed.value
  return { ok: true, value: { pdu, opcode: attOpcode(pdu), ...body.value } }
}

function bodyOf(pdu: AttPdu, context: AttView): Parsed<AttView> {
  if (pdu.pdu === 'error-response') {
    const { request, handle, code } = pdu
    return { ok: true, value: { request, handle, error: attErrorWord(code) } }
  }
  if (pdu.pdu === 'read-by-type-response' && context['requestType'] === GATT.characteristic)
    return characteristicsOf(pdu)
  const { pdu: _name, ...parameters } = pdu
  return {
    ok: true,
    value: Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, plain(value)])),
  }
}

function characteristicsOf(pdu: AttPduOf<'read-by-type-response'>): Parsed<AttView> {
  const characteristics: AttView[] = []
  for (const { handle, value } of pdu.items) {
    const declaration = readDeclaration(value)
    if (!declaration.ok) return declaration
    characteristics.push({ declHandle: handle, ...declaration.value })
  }
  return { ok: true, value: { characteristics } }
}

/** Octets become hex; an element of a list becomes the row of its fields. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return hexOf(value)
  if (!Array.isArray(value)) return value
  return value.map((item: object) => Object.values(item).map(plain))
}
