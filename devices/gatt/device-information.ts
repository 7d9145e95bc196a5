import { hexOf } from '../framing/hex.ts'
import { code, type Field, fields, integer } from './layout.ts'

/** 2A24 to 2A29: UTF-8 without terminator by rule; some live devices append zero octets. */
export const informationText: Field = (reader, out) => {
  const bytes = reader.rest()
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1
  try {
    out['text'] = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, end))
  } catch {
    reader.refuse('invalid-utf8')
  }
}

/** 2A23 System ID: an EUI-64, low octet first. */
export const systemId: Field = (reader, out) => {
  out['eui64'] = hexOf(reader.bytes(8).slice().reverse())
}

/** 2A50 PnP ID. */
export const pnpId: Field = fields(
  code('source', { 1: 'bluetooth-sig', 2: 'usb' }),
  integer('vendorId', 'u16'),
  integer('productId', 'u16'),
  integer('version', 'u16'),
)
