/**
 * A message of the slow MEDIBUS protocol: `ESC code argument sum CR` asks, `SOH code data sum CR` answers. The sum is
 * that of everything before it, as two upper-case hex digits.
 */

import { asciiText } from '../framing/text-line.ts'

export const ESC = 0x1b
export const SOH = 0x01
export const CR = 0x0d

export const MAX_ARGUMENT_BYTES = 251
export const MAX_DATA_BYTES = 3840
/** Start, code, sum and CR. */
export const EMPTY_BYTES = 5

type MessageKind = 'command' | 'response'

export interface Message {
  readonly kind: MessageKind
  readonly code: number
  readonly data: string
}

const STARTS: Readonly<Record<MessageKind, number>> = { command: ESC, response: SOH }

export function encodeMessage({ kind, code, data }: Message): Uint8Array {
  const body = [STARTS[kind], code, ...Array.from(data, (letter) => letter.charCodeAt(0) & 0x7f)]
  return Uint8Array.from([...body, ...sumDigits(body), CR])
}

/** `bytes` begin with ESC or SOH and end before the CR; undefined when the sum is not theirs. */
export function decodeMessage(bytes: Uint8Array): Message | undefined {
  const end = bytes.length - 2
  const code = bytes[1]
  if (end < 2 || code === undefined) return undefined
  const [high, low] = sumDigits(bytes.subarray(0, end))
  if (bytes[end] !== high || bytes[end + 1] !== low) return undefined
  return {
    kind: bytes[0] === ESC ? 'command' : 'response',
    code,
    data: asciiText(bytes.subarray(2, end)),
  }
}

/** The whole message of these bytes, from start to CR. */
export function decodeWhole(bytes: Uint8Array): Message | undefined {
  const first = bytes[0]
  if ((first !== ESC && first !== SOH) || bytes.at(-1) !== CR) return undefined
  return decodeMessage(bytes.subarray(0, -1))
}

function sumDigits(bytes: Iterable<number>): readonly [number, number] {
  let sum = 0
  for (const byte of bytes) sum += byte
  return [hexDigit((sum >>> 4) & 0x0f), hexDigit(sum & 0x0f)]
}

function hexDigit(value: number): number {
  return '0123456789ABCDEF'.charCodeAt(value)
}
