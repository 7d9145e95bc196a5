/**
 * What the conformance kit examines: one protocol or capture format with its vectors,
 * `<root>/<id>/<case>/{input.hex,expected.json,SOURCE.md,context.json?}` and, beside the cases, an optional `kit.json`.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DecodedLine } from '../../../cli/decoded-line.ts'
import { parseHexLines } from '../../../cli/hex-text.ts'
import type { CaptureFormat, DeviceProtocol, Driver } from '../../../devices/protocol.ts'

export interface VectorCase {
  readonly name: string
  /** The messages of input.hex, one a line. */
  readonly lines: readonly Uint8Array[]
  readonly bytes: Uint8Array
  readonly context: Readonly<Record<string, unknown>>
  readonly expected: readonly DecodedLine[]
  readonly source: string
}

/** What the kit must know about a format and cannot see: `kit.json`. The strict answer is the default of each. */
interface Traits {
  /** `stream`: any cut of the bytes gives the same output. `messages`: each line of input.hex is one whole message. */
  readonly input: 'stream' | 'messages'
  /** `none`: the format has no check at all, so that random bytes may look like a reading. */
  readonly check: 'exact' | 'none'
  /** `changes`: a value that is the same as before is not told again at once. */
  readonly tells: 'each' | 'changes'
  /** The most that a driver may hold back of bytes it does not yet understand. */
  readonly retainedBytes: number
}

export interface Subject extends Traits {
  readonly id: string
  readonly cases: readonly VectorCase[]
  /** Absent for a capture format, which is only ever decoded. */
  readonly protocol?: DeviceProtocol
  createDecoder(context: Readonly<Record<string, unknown>>): Driver
}

const TRAITS: Traits = { input: 'stream', check: 'exact', tells: 'each', retainedBytes: 2048 }

/** Values of GATT have vectors of their own form: they are no bytes on a line. */
export function isLine({ link }: DeviceProtocol): boolean {
  return link.kind !== 'gatt'
}

/** `folder` holds the cases, one folder each. */
export function protocolSubject(protocol: DeviceProtocol, folder: string): Subject {
  return {
    ...TRAITS,
    input: protocol.link.kind === 'udp' ? 'messages' : 'stream',
    ...readTraits(folder),
    id: protocol.id,
    protocol,
    cases: readCases(folder, protocol.id),
    createDecoder: () => protocol.createDecoder?.() ?? protocol.createDriver(),
  }
}

export function formatSubject(format: CaptureFormat, folder: string): Subject {
  return {
    ...TRAITS,
    input: 'messages',
    ...readTraits(folder),
    id: format.id,
    cases: readCases(folder, format.id),
    createDecoder: (context) => format.createDecoder(context),
  }
}

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  input: ['stream', 'messages'],
  check: ['exact', 'none'],
  tells: ['each', 'changes'],
}

function readTraits(folder: string): Partial<Traits> {
  const path = join(folder, 'kit.json')
  if (!existsSync(path)) return {}
  const traits = readObject(path)
  for (const [key, value] of Object.entries(traits)) {
    const isKnown = key === 'retainedBytes' ? Number.isInteger(value) : CHOICES[key]?.includes(String(value))
    if (isKnown !== true) throw new Error(`${path}: '${key}' cannot be ${JSON.stringify(value)}`)
  }
  return traits
}

function readCases(folder: string, id: string): readonly VectorCase[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => readCase(join(folder, name), `${id}/${name}`))
}

function readCase(folder: string, name: string): VectorCase {
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
  const lines = parseHexLines(read('input.hex'), join(folder, 'input.hex'))
  const contextPath = join(folder, 'context.json')
  return {
    name,
    lines,
    bytes: Buffer.concat(lines),
    context: existsSync(contextPath) ? readObject(contextPath) : {},
    expected: JSON.parse(read('expected.json')) as readonly DecodedLine[],
    source: read('SOURCE.md'),
  }
}

function readObject(path: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${path}: a JSON object is expected`)
  return { ...value }
}
