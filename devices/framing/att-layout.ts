/** How the octets of each PDU are laid out: one row a PDU, read and written in the same order. */

import { type AttParameters, type AttPduName } from './att-pdu.ts'
import type { ByteReader } from './byte-reader.ts'
import { uuidFromWire, uuidToWire } from './gatt-uuid.ts'

/** Octets of a PDU in the making. */
export class PduWriter {
  readonly #octets: number[] = []

  u8(value: number): this {
    this.#octets.push(value & 0xff)
    return this
  }

  u16(value: number): this {
    return this.u8(value).u8(value >>> 8)
  }

  bytes(value: Uint8Array): this {
    for (const octet of value) this.#octets.push(octet)
    return this
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#octets)
  }
}

export interface Layout<Parameters> {
  readonly opcode: number
  read(reader: ByteReader): Parameters
  write(parameters: Parameters, writer: PduWriter): void
}

export const LAYOUTS: { readonly [Name in AttPduName]: Layout<AttParameters[Name]> } = {
  'error-response': {
    opcode: 0x01,
    read: (from) => ({ request: from.u8(), handle: from.u16(), code: from.u8() }),
    write: (it, to) => to.u8(it.request).u16(it.handle).u8(it.code),
  },
  'exchange-mtu-request': mtu(0x02),
  'exchange-mtu-response': mtu(0x03),
  'find-information-request': {
    opcode: 0x04,
    read: (from) => ({ start: from.u16(), end: from.u16() }),
    write: (it, to) => to.u16(it.start).u16(it.end),
  },
  'find-information-response': {
    opcode: 0x05,
    read: readInformation,
    write: (it, to) => {
      to.u8(it.items[0]?.uuid.length === 4 ? SHORT_UUIDS : LONG_UUIDS)
      for (const { handle, uuid } of it.items) to.u16(handle).bytes(uuidToWire(uuid))
    },
  },
  'find-by-type-value-request': {
    opcode: 0x06,
    read: (from) => ({
      start: from.u16(),
      end: from.u16(),
      type: uuid(from, from.bytes(2)),
      value: from.rest(),
    }),
    write: (it, to) => to.u16(it.start).u16(it.end).bytes(uuidToWire(it.type)).bytes(it.value),
  },
  'find-by-type-value-response': {
    opcode: 0x07,
    read: (from) => ({ items: elements(from, 4, () => ({ start: from.u16(), end: from.u16() })) }),
    write: (it, to) => {
      for (const { start, end } of it.items) to.u16(start).u16(end)
    },
  },
  'read-by-type-request': typedRange(0x08),
  'read-by-type-response': {
    opcode: 0x09,
    read: (from) => {
      const sizeBytes = from.u8()
      if (sizeBytes < 2) from.refuse('invalid-length')
      return {
        items: elements(from, sizeBytes, () => ({ handle: from.u16(), value: from.bytes(sizeBytes - 2) })),
      }
    },
    write: (it, to) => {
      to.u8(2 + (it.items[0]?.value.length ?? 0))
      for (const { handle, value } of it.items) to.u16(handle).bytes(value)
    },
  },
  'read-request': {
    opcode: 0x0a,
    read: (from) => ({ handle: from.u16() }),
    write: (it, to) => to.u16(it.handle),
  },
  'read-response': value(0x0b),
  'read-blob-request': {
    opcode: 0x0c,
    read: (from) => ({ handle: from.u16(), offset: from.u16() }),
    write: (it, to) => to.u16(it.handle).u16(it.offset),
  },
  'read-blob-response': value(0x0d),
  'read-by-group-type-request': typedRange(0x10),
  'read-by-group-type-response': {
    opcode: 0x11,
    read: (from) => {
      const sizeBytes = from.u8()
      return {
        items: elements(from, sizeBytes, () => ({
          start: from.u16(),
          end: from.u16(),
          uuid: uuid(from, from.bytes(Math.max(0, sizeBytes - 4))),
        })),
      }
    },
    write: (it, to) => {
      to.u8(4 + (it.items[0]?.uuid.length ?? 0) / 2)
      for (const { start, end, uuid } of it.items) to.u16(start).u16(end).bytes(uuidToWire(uuid))
    },
  },
  'write-request': handleValue(0x12),
  'write-response': nothing(0x13),
  'prepare-write-request': preparedWrite(0x16),
  'prepare-write-response': preparedWrite(0x17),
  'execute-write-request': {
    opcode: 0x18,
    read: (from) => ({ flags: from.u8() }),
    write: (it, to) => to.u8(it.flags),
  },
  'execute-write-response': nothing(0x19),
  notification: handleValue(0x1b),
  indication: handleValue(0x1d),
  confirmation: nothing(0x1e),
  'multiple-handle-value-notification': {
    opcode: 0x23,
    read: (from) => {
      const items = []
      do items.push({ handle: from.u16(), value: from.bytes(from.u16()) })
      while (from.remaining > 0)
      return { items }
    },
    write: (it, to) => {
      for (const { handle, value } of it.items) to.u16(handle).u16(value.length).bytes(value)
    },
  },
  'write-command': handleValue(0x52),
}

