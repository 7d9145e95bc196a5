/** What each driver is given to read: its vectors without faults, in the pieces in which a line delivers bytes. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseHexLines } from '../cli/hex-text.ts'
import type { CaptureFormat, DeviceProtocol, Driver, LinkEvent } from '../devices/protocol.ts'

export interface BenchInput {
  readonly id: string
  readonly events: readonly LinkEvent[]
  readonly frames: number
  readonly sizeBytes: number
  readonly createDriver: () => Driver
}

const VECTOR_ROOT = join(process.cwd(), 'test', 'vectors')
/** What a serial port hands on at once. */
const PIECE_BYTES = 64
/** Short vectors are repeated, so that the measuring costs nothing. */
const MIN_BYTES = 8192

/** Frames that do not each end in an output of their own. */
const FRAME_BYTES: Readonly<Record<string, number>> = { 'contec-v7': 9, 'contec-5byte': 5 }

export function benchInputs(
  protocols: readonly DeviceProtocol[],
  formats: readonly CaptureFormat[],
): readonly BenchInput[] {
  return [
    ...protocols.map((protocol) =>
      protocol.link.kind === 'gatt' ? gattInput(protocol) : lineInput(protocol),
    ),
    ...formats.map(formatInput),
  ].filter(({ frames }) => frames > 0)
}

function lineInput(protocol: DeviceProtocol): BenchInput {
  const createDriver = (): Driver => protocol.createDecoder?.() ?? protocol.createDriver()
  const messages = cleanMessages(protocol.id)
  return protocol.link.kind === 'udp'
    ? messageInput(protocol.id, messages, createDriver)
    : streamInput(protocol.id, messages, createDriver)
}

function formatInput(format: CaptureFormat): BenchInput {
  return messageInput(format.id, cleanMessages(format.id), () => format.createDecoder(contextOf(format.id)))
}

function streamInput(id: string, messages: readonly Uint8Array[], createDriver: () => Driver): BenchInput {
  const once = Buffer.concat(messages)
  const repeats = once.length === 0 ? 0 : Math.ceil(MIN_BYTES / once.length)
  const bytes = Buffer.concat(Array.from({ length: repeats }, () => once))
  const events = Array.from({ length: Math.ceil(bytes.length / PIECE_BYTES) }, (_, index): LinkEvent => ({
    kind: 'bytes',
    bytes: Uint8Array.from(bytes.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES)),
  }))
  const frameBytes = FRAME_BYTES[id]
  const frames = frameBytes === undefined ? countUnits(bytes, createDriver()) : bytes.length / frameBytes
  return { id, events, frames, sizeBytes: bytes.length, createDriver }
}

/** How many bytes ended something that was understood. */
function countUnits(bytes: Uint8Array, driver: Driver): number {
  let units = 0
  for (const byte of bytes) {
    const outputs = driver.receive({ kind: 'bytes', bytes: Uint8Array.of(byte) }, 0)
    if (outputs.some(({ kind }) => kind !== 'discarded')) units += 1
  }
  return units
}

function messageInput(id: string, messages: readonly Uint8Array[], createDriver: () => Driver): BenchInput {
  const events = messages.map((bytes): LinkEvent => ({ kind: 'bytes', bytes }))
  return { id, events, frames: messages.length, sizeBytes: sizeOf(messages), createDriver }
}

function gattInput(protocol: DeviceProtocol): BenchInput {
  const asked = new Set(protocol.sends.flatMap((rule) => (rule.kind === 'send' ? [] : [rule.characteristic])))
  const values = gattValues().filter(({ characteristic }) => asked.has(characteristic))
  return {
    id: protocol.id,
    events: values.map(({ characteristic, bytes }) => ({
      kind: 'value',
      characteristic,
      via: 'notification',
      bytes,
    })),
    frames: values.length,
    sizeBytes: sizeOf(values.map(({ bytes }) => bytes)),
    createDriver: () => {
      const driver = protocol.createDriver()
      driver.receive({ kind: 'opened', characteristics: [...asked] }, 0)
      return driver
    },
  }
}

function sizeOf(messages: readonly Uint8Array[]): number {
  return messages.reduce((sum, { length }) => sum + length, 0)
}

function foldersOf(id: string): readonly string[] {
  const folder = join(VECTOR_ROOT, id)
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name))
}

function cleanMessages(id: string): readonly Uint8Array[] {
  return foldersOf(id)
    .filter((folder) => !readFileSync(join(folder, 'expected.json'), 'utf8').includes('"discarded"'))
    .flatMap((folder) => parseHexLines(readFileSync(join(folder, 'input.hex'), 'utf8'), folder))
}

function contextOf(id: string): Readonly<Record<string, unknown>> {
  const path = foldersOf(id)
    .map((folder) => join(folder, 'context.json'))
    .find((candidate) => existsSync(candidate))
  return path === undefined
    ? {}
    : (JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, unknown>>)
}

interface Value {
  readonly characteristic: string
  readonly bytes: Uint8Array
}

function gattValues(): readonly Value[] {
  const folder = join(VECTOR_ROOT, 'gatt')
  return readdirSync(folder).flatMap((file) => {
    const { vectors } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
      readonly vectors: readonly { readonly uuid?: string | null; readonly hex?: string }[]
    }
    return vectors.flatMap(({ uuid, hex }) =>
      typeof uuid === 'string' && typeof hex === 'string'
        ? [{ characteristic: uuid, bytes: Uint8Array.from(Buffer.from(hex, 'hex')) }]
        : [],
    )
  })
}
