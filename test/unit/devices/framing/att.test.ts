import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { attOpcode, encodeAttPdu, parseAttPdu } from '../../../../devices/framing/att-codec.ts'
import { readClientConfiguration, readDeclaration } from '../../../../devices/framing/att-declaration.ts'
import { attErrorWord } from '../../../../devices/framing/att-error.ts'
import { decodeAttPdu } from '../../../../devices/framing/att.ts'
import { normalUuid } from '../../../../devices/framing/gatt-uuid.ts'
import { LAYOUTS } from '../../../../devices/framing/att-layout.ts'
import type { AttPdu } from '../../../../devices/framing/att-pdu.ts'

interface Vector {
  readonly id: string
  readonly name: string
  readonly uuid: string | null
  readonly hex: string
  readonly context?: Readonly<Record<string, unknown>>
  readonly expected: Readonly<Record<string, unknown>>
}

const { vectors }: { readonly vectors: readonly Vector[] } = JSON.parse(
  readFileSync(new URL('../../../vectors/att/att.json', import.meta.url), 'utf8'),
)

const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function decode({ uuid, hex, context }: Vector): unknown {
  const bytes = fromHex(hex)
  const result = uuid === '2902' ? readClientConfiguration(bytes) : decodeAttPdu(bytes, context)
  return result.ok ? result.value : { error: result.reason }
}

describe('Attribute Protocol, shared vectors', () => {
  it.each(vectors.filter(({ uuid }) => uuid !== '2803'))('$id $name', (vector) => {
    expect(decode(vector)).toEqual(vector.expected)
  })

  it.each(vectors.filter(({ uuid }) => uuid === null))('$id is written again as it was read', ({ hex }) => {
    const parsed = parseAttPdu(fromHex(hex))
    if (parsed.ok) expect(toHex(encodeAttPdu(parsed.value))).toBe(hex)
  })
})

describe('Attribute Protocol decoding', () => {
  const REFUSED = [
    { name: 'a handle cut in half', hex: '0a 03', reason: 'truncated' },
    { name: 'an MTU with an octet too many', hex: '02 1700 00', reason: 'trailing' },
    { name: 'a list format that does not exist', hex: '05 03 0400 0129', reason: 'invalid-format' },
    { name: 'a list without elements', hex: '05 01', reason: 'invalid-length' },
    { name: 'a list that ends inside an element', hex: '07 0100 05', reason: 'invalid-length' },
    { name: 'an attribute type of 24 bits', hex: '08 0100 ffff 012803', reason: 'invalid-length' },
    { name: 'an element size of zero', hex: '09 00 0102', reason: 'invalid-length' },
    { name: 'an element size below a handle', hex: '09 01 0102', reason: 'invalid-length' },
    { name: 'a group without a UUID', hex: '11 04 0100 0400', reason: 'invalid-length' },
    { name: 'a group size of zero', hex: '11 00 0100', reason: 'invalid-length' },
    { name: 'a value shorter than announced', hex: '23 0300 0400 0102', reason: 'truncated' },
    { name: 'an opcode nobody defined', hex: '7f', reason: 'request-not-supported' },
    { name: 'a request for several values at once', hex: '0e 0100 0200', reason: 'request-not-supported' },
  ] as const

  it.each(REFUSED)('refuses $name as $reason', ({ hex, reason }) => {
    expect(decodeAttPdu(fromHex(hex))).toEqual({ ok: false, reason })
  })

  it('refuses a characteristic list whose declarations carry no UUID', () => {
    expect(decodeAttPdu(fromHex('09 05 0200 02 0300'), { requestType: '2803' })).toEqual({
      ok: false,
      reason: 'invalid-length',
    })
  })

  it('lists handles and raw values when it does not know what was asked for', () => {
    expect(decodeAttPdu(fromHex('09 04 3e00 0100 4100 0200'))).toEqual({
      ok: true,
      value: {
        pdu: 'read-by-type-response',
        opcode: 9,
        items: [
          [62, '0100'],
          [65, '0200'],
        ],
      },
    })
  })

  it('names every error of the table, of the service, and nothing else', () => {
    expect(attErrorWord(0x01)).toBe('invalid-handle')
    expect(attErrorWord(0x80)).toBe('application-0x80')
    expect(attErrorWord(0x9f)).toBe('application-0x9f')
    expect(attErrorWord(0x14)).toBe('rfu')
    expect(attErrorWord(0xa0)).toBe('rfu')
  })

  it('never throws, whatever the octets', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.constantFrom('2803', undefined),
        (bytes, requestType) => {
          const result = decodeAttPdu(bytes, { requestType })
          expect(typeof result.ok).toBe('boolean')
        },
      ),
      { seed: 41, numRuns: 3000 },
    )
  })

  it('takes every known opcode with any parameters without throwing', () => {
    const opcodes = Object.values(LAYOUTS).map((layout) => layout.opcode)
    fc.assert(
      fc.property(fc.constantFrom(...opcodes), fc.uint8Array({ maxLength: 48 }), (opcode, rest) => {
        const parsed = parseAttPdu(Uint8Array.of(opcode, ...rest))
        if (parsed.ok) expect(toHex(encodeAttPdu(parsed.value))).toBe(toHex(Uint8Array.of(opcode, ...rest)))
      }),
      { seed: 42, numRuns: 5000 },
    )
  })

  it('gives back every PDU it has written', () => {
    fc.assert(
      fc.property(anyPdu, (pdu) => {
        const bytes = encodeAttPdu(pdu)
        expect(bytes[0]).toBe(attOpcode(pdu.pdu))
        expect(parseAttPdu(bytes)).toEqual({ ok: true, value: pdu })
      }),
      { seed: 43, numRuns: 2000 },
    )
  })
})

