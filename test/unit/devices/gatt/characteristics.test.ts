import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { readdirSync, readFileSync } from 'node:fs'
import {
  CHARACTERISTIC_UUIDS,
  decodeCharacteristic,
  type GattContext,
} from '../../../../devices/gatt/characteristics.ts'
import { appendCounterAndCrc, appendCrc } from '../../../../devices/gatt/e2e.ts'
import { isCodeWord } from '../../../../devices/gatt/hamming.ts'

interface Vector {
  readonly uuid: string | null
  readonly hex: string
  readonly context?: GattContext
  readonly expected: Readonly<Record<string, unknown>>
}

const SEED = 1808
const FOLDER = new URL('../../../vectors/gatt/', import.meta.url)

const good = readdirSync(FOLDER)
  .flatMap(
    (file) => (JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as { vectors: Vector[] }).vectors,
  )
  .filter((vector) => vector.uuid !== null && !('error' in vector.expected))

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

function decode(uuid: string, hex: string, context?: GattContext): unknown {
  const decoded = decodeCharacteristic(uuid, bytesOf(hex), context)
  return decoded.ok ? decoded.value : decoded.reason
}

function isAccepted({ uuid, context }: Vector, bytes: Uint8Array): boolean {
  return decodeCharacteristic(uuid ?? '', bytes, context).ok
}

// Their values end where the octets end, so a shorter value is another good value.
const OPEN_ENDED = new Set([
  '2803',
  '2A37',
  '2A24',
  '2A25',
  '2A26',
  '2A27',
  '2A28',
  '2A29',
  '2AA7',
  '2AAC',
  '2B27',
  '2B28',
])

describe('any octets at all', () => {
  it.each(CHARACTERISTIC_UUIDS)('%s answers a value or a reason and never throws', (uuid) => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.boolean(),
        fc.constantFrom('spec' as const, 'ccitt-false' as const),
        fc.integer({ min: 0, max: 255 }),
        (bytes, e2e, crc, lastCounter) => {
          const decoded = decodeCharacteristic(uuid, bytes, { e2e, crc, lastCounter })
          expect(decoded.ok ? typeof decoded.value : typeof decoded.reason).toMatch(/object|string/)
        },
      ),
      { seed: SEED, numRuns: 150 },
    )
  })

  it.each(CHARACTERISTIC_UUIDS)('%s under a good counter and CRC never throws', (uuid) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (content) => {
        decodeCharacteristic(uuid, appendCounterAndCrc(content, 1), { e2e: true, lastCounter: 255 })
        decodeCharacteristic(uuid, appendCrc(content), { e2e: true })
      }),
      { seed: SEED, numRuns: 150 },
    )
  })

  it('refuses a characteristic that is not in the table', () => {
    expect(decode('2A6E', '0000')).toBe('unsupported')
    expect(decode('constructor', '0000')).toBe('unsupported')
  })
})

describe('damaged values', () => {
  const closed = good.filter(({ uuid }) => !OPEN_ENDED.has(uuid ?? ''))

  it('refuses every shorter form of a good value, unless its length is open', () => {
    const accepted = closed.flatMap((vector) => {
      const bytes = bytesOf(vector.hex)
      return Array.from(bytes.keys(), (size) => bytes.subarray(0, size)).filter((part) =>
        isAccepted(vector, part),
      )
    })
    expect(accepted).toEqual([])
  })

  it('refuses every longer form of a good value, unless its length is open', () => {
    const accepted = closed.filter((vector) => isAccepted(vector, Uint8Array.of(...bytesOf(vector.hex), 0)))
    expect(accepted).toEqual([])
  })

  it('refuses every single flipped bit of a value with a CRC', () => {
    const withCrc = good.filter(({ context }) => context?.e2e === true)
    expect(withCrc.length).toBeGreaterThan(30)
    const accepted = withCrc.flatMap((vector) => {
      const bytes = bytesOf(vector.hex)
      return Array.from({ length: bytes.length * 8 }, (_, bit) =>
        bytes.map((byte, at) => (at === bit >>> 3 ? byte ^ (1 << (bit & 7)) : byte)),
      ).filter((flipped) => isAccepted(vector, flipped))
    })
    expect(accepted).toEqual([])
  })

  it('checks the CRC before the counter and the counter before the content', () => {
    const prohibited = Uint8Array.of(0x54, 0x96, 0x5a, 0x00, 0x01)
    const decodeAfter = (bytes: Uint8Array): unknown =>
      decodeCharacteristic('2B21', bytes, { e2e: true, lastCounter: 4 })
    expect(decodeAfter(Uint8Array.of(...prohibited, 9, 0, 0))).toEqual({ ok: false, reason: 'bad-crc' })
    expect(decodeAfter(appendCounterAndCrc(prohibited, 9))).toEqual({ ok: false, reason: 'bad-counter' })
    expect(decodeAfter(appendCounterAndCrc(prohibited, 5))).toEqual({ ok: false, reason: 'prohibited-value' })
  })

  it('names a whole value that came without its protection', () => {
    expect(decode('2B21', '55965a0001', { e2e: true, lastCounter: 255 })).toBe('missing-e2e')
    expect(decode('2AA9', 'a005010000', { e2e: true })).toBe('missing-crc')
    expect(decode('2AAC', '1a', { e2e: true })).toBe('missing-crc')
    expect(decode('2B28', 'a903010000000200', { e2e: true })).toBe('missing-e2e')
  })

  it('refuses an unprotected feature value whose CRC field is not FFFF: its protection bit may have been lost', () => {
    expect(decode('2AA8', '0000 00 12 0000')).toBe('bad-crc')
    expect(decode('2B23', '0000 00 6400 020000')).toBe('bad-crc')
  })
})

