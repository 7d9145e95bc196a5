/** Texts on the wire: UTF-16BE for labels and alarms, bytes for model names; both padded with zeros. */

const MAX_CHARS = 128

/** Characters that could move a cursor or end a line of a log become spaces. Private-use letters of the vendor stay. */
export function utf16Text(bytes: Uint8Array): string {
  let text = ''
  const end = Math.min(bytes.length - 1, 2 * MAX_CHARS)
  for (let at = 0; at < end; at += 2) {
    const unit = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
    if (unit === 0) break
    text += String.fromCharCode(isControl(unit) ? SPACE : unit)
  }
  return text.replaceAll(/\p{Surrogate}/gu, '?').trimEnd()
}

export function byteText(bytes: Uint8Array): string {
  let text = ''
  for (const octet of bytes.subarray(0, MAX_CHARS)) {
    if (octet === 0) break
    text += String.fromCharCode(octet < SPACE || octet > LAST_PRINTABLE ? REPLACEMENT : octet)
  }
  return text.trimEnd()
}

const SPACE = 0x20
const LAST_PRINTABLE = 0x7e
const REPLACEMENT = 0x3f

function isControl(unit: number): boolean {
  return unit < SPACE || (unit > LAST_PRINTABLE && unit < 0xa0) || unit === 0x2028 || unit === 0x2029
}
