/** MSH-18 and the escapes: from bytes to characters. */

import { utf8Text } from '../framing/clean-text.ts'
import { asciiText } from '../framing/text-line.ts'
import type { Delimiters } from './message.ts'

const ASCII_LIMIT = 0x80
const UNKNOWN = '\uFFFD'

/**
 * Undefined when the bytes cannot be told apart: in a double-byte set a delimiter may be half a character. A set with one
 * byte a character that is not known keeps its ASCII and loses the rest to U+FFFD, which no number holds.
 */
export function decodeCharset(bytes: Uint8Array, name: string): string | undefined {
  const charset = name.trim().toUpperCase()
  if (charset === 'UNICODE UTF-8' || charset === 'UTF-8' || charset === 'UTF8') return utf8Text(bytes)
  if (charset === '8859/1') return asciiText(bytes)
  const isAscii = bytes.every((byte) => byte < ASCII_LIMIT)
  if (isAscii) return asciiText(bytes)
  if (charset !== '' && charset !== 'ASCII' && !/^8859\/\d{1,2}$/.test(charset)) return undefined
  return asciiText(bytes.map((byte) => (byte < ASCII_LIMIT ? byte : 0))).replaceAll('\0', UNKNOWN)
}

/** `\F\ \S\ \T\ \R\ \E\` are the delimiters, `\X..\` bytes, `\H\ \N\` highlighting; what is not known stays as it is. */
export function unescape(text: string, delimiters: Delimiters): string {
  const { escape } = delimiters
  if (escape === undefined || !text.includes(escape)) return text
  const pieces = text.split(escape)
  let plain = ''
  for (const [index, piece] of pieces.entries()) {
    const isCode = index % 2 === 1
    // An escape character without its partner stands for itself.
    if (isCode && index === pieces.length - 1) plain += `${escape}${piece}`
    else plain += isCode ? (codeText(piece, delimiters) ?? `${escape}${piece}${escape}`) : piece
  }
  return plain
}

function codeText(code: string, delimiters: Delimiters): string | undefined {
  const { field, component, subcomponent, repetition, escape } = delimiters
  if (code === 'F') return field
  if (code === 'S') return component
  if (code === 'T') return subcomponent
  if (code === 'R') return repetition
  if (code === 'E') return escape
  if (code === 'H' || code === 'N') return ''
  if (code === '.br') return ' '
  const [, hex] = /^X((?:[0-9A-Fa-f]{2}){1,64})$/.exec(code) ?? []
  return hex?.replaceAll(/../g, (pair) => {
    const byte = Number.parseInt(pair, 16)
    return byte < ASCII_LIMIT ? String.fromCharCode(byte) : UNKNOWN
  })
}
