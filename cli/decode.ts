/** `wardgate decode`: captured bytes to JSON lines, offline. Conformance kits drive it. */

import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { Command } from 'commander'
import { decodeAttPdu } from '../devices/framing/att.ts'
import { type Decoded, type GattContext, decodeCharacteristic } from '../devices/gatt/characteristics.ts'
import type { Driver } from '../devices/protocol.ts'
import { CAPTURE_FORMATS, PROTOCOLS, protocolById } from '../devices/registry.ts'
import { UsageError } from '../gateway/errors.ts'
import { parseContext, parseJsonObject } from './decode-context.ts'
import { openInput, readChunks, readHex, readWhole } from './decode-input.ts'
import { type DecodedLine, decodedLines, discardedLine } from './decoded-line.ts'

export interface DecodeRequest {
  readonly protocol: string
  readonly file?: string | undefined
  readonly hex?: boolean
  readonly context?: string
}

export function decodeCommand(): Command {
  return new Command('decode')
    .description('decode captured bytes offline: one JSON object a line, observations and discards')
    .argument('[file]', "the capture; '-' or nothing reads standard input")
    .requiredOption(
      '--protocol <id>',
      "a serial protocol (see 'wardgate protocols'), gatt:<UUID> for a characteristic, or att",
    )
    .option('--hex', 'the input is hex text; for gatt and att one value a line')
    .option(
      '--context <json>',
      'what a GATT or ATT value needs to be known, e.g. {"e2e":true,"lastCounter":4}',
    )
    .action(async (file: string | undefined, options: Omit<DecodeRequest, 'file'>) => {
      await runDecode({ ...options, file }, process.stdin, process.stdout)
    })
}

/** Everything that can be wrong with the request is found before the first line is written. */
export async function runDecode(
  request: DecodeRequest,
  standardInput: Readable,
  output: Writable,
): Promise<void> {
  const decodeValue = valueDecoderOf(request)
  const driver = decodeValue === undefined ? streamDriverOf(request) : undefined
  const input = openInput(request.file, standardInput)
  if (driver !== undefined) {
    const chunks = request.hex === true ? await readHex(input) : readChunks(input)
    await decodeStream(driver, chunks, output)
  } else if (decodeValue !== undefined) {
    const values = request.hex === true ? await readHex(input) : [await readWhole(input)]
    // An empty line of hex is no value, but an empty input is one: that of no bytes.
    const lines = (values.length === 0 ? [new Uint8Array()] : values).map(decodeValue)
    await writeLines(lines, output)
  }
}

type ValueDecoder = (bytes: Uint8Array) => DecodedLine

/** Undefined for what is one stream of bytes, or a stream of datagrams. */
function valueDecoderOf({ protocol, context }: DecodeRequest): ValueDecoder | undefined {
  const [, uuid] = /^gatt:([0-9A-Fa-f]{4})$/.exec(protocol) ?? []
  if (uuid === undefined && protocol !== 'att') {
    if (protocol.startsWith('gatt:'))
      throw new UsageError(`'${protocol}': give the short UUID as four hex digits, e.g. gatt:2A37`)
    return undefined
  }
  const known = context === undefined ? {} : parseContext(context)
  return uuid === undefined ? attDecoder(known) : gattDecoder(uuid.toUpperCase(), known)
}

function gattDecoder(uuid: string, context: GattContext): ValueDecoder {
  return (bytes) =>
    valueLine(bytes, decodeCharacteristic(uuid, bytes, context), (value) => ({
      kind: 'characteristic',
      uuid,
      value,
    }))
}

function attDecoder(context: Readonly<Record<string, unknown>>): ValueDecoder {
  return (bytes) => valueLine(bytes, decodeAttPdu(bytes, context), (value) => ({ kind: 'pdu', value }))
}

function valueLine<Value>(
  bytes: Uint8Array,
  decoded: Exclude<Decoded, { ok: true }> | { readonly ok: true; readonly value: Value },
  toLine: (value: Value) => DecodedLine,
): DecodedLine {
  return decoded.ok ? toLine(decoded.value) : discardedLine({ reason: decoded.reason, bytes })
}

function streamDriverOf({ protocol: id, context }: DecodeRequest): Driver {
  const format = CAPTURE_FORMATS.find((row) => row.id === id)
  if (format !== undefined) return format.createDecoder(context === undefined ? {} : parseJsonObject(context))
  if (context !== undefined)
    throw new UsageError(`--context is for gatt:<UUID>, att and bare records; '${id}' needs none`)
  const protocol = protocolById(id)
  if (protocol?.link.kind === 'gatt')
    throw new UsageError(
      `${id} reads GATT values, not a stream of bytes; decode one value with --protocol gatt:<UUID>`,
    )
  if (protocol !== undefined) return protocol.createDecoder?.() ?? protocol.createDriver()
  const streams = PROTOCOLS.filter(({ link }) => link.kind !== 'gatt')
  const known = [...streams, ...CAPTURE_FORMATS].map((row) => row.id).sort()
  throw new UsageError(`unknown protocol '${id}'; known are ${known.join(', ')}, gatt:<UUID> and att`)
}

async function decodeStream(
  driver: Driver,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  output: Writable,
): Promise<void> {
  // A capture has no clock of its own, and no driver of a stream needs one.
  const atMs = 0
  for await (const bytes of chunks) {
    await writeLines(driver.receive({ kind: 'bytes', bytes }, atMs).flatMap(decodedLines), output)
  }
  await writeLines(
    driver.receive({ kind: 'closed', reason: 'end of input' }, atMs).flatMap(decodedLines),
    output,
  )
}

async function writeLines(lines: readonly DecodedLine[], output: Writable): Promise<void> {
  if (lines.length === 0) return
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  if (!output.write(text)) await once(output, 'drain')
}