describe('code words of Insulin Delivery', () => {
  it('are 2047, and 15 of them fit into one octet', () => {
    const words = Array.from({ length: 0x10000 }, (_, word) => word).filter(isCodeWord)
    expect(words).toHaveLength(2047)
    expect(words.filter((word) => word <= 0xff)).toEqual([
      0x0f, 0x33, 0x3c, 0x55, 0x5a, 0x66, 0x69, 0x96, 0x99, 0xa5, 0xaa, 0xc3, 0xcc, 0xf0, 0xff,
    ])
  })

  it('refuse any error of one to three bits in a state', () => {
    for (let flips = 1; flips <= 0xff; flips++) {
      const weight = flips.toString(2).replaceAll('0', '').length
      if (weight > 3) continue
      const state = (0x55 ^ flips).toString(16).padStart(2, '0')
      expect([state, decode('2B21', `${state}965a0001`)]).toEqual([state, 'prohibited-value'])
    }
  })

  it('refuse a reserved word with the structure that holds it', () => {
    expect(decode('2B21', '99965a0001')).toBe('rfu-value')
    expect(decode('2B24', '0303 0c03 0e')).toBe('prohibited-value')
  })
})

describe('dates', () => {
  it.each([
    ['e8070 21d 000000', '2024-02-29T00:00:00'],
    ['e9070 21d 000000', 'invalid-datetime'],
    ['e9070 41f 000000', 'invalid-datetime'],
    ['2d060 101 000000', 'invalid-datetime'],
    ['e9070 101 180000', 'invalid-datetime'],
    ['e9070 101 003c00', 'invalid-datetime'],
    ['e9070 101 00003c', 'invalid-datetime'],
  ])('%s is %s', (hex, expected) => {
    const decoded = decode('2A08', hex)
    expect(typeof decoded === 'string' ? decoded : (decoded as { dateTime: string }).dateTime).toBe(expected)
  })

  it.each([
    ['00000000', false, '1900-01-01T00:00:00'],
    ['ffffffff', false, '2036-02-07T06:28:15'],
    ['7f33cf77', false, '1963-09-12T16:10:39'],
    ['80d70b00', true, '2000-01-09T23:34:24'],
  ])('%s seconds of the epoch (2000: %s) are %s', (seconds, is2000, expected) => {
    const flags = is2000 ? '42' : '02'
    expect(decode('2B35', `${flags} 8f00 ${seconds}`)).toMatchObject({ timestamp: expected })
  })
})

describe('control points', () => {
  it('refuse on 2B25 what belongs on 2B26, and the other way round', () => {
    expect(decode('2B25', 'c30f 00 01 01 b400 0af0')).toBe('unexpected-op-code')
    expect(decode('2B26', '550f cc0f 0f')).toBe('unexpected-op-code')
  })

  it('take a user-facing time as a filter of records, except for CGM', () => {
    const request = '01 03 02 e90701010c0000'
    expect(decode('2A52', request)).toMatchObject({ filter: 'user-facing-time', min: '2025-01-01T12:00:00' })
    expect(decode('2A52', request, { service: 'cgm' })).toBe('invalid-operand')
  })
})
