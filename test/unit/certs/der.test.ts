import * as fc from 'fast-check'
import { describe, expect, it } from '@jest/globals'
import {
  childrenOf,
  contentOf,
  decode,
  encode,
  integer,
  isObjectId,
  objectId,
  sequence,
  smallInteger,
  smallIntegerOf,
  time,
  timeOf,
} from '../../../certs/der.ts'

describe('DER', () => {
  it('never throws on bytes nobody encoded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const tree = decode(bytes)
        childrenOf(tree)
        contentOf(tree)
        timeOf(tree)
        smallIntegerOf(tree)
        isObjectId(tree, '2.5.29.20')
      }),
      { seed: 8, numRuns: 2000 },
    )
  })

  it('survives nesting deeper than the stack', () => {
    const depth = 100_000
    const bytes = Buffer.alloc(depth * 2, Buffer.of(0x30, 0x80))
    expect(decode(bytes)).toBeUndefined()
  })

  it('refuses bytes behind the value', () => {
    expect(decode(Uint8Array.of(...encode(smallInteger(5)), 0))).toBeUndefined()
  })

  it('reads small integers back and refuses negative, long and other ones', () => {
    for (const value of [0, 1, 127, 128, 255, 256, 65_535, 2 ** 31 - 1])
      expect(smallIntegerOf(decode(encode(smallInteger(value))))).toBe(value)
    expect(smallIntegerOf(decode(Uint8Array.of(2, 1, 0xff)))).toBeUndefined()
    expect(smallIntegerOf(integer(Uint8Array.of(1, 2, 3, 4, 5, 6, 7)))).toBeUndefined()
    expect(smallIntegerOf(objectId('2.5.29.20'))).toBeUndefined()
    expect(smallIntegerOf(undefined)).toBeUndefined()
  })

  it('keeps an integer positive whose first bit is set', () => {
    expect(Buffer.from(encode(integer(Uint8Array.of(0x80)))).toString('hex')).toBe('02020080')
  })

  it('tells object identifiers from one another and from other values', () => {
    expect(isObjectId(objectId('2.5.29.20'), '2.5.29.20')).toBe(true)
    expect(isObjectId(objectId('2.5.29.21'), '2.5.29.20')).toBe(false)
    expect(isObjectId(sequence(), '2.5.29.20')).toBe(false)
  })
})

describe('a time', () => {
  it.each([
    ['2026-09-20T10:15:02Z', 0x17, '260920101502Z'],
    ['2049-12-31T23:59:59Z', 0x17, '491231235959Z'],
    ['2050-01-01T00:00:00Z', 0x18, '20500101000000Z'],
  ])('%s is written with the tag and length of its century', (instant, tag, text) => {
    const bytes = encode(time(Date.parse(instant)))
    expect(bytes[0]).toBe(tag)
    expect(Buffer.from(bytes.subarray(2)).toString()).toBe(text)
    expect(timeOf(decode(bytes))).toBe(Date.parse(instant))
  })

  it('is none when it is text of another form', () => {
    for (const text of ['2609201015Z', '260920101502+0100', 'x', '20500101000000.5Z']) {
      const bytes = Buffer.from(text)
      expect(timeOf(decode(Buffer.from([0x17, bytes.length, ...bytes])))).toBeUndefined()
      expect(timeOf(decode(Buffer.from([0x18, bytes.length, ...bytes])))).toBeUndefined()
    }
    expect(timeOf(undefined)).toBeUndefined()
    expect(timeOf(sequence())).toBeUndefined()
  })
})
