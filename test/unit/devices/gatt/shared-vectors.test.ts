import { describe, expect, it } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { ByteReader } from '../../../../devices/framing/byte-reader.ts'
import { crc16Mcrf4xx } from '../../../../devices/framing/crc16.ts'
import { decodeCharacteristic, type Decoded } from '../../../../devices/gatt/characteristics.ts'
import { acceptsCounter, COUNTER_AT_CONNECT } from '../../../../devices/gatt/e2e.ts'

interface Vector {
  readonly id: string
  readonly characteristic: string
  readonly uuid: string | null
  readonly name: string
  readonly hex: string
  readonly context?: Record<string, never>
  readonly expected: Readonly<Record<string, unknown>>
}

const FOLDER = new URL('../../../vectors/gatt/', import.meta.url)

// Lists of these keys are sets of words; every other list has an order.
const SETS = new Set(['status', 'features', 'measurementStatus', 'deviceStatus', 'changed', 'properties'])

const PURE: Readonly<Record<string, (bytes: Uint8Array) => Decoded>> = {
  'SFLOAT (16-bit, little-endian)': (bytes) => pureFloat(bytes, 'sfloat'),
  'FLOAT (32-bit, little-endian)': (bytes) => pureFloat(bytes, 'float'),
  'E2E-CRC over these octets': (bytes) => {
    const crc = crc16Mcrf4xx(bytes).toString(16).padStart(4, '0')
    return { ok: true, value: { crc, octets: crc.slice(2) + crc.slice(0, 2) } }
  },
  'E2E-Counter: each octet is one received counter, in order': (bytes) => {
    let last = COUNTER_AT_CONNECT
    const accepted = Array.from(bytes, (counter) => {
      const isAccepted = acceptsCounter(last, counter)
      if (isAccepted) last = counter
      return isAccepted
    })
    return { ok: true, value: { accepted } }
  },
}

function pureFloat(bytes: Uint8Array, width: 'sfloat' | 'float'): Decoded {
  const reader = new ByteReader(bytes)
  const value = { ...reader[width]() }
  const reason = reader.finish()
  return reason === undefined ? { ok: true, value } : { ok: false, reason }
}

function decode(vector: Vector): Record<string, unknown> {
  const bytes = Uint8Array.from(Buffer.from(vector.hex, 'hex'))
  const pure = PURE[vector.characteristic]
  const decoded =
    pure === undefined ? decodeCharacteristic(vector.uuid ?? '', bytes, vector.context) : pure(bytes)
  return decoded.ok ? decoded.value : { error: decoded.reason }
}

/** Numbers become a text of twelve digits: a relative tolerance well inside the 1e-9 that the vectors allow. */
function comparable(value: unknown, key = ''): unknown {
  if (typeof value === 'number') return Number(value.toPrecision(12))
  if (Array.isArray(value)) {
    const list = value.map((item) => comparable(item))
    return SETS.has(key) ? list.map(String).sort((a, b) => a.localeCompare(b)) : list
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, comparable(item, name)]))
}

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))
const suites = files.map((file) => {
  const content = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as { vectors: readonly Vector[] }
  return { file, vectors: content.vectors }
})
const count = suites.reduce((sum, { vectors }) => sum + vectors.length, 0)

describe(`the ${count} shared vectors of ${files.length} files`, () => {
  it.each(suites)('$file holds vectors', ({ vectors }) => {
    expect(vectors.length).toBeGreaterThan(0)
  })

  for (const { file, vectors } of suites) {
    it.each(vectors.map((vector) => [vector.id, vector.uuid ?? vector.characteristic, vector.name, vector]))(
      `${file}: %s %s %s`,
      (_id, _uuid, _name, vector) => {
        expect(comparable(decode(vector as Vector))).toEqual(comparable((vector as Vector).expected))
      },
    )
  }
})
