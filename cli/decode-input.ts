/** Where the bytes to decode come from: a file or standard input. */

import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { UsageError, errorCode, errorMessage } from '../gateway/errors.ts'
import { parseHexLines } from './hex-text.ts'

/** Hex text and single values are checked as a whole before anything is printed, so they have a limit. */
const MAX_WHOLE_BYTES = 64 * 1024 * 1024

export interface DecodeInput {
  readonly name: string
  readonly stream: Readable
}

export function openInput(file: string | undefined, standardInput: Readable): DecodeInput {
  if (file === undefined || file === '-') return { name: 'standard input', stream: standardInput }
  return { name: file, stream: createReadStream(file) }
}

/** The bytes as they come; a file of any size passes through. */
export async function* readChunks({ name, stream }: DecodeInput): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) {
      if (chunk instanceof Uint8Array) yield chunk
    }
  } catch (error) {
    throw new UsageError(`cannot read ${name}: ${inputFault(error)}`, {}, error)
  }
}

export async function readWhole(input: DecodeInput): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of readChunks(input)) {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_WHOLE_BYTES)
      throw new UsageError(
        `${input.name} is larger than ${MAX_WHOLE_BYTES / 1024 / 1024} MiB; cut it, or give a capture as raw bytes without --hex`,
      )
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The bytes of each line of hex text. */
export async function readHex(input: DecodeInput): Promise<readonly Uint8Array[]> {
  const text = Buffer.from(await readWhole(input)).toString('latin1')
  return parseHexLines(text, input.name)
}

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
}

function inputFault(error: unknown): string {
  return FAULTS[errorCode(error) ?? ''] ?? errorMessage(error)
}
