import { describe, expect, it } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { type DecodedLine, decodedLines } from '../../../../cli/decoded-line.ts'
import { parseHexLines } from '../../../../cli/hex-text.ts'
import { intellivueFcs } from '../../../../devices/intellivue-fcs.ts'
import { intellivueLan } from '../../../../devices/intellivue-lan.ts'
import type { Driver } from '../../../../devices/protocol.ts'

const root = new URL('../../../vectors/', import.meta.url)

const DECODERS: Readonly<Record<string, () => Driver>> = {
  'intellivue-lan': () => intellivueLan.createDecoder?.() ?? intellivueLan.createDriver(),
  'intellivue-fcs': () => intellivueFcs.createDecoder({}),
}

const vectors = Object.keys(DECODERS).flatMap((protocol) =>
  readdirSync(new URL(`${protocol}/`, root)).map((folder) => {
    const read = (file: string): string =>
      readFileSync(new URL(`${protocol}/${folder}/${file}`, root), 'utf8')
    return {
      name: `${protocol}/${folder}`,
      protocol,
      datagrams: parseHexLines(read('input.hex'), folder),
      expected: JSON.parse(read('expected.json')) as readonly DecodedLine[],
      source: read('SOURCE.md'),
    }
  }),
)

function decode(protocol: string, datagrams: readonly Uint8Array[]): readonly DecodedLine[] {
  const decoder = DECODERS[protocol]?.()
  return datagrams
    .flatMap((bytes) => decoder?.receive({ kind: 'bytes', bytes }, 0) ?? [])
    .flatMap(decodedLines)
}

describe.each(vectors)('$name', ({ protocol, datagrams, expected, source }) => {
  it('decodes, one datagram after the other', () => {
    expect(decode(protocol, datagrams)).toEqual(expected)
  })

  it('says where its bytes come from and under which licence', () => {
    expect(source).toMatch(/^# .+/)
    expect(source).toMatch(/^Kind: (captured|documented example|constructed)\.$/m)
    expect(source).toMatch(/^Licence: \S+/m)
  })

  it('gives no reading of a datagram that is cut short or has a byte too many', () => {
    const good = datagrams.filter((bytes) =>
      decode(protocol, [bytes]).every(({ kind }) => kind !== 'discarded'),
    )
    for (const datagram of good) {
      const wrong = Array.from(datagram.keys(), (size) => datagram.subarray(0, size))
      for (const bytes of [...wrong.slice(1), Uint8Array.from([...datagram, 0])])
        expect(decode(protocol, [bytes]).map(({ kind }) => kind)).toEqual(['discarded'])
    }
  })
})
