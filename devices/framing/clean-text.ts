/** Text of a device on its way out: drug names, alarm texts, identities. */

/** The longest text in any source is a fraction of it. */
const MAX_CHARACTERS = 256

// A line break or a colour code in a drug name would forge a line of a log; a bidi control would show another text.
const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\uFEFF]/gu

/** Word for word, blanks and private-use characters included; what could control a log or a screen becomes U+FFFD. */
export function cleanText(text: string): string {
  const safe = text.slice(0, MAX_CHARACTERS * 2).replaceAll(UNSAFE, '\uFFFD')
  return Array.from(safe).slice(0, MAX_CHARACTERS).join('')
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** What is no UTF-8 becomes U+FFFD; the characters around it stay. */
export function utf8Text(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}
