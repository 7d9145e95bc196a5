import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { classifyFirstBytes } from '../../../gateway/broker/first-bytes.ts'

/** RFC 8446 5.1 and 4: record of the given version that holds a ClientHello of `bodyBytes`. */
const hello = (minor: number, bodyBytes: number): Uint8Array =>
  Uint8Array.from([
    0x16,
    3,
    minor,
    (bodyBytes + 4) >> 8,
    (bodyBytes + 4) & 0xff,
    1,
    0,
    0,
    bodyBytes,
    ...Array<number>(bodyBytes).fill(7),
  ])

const latin = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.codePointAt(0) ?? 0)

describe('a ClientHello', () => {
  it.each([1, 2, 3])('with record version 3.%d goes on when its record is whole, and not before', (minor) => {
    const bytes = hello(minor, 120)
    for (let length = 0; length < bytes.length; length += 1)
      expect(classifyFirstBytes(bytes.subarray(0, length))).toMatchObject({
        kind: 'undecided',
        isHello: true,
      })
    expect(classifyFirstBytes(bytes)).toEqual({ kind: 'client-hello' })
  })

  it('whose record announces more than TLS allows is not waited for', () => {
    // RFC 8446 5.1: 2^14 bytes at most.
    expect(classifyFirstBytes(Uint8Array.of(0x16, 3, 1, 0x40, 0x00, 1))).toMatchObject({ kind: 'undecided' })
    expect(classifyFirstBytes(Uint8Array.of(0x16, 3, 1, 0x40, 0x01))).toMatchObject({ kind: 'foreign' })
  })

  it.each([
    { name: 'SSL 3', bytes: hello(0, 40), what: 'SSL 3 hello' },
    { name: 'a record version of the future', bytes: hello(4, 40), what: 'unrecognised bytes' },
    { name: 'a ServerHello', bytes: [0x16, 3, 3, 0, 80, 2], what: 'TLS handshake without ClientHello' },
    { name: 'a TLS alert', bytes: [0x15, 3, 3, 0, 2, 2, 40], what: 'unrecognised bytes' },
    { name: 'an SSL 2 hello', bytes: [0x80, 0x2e, 1, 0, 2], what: 'unrecognised bytes' },
  ])('is not $name', ({ bytes, what }) => {
    expect(classifyFirstBytes(Uint8Array.from(bytes))).toEqual({ kind: 'foreign', what })
  })
})

describe('a foreign client', () => {
  it.each([
    ['\u0010\u000c\u0000\u0004MQTT\u0004\u0002\u0000\u003c\u0000\u0000', 'MQTT 3.1.1 CONNECT'],
    ['\u0010\u00ff\u0001\u0000\u0004MQTT\u0005', 'MQTT 5 CONNECT'],
    ['\u0010\u0010\u0000\u0006MQIsdp\u0003\u0002', 'MQTT 3.1 CONNECT'],
    ['\u0010\u0010\u0000\u0004MQTT\u0009\u0002\u0000\u003c\u0000\u0000', 'MQTT CONNECT'],
    ['\u0010\u0010 rather something else', 'unrecognised bytes'],
    ['POST /x HTTP/1.1\r\n\r\n', 'HTTP/1 request'],
    ['GET /mqtt HTTP/1.1\r\nupgrade: WebSocket\r\n\r\n', 'WebSocket upgrade'],
    ['PRI * HTTP/2.0\r\n\r\nSM', 'HTTP/2 preface'],
    ['SSH-2.0-x\r\n', 'SSH greeting'],
    ['PROXY TCP4 10.0.0.1', 'PROXY protocol header'],
    ['help\r\n', 'text'],
    ['sixteen letters of something', 'text'],
    ['abc\u0000\u0001', 'unrecognised bytes'],
    ['\u0000', 'unrecognised bytes'],
  ])('%j is called %s', (text, what) => {
    expect(classifyFirstBytes(latin(text))).toEqual({ kind: 'foreign', what })
  })

  it.each(['G', 'GET /', 'PRI *', 'SS', '\u0010', '\u0010\u000c\u0000\u0004MQ', 'he'])(
    '%j may still become something with a name',
    (text) => {
      expect(classifyFirstBytes(latin(text))).toMatchObject({ kind: 'undecided', isHello: false })
    },
  )
})

describe('any bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 1500 })
  const isHello = (all: Uint8Array): boolean => {
    const length = 5 + (all[3] ?? 0) * 256 + (all[4] ?? 0)
    const [type, major, minor = 0, , , handshake] = all
    return type === 0x16 && major === 3 && minor >= 1 && minor <= 3 && handshake === 1 && all.length >= length
  }

  it('go on to TLS only as a whole ClientHello record', () => {
    const nearly = fc
      .tuple(fc.constantFrom(hello(1, 30), hello(3, 200)), fc.nat(40), fc.nat(255))
      .map(([whole, at, byte]) => {
        const changed = Uint8Array.from(whole)
        changed[at] = byte
        return changed
      })
    fc.assert(
      fc.property(fc.oneof(bytes, nearly), (all) => {
        expect(classifyFirstBytes(all).kind === 'client-hello').toBe(isHello(all))
      }),
      { seed: 3, numRuns: 3_000 },
    )
  })

  it('once foreign stay foreign, and no more than 1 KiB and a record are ever waited for', () => {
    fc.assert(
      fc.property(bytes, bytes, (first, second) => {
        const verdict = classifyFirstBytes(first)
        if (verdict.kind === 'foreign')
          expect(classifyFirstBytes(Uint8Array.from([...first, ...second])).kind).toBe('foreign')
        if (verdict.kind === 'undecided' && !verdict.isHello) expect(first.length).toBeLessThan(1024)
      }),
      { seed: 5, numRuns: 2_000 },
    )
  })
})
