/** Error codes of the Attribute Protocol as words; 80-9F belong to the service. */

export const ATT_ERRORS = {
  'invalid-handle': 0x01,
  'read-not-permitted': 0x02,
  'write-not-permitted': 0x03,
  'invalid-pdu': 0x04,
  'insufficient-authentication': 0x05,
  'request-not-supported': 0x06,
  'invalid-offset': 0x07,
  'insufficient-authorization': 0x08,
  'prepare-queue-full': 0x09,
  'attribute-not-found': 0x0a,
  'attribute-not-long': 0x0b,
  'encryption-key-size-too-short': 0x0c,
  'invalid-value-length': 0x0d,
  'unlikely-error': 0x0e,
  'insufficient-encryption': 0x0f,
  'unsupported-group-type': 0x10,
  'insufficient-resources': 0x11,
  'database-out-of-sync': 0x12,
  'value-not-allowed': 0x13,
  'write-request-rejected': 0xfc,
  'cccd-improperly-configured': 0xfd,
  'procedure-already-in-progress': 0xfe,
  'out-of-range': 0xff,
} as const

export type AttError = keyof typeof ATT_ERRORS

const WORDS: ReadonlyMap<number, string> = new Map(
  Object.entries(ATT_ERRORS).map(([word, code]) => [code, word]),
)

export function attErrorWord(code: number): string {
  if (code >= 0x80 && code <= 0x9f) return `application-0x${code.toString(16)}`
  return WORDS.get(code) ?? 'rfu'
}