describe('Characteristic declarations', () => {
  it('carry properties, the handle of the value and its UUID', () => {
    expect(readDeclaration(fromHex('22 1000 25135932910000000010000001010000'))).toEqual({
      ok: true,
      value: { properties: 0x22, valueHandle: 16, uuid: '00000101000010000000009132591325' },
    })
  })

  it.each(['', '22', '2210', '221000', '221000aa', '221000aabbcc'])('are refused as %p', (hex) => {
    expect(readDeclaration(fromHex(hex))).toEqual({ ok: false, reason: 'invalid-length' })
  })
})

describe('UUIDs of attributes', () => {
  it('has one spelling for one UUID', () => {
    expect(normalUuid('180D')).toBe('180d')
    expect(normalUuid('0000180D-0000-1000-8000-00805F9B34FB')).toBe('180d')
    expect(normalUuid('0000fe82-0000-1000-0000-009132591325')).toBe('0000fe82000010000000009132591325')
  })

  it.each(['', '180', '180DD', 'heart', '0x180d'])('refuses %p', (text) => {
    expect(normalUuid(text)).toBeUndefined()
  })
})

const handle = fc.integer({ min: 0, max: 0xffff })
const value = fc.uint8Array({ maxLength: 40 })
const hexDigits = (octets: number) =>
  fc.uint8Array({ minLength: octets, maxLength: octets }).map((bytes) => toHex(bytes))
const uuid = fc.oneof(hexDigits(2), hexDigits(16))
const range = { start: handle, end: handle }
const sameSize = <Item>(item: (octets: 2 | 16) => fc.Arbitrary<Item>) =>
  fc.constantFrom<2 | 16>(2, 16).chain((octets) => fc.array(item(octets), { minLength: 1, maxLength: 5 }))

const anyPdu: fc.Arbitrary<AttPdu> = fc.oneof(
  fc.record({ pdu: fc.constant('error-response' as const), request: fc.nat(255), handle, code: fc.nat(255) }),
  fc.record({
    pdu: fc.constantFrom('exchange-mtu-request' as const, 'exchange-mtu-response' as const),
    mtu: handle,
  }),
  fc.record({ pdu: fc.constant('find-information-request' as const), ...range }),
  fc.record({
    pdu: fc.constant('find-information-response' as const),
    items: sameSize((octets) => fc.record({ handle, uuid: hexDigits(octets) })),
  }),
  fc.record({ pdu: fc.constant('find-by-type-value-request' as const), ...range, type: hexDigits(2), value }),
  fc.record({
    pdu: fc.constant('find-by-type-value-response' as const),
    items: fc.array(fc.record(range), { minLength: 1, maxLength: 5 }),
  }),
  fc.record({
    pdu: fc.constantFrom('read-by-type-request' as const, 'read-by-group-type-request' as const),
    ...range,
    type: uuid,
  }),
  fc.record({
    pdu: fc.constant('read-by-type-response' as const),
    items: sameSize((octets) =>
      fc.record({ handle, value: fc.uint8Array({ minLength: octets, maxLength: octets }) }),
    ),
  }),
  fc.record({
    pdu: fc.constant('read-by-group-type-response' as const),
    items: sameSize((octets) => fc.record({ ...range, uuid: hexDigits(octets) })),
  }),
  fc.record({ pdu: fc.constant('read-blob-request' as const), handle, offset: handle }),
  fc.record({
    pdu: fc.constantFrom('read-response' as const, 'read-blob-response' as const),
    value,
  }),
  fc.record({
    pdu: fc.constantFrom(
      'write-request' as const,
      'write-command' as const,
      'notification' as const,
      'indication' as const,
    ),
    handle,
    value,
  }),
  fc.record({
    pdu: fc.constantFrom('prepare-write-request' as const, 'prepare-write-response' as const),
    handle,
    offset: handle,
    value,
  }),
  fc.record({ pdu: fc.constant('execute-write-request' as const), flags: fc.nat(255) }),
  fc.record({
    pdu: fc.constant('multiple-handle-value-notification' as const),
    items: fc.array(fc.record({ handle, value }), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    pdu: fc.constantFrom(
      'write-response' as const,
      'execute-write-response' as const,
      'confirmation' as const,
    ),
  }),
)
