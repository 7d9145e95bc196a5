/** The vectors of the stream protocols: `test/vectors/<protocol>/<case>/{input.hex,expected.json,SOURCE.md}`. */

import { readdirSync, readFileSync } from 'node:fs'
import { type DecodedLine, decodedLines } from '../../cli/decoded-line.ts'
import { parseHexLines } from '../../cli/hex-text.ts'
import type { DeviceProtocol } from '../../devices/protocol.ts'
import { PROTOCOLS } from '../../devices/registry.ts'

const root = new URL('../vectors/', import.meta.url)

export interface StreamVector {
  readonly name: string
  readonly protocol: DeviceProtocol
  readonly input: Uint8Array
  readonly expected: readonly DecodedLine[]
  readonly source: string
}

export const STREAM_PROTOCOLS = PROTOCOLS.filter(
  ({ link }) => link.kind === 'serial' || link.kind === 'tcp-caller',
)

export function vectorFolders(): readonly string[] {
  return foldersIn('')
}

export function streamVectors(): readonly StreamVector[] {
  const present = new Set(vectorFolders())
  return STREAM_PROTOCOLS.filter(({ id }) => present.has(id)).flatMap((protocol) =>
    foldersIn(protocol.id).map((folder) => readVector(protocol, `${protocol.id}/${folder}`)),
  )
}

export function vectorsOf(protocol: DeviceProtocol): readonly StreamVector[] {
  return streamVectors().filter((vector) => vector.protocol.id === protocol.id)
}

function foldersIn(path: string): readonly string[] {
  return readdirSync(new URL(path, root), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

function readVector(protocol: DeviceProtocol, name: string): StreamVector {
  const read = (file: string): string => readFileSync(new URL(`${name}/${file}`, root), 'utf8')
  return {
    name,
    protocol,
    input: Buffer.concat(parseHexLines(read('input.hex'), `${name}/input.hex`)),
    expected: JSON.parse(read('expected.json')) as readonly DecodedLine[],
    source: read('SOURCE.md'),
  }
}

/** What the protocol makes of these chunks and the end of the line, as `wardgate decode` prints it. */
export function decodeChunks(
  protocol: DeviceProtocol,
  chunks: readonly Uint8Array[],
): readonly DecodedLine[] {
  const driver = protocol.createDecoder?.() ?? protocol.createDriver()
  const outputs = chunks.flatMap((bytes) => driver.receive({ kind: 'bytes', bytes }, 0))
  const last = driver.receive({ kind: 'closed', reason: 'end of vector' }, 0)
  return [...outputs, ...last].flatMap(decodedLines)
}

export function withoutDiscards(lines: readonly DecodedLine[]): readonly DecodedLine[] {
  return lines.filter(({ kind }) => kind !== 'discarded')
}

export function discardedBytes(lines: readonly DecodedLine[]): number {
  return lines.reduce(
    (sum, line) => sum + (line.kind === 'discarded' ? String(line['bytes']).length / 2 : 0),
    0,
  )
}

/** Cut at the given places; empty chunks stay, as a link may deliver them. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const cuts = [0, ...[...places].sort((a, b) => a - b), bytes.length]
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end))
}

/** Reproducible random numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
