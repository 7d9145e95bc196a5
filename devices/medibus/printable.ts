const FIRST_PRINTABLE = 0x20
const LAST_PRINTABLE = 0x7e

/** A control character in a text of the device would forge lines in a log. */
export function printable(text: string): string {
  return Array.from(text, (letter) => {
    const code = letter.charCodeAt(0)
    return code < FIRST_PRINTABLE || code > LAST_PRINTABLE ? ' ' : letter
  }).join('')
}
