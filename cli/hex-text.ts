/** Hex text as people and captures write it: white space anywhere within a line. */

import { UsageError } from '../gateway/errors.ts'

/** The bytes of each line that holds any; a fault names its line and column. */
export function parseHexLines(text: string, source: string): readonly Uint8Array[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((line, index) => parseHexLine(line, `${source}:${index + 1}`))
    .filter((bytes) => bytes.length > 0)
}

function parseHexLine(line: string, place: string): Uint8Array {
  const fault = /[^0-9A-Fa-f\s]/u.exec(line)
  if (fault !== null)
    throw new UsageError(
      `${place}:${fault.index + 1}: '${fault[0]}' is not a hex digit; leave out --hex when the input is raw bytes`,
    )
  const digits = line.replaceAll(/\s/g, '')
  if (digits.length % 2 !== 0)
    throw new UsageError(
      `${place}:${line.trimEnd().length}: half a byte at the end of the line; write two hex digits for each byte`,
    )
  return Uint8Array.from(Buffer.from(digits, 'hex'))
}
