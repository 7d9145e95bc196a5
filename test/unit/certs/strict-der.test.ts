import { createRoot } from '../../../certs/authority.ts'
import * as fc from 'fast-check'
import { describe, expect, it } from '@jest/globals'
import { decode, encode, isStrictDer } from '../../../certs/der.ts'
import { pemBlocks } from '../../../certs/pem.ts'
import { buildCrl } from '../../../certs/revocation.ts'

const nowMs = Date.UTC(2026, 8, 20, 10, 15, 2)
const root = createRoot({ site: 'wardgate', nowMs })
const list = pemBlocks(
  buildCrl(root, {
    number: 300,
    nowMs,
    lifetimeMs: 86_400_000,
    revoked: [{ serial: '7F'.repeat(16), revokedAtMs: nowMs, reason: 'keyCompromise' }],
  }),
)[0]?.der

describe('strict DER', () => {
  it('is what certificates and lists of ours are', () => {
    expect(isStrictDer(root.certificate.raw)).toBe(true)
    expect(list !== undefined && isStrictDer(list)).toBe(true)
  })

  it.each([
    ['nothing', ''],
    ['a tag alone', '30'],
    ['bytes behind the value', '05 00 00'],
    ['a length that reaches beyond', '04 02 00'],
    ['a length in more octets than needed', '04 81 01 00'],
    ['a length that begins with a zero', '04 82 00 80' + '00'.repeat(128)],
    ['an indefinite length', '30 80 05 00 00 00'],
    ['a length of five octets', '04 85 01 00 00 00 00'],
    ['a length that is cut', '30 82 01'],
    ['an end mark', '00 00'],
    ['a long tag', '1F 81 01 00'],
    ['an item that reaches beyond its sequence', '30 03 04 02 00 00'],
    ['a true that is not FF', '01 01 01'],
    ['a boolean of two octets', '01 02 00 00'],
    ['an integer without content', '02 00'],
    ['an integer with a needless zero', '02 02 00 7F'],
    ['an integer with a needless FF', '02 02 FF 80'],
    ['an enumerated with a needless zero', '0A 02 00 01'],
    ['a bit string without its first octet', '03 00'],
    ['a bit string with eight unused bits', '03 02 08 00'],
    ['an empty bit string with unused bits', '03 01 01'],
    ['a bit string whose unused bits are set', '03 02 01 01'],
    ['a bit string in pieces', '23 04 03 02 00 FF'],
    ['octets in pieces', '24 03 04 01 00'],
    ['a null with content', '05 01 00'],
    ['an object identifier without content', '06 00'],
    ['an object identifier that is cut', '06 02 2A 86'],
    ['an object identifier with a needless octet', '06 03 2A 80 01'],
    ['a sequence that is primitive', '10 00'],
    ['a set out of order', '31 06 02 01 02 02 01 01'],
    ['a time without seconds', '17 0B' + hexOf('2609201015Z')],
    ['a time with an offset', '17 11' + hexOf('260920101502+0100')],
    ['a fraction that ends in a zero', '18 11' + hexOf('20500101000000.0Z')],
  ])('is not %s', (_what, hex) => {
    expect(isStrictDer(bytesOf(hex))).toBe(false)
  })

  it.each([
    ['null', '05 00'],
    ['a negative integer', '02 01 FF'],
    ['an integer kept positive', '02 02 00 80'],
    ['an empty bit string', '03 01 00'],
    ['a length of two octets', '04 81 80' + '00'.repeat(128)],
    ['an empty sequence', '30 00'],
    ['a set in order', '31 06 02 01 01 02 01 02'],
    ['a set that repeats', '31 06 02 01 01 02 01 01'],
    ['a context tag that is primitive', '80 02 00 00'],
    ['a context tag around a value', 'A0 02 05 00'],
    ['a fraction of a second', '18 11' + hexOf('20500101000000.5Z')],
  ])('is %s', (_what, hex) => {
    expect(isStrictDer(bytesOf(hex))).toBe(true)
  })

  it('is refused beyond the depth that anything real has, without exhausting the stack', () => {
    expect(isStrictDer(nested(30))).toBe(true)
    expect(isStrictDer(nested(40))).toBe(false)
    expect(isStrictDer(Buffer.alloc(200_000, Buffer.of(0x30, 0x83, 0x01)))).toBe(false)
  })

  it('never throws, and what it passes comes back octet for octet from a decoder', () => {
    const real = root.certificate.raw
    const damaged = fc.tuple(fc.nat(real.length - 1), fc.nat(255)).map(([at, value]) => {
      const copy = Uint8Array.from(real)
      copy[at] = value
      return copy
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
        if (!isStrictDer(bytes)) return
        const tree = decode(bytes)
        if (tree !== undefined) expect(Buffer.from(encode(tree)).equals(bytes)).toBe(true)
      }),
      { seed: 12, numRuns: 2000 },
    )
  })

  it('takes no part of a certificate for the whole', () => {
    const real = root.certificate.raw
    for (let length = 0; length < real.length; length += 1)
      expect(isStrictDer(real.subarray(0, length))).toBe(false)
    expect(isStrictDer(Buffer.concat([real, real]))).toBe(false)
  })
})

function nested(depth: number): Uint8Array {
  let bytes = Buffer.of(0x05, 0x00)
  for (let level = 0; level < depth; level += 1) bytes = Buffer.from([0x30, bytes.length, ...bytes])
  return bytes
}

function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}

function hexOf(text: string): string {
  return Buffer.from(text).toString('hex')
}