// Formats of a Find Information response.
const SHORT_UUIDS = 1
const LONG_UUIDS = 2

function readInformation(from: ByteReader): AttParameters['find-information-response'] {
  const format = from.u8()
  if (format !== SHORT_UUIDS && format !== LONG_UUIDS) from.refuse('invalid-format')
  const uuidBytes = format === SHORT_UUIDS ? 2 : 16
  return {
    items: elements(from, 2 + uuidBytes, () => ({
      handle: from.u16(),
      uuid: uuid(from, from.bytes(uuidBytes)),
    })),
  }
}

/** What is left, as elements of one size: at least one, and nothing over. */
function elements<Item>(from: ByteReader, sizeBytes: number, read: () => Item): readonly Item[] {
  if (from.remaining === 0 || from.remaining % sizeBytes !== 0) from.refuse('invalid-length')
  const items: Item[] = []
  while (from.fault === undefined && from.remaining > 0) items.push(read())
  return items
}

function uuid(from: ByteReader, wire: Uint8Array): string {
  const uuid = uuidFromWire(wire)
  if (uuid === undefined) from.refuse('invalid-length')
  return uuid ?? ''
}

function mtu(opcode: number): Layout<AttParameters['exchange-mtu-request']> {
  return { opcode, read: (from) => ({ mtu: from.u16() }), write: (it, to) => to.u16(it.mtu) }
}

function value(opcode: number): Layout<AttParameters['read-response']> {
  return { opcode, read: (from) => ({ value: from.rest() }), write: (it, to) => to.bytes(it.value) }
}

function nothing(opcode: number): Layout<AttParameters['confirmation']> {
  return { opcode, read: () => ({}), write: () => undefined }
}

function typedRange(opcode: number): Layout<AttParameters['read-by-type-request']> {
  return {
    opcode,
    read: (from) => ({ start: from.u16(), end: from.u16(), type: uuid(from, from.rest()) }),
    write: (it, to) => to.u16(it.start).u16(it.end).bytes(uuidToWire(it.type)),
  }
}

function handleValue(opcode: number): Layout<AttParameters['write-request']> {
  return {
    opcode,
    read: (from) => ({ handle: from.u16(), value: from.rest() }),
    write: (it, to) => to.u16(it.handle).bytes(it.value),
  }
}

function preparedWrite(opcode: number): Layout<AttParameters['prepare-write-request']> {
  return {
    opcode,
    read: (from) => ({ handle: from.u16(), offset: from.u16(), value: from.rest() }),
    write: (it, to) => to.u16(it.handle).u16(it.offset).bytes(it.value),
  }
}
