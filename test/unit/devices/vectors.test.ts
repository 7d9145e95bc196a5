import { describe, expect, it } from '@jest/globals'
import { CAPTURE_FORMATS, PROTOCOLS } from '../../../devices/registry.ts'
import {
  cutAt,
  decodeChunks,
  seededRandom,
  streamVectors,
  vectorFolders,
  withoutDiscards,
} from '../../support/stream-vectors.ts'

// Values of GATT and ATT are not streams: their vectors are lists with tests of their own.
const VALUE_FOLDERS = ['att', 'gatt']

describe('the vectors', () => {
  it('exist for every protocol and format of the registry that is not read as values, and for nothing else', () => {
    const protocols = PROTOCOLS.filter(({ link }) => link.kind !== 'gatt')
    const ids = [...protocols, ...CAPTURE_FORMATS].map(({ id }) => id)
    expect(vectorFolders()).toEqual([...ids, ...VALUE_FOLDERS].sort())
  })

  it.each(streamVectors())('$name says where its bytes come from and under which licence', ({ source }) => {
    expect(source).toMatch(/^# .+/)
    expect(source).toMatch(/^Kind: (captured|documented example|constructed)\.$/m)
    expect(source).toMatch(/^Licence: \S+/m)
  })
})

describe.each(streamVectors())('$name', ({ protocol, input, expected }) => {
  it('decodes whole', () => {
    expect(decodeChunks(protocol, [input])).toEqual(expected)
  })

  it('decodes byte by byte', () => {
    expect(decodeChunks(protocol, cutAt(input, [...input.keys()]))).toEqual(expected)
  })

  it.each([1, 2, 3, 4, 5])('decodes in random pieces (seed %i)', (seed) => {
    const random = seededRandom(seed)
    const places = Array.from({ length: 12 }, () => Math.floor(random() * input.length))
    expect(decodeChunks(protocol, cutAt(input, places))).toEqual(expected)
  })

  it.each([1, 2, 3])('gives the same readings after noise (seed %i)', (seed) => {
    const random = seededRandom(seed)
    const noise = Uint8Array.from({ length: 97 }, () => Math.floor(random() * 256))
    expect(withoutDiscards(decodeChunks(protocol, [noise, input]))).toEqual(withoutDiscards(expected))
  })

  it('gives no more and no other readings when cut short anywhere', () => {
    const readings = withoutDiscards(expected)
    for (let size = 0; size < input.length; size += 1) {
      const cut = withoutDiscards(decodeChunks(protocol, [input.subarray(0, size)]))
      expect(cut).toEqual(readings.slice(0, cut.length))
    }
  })
})
