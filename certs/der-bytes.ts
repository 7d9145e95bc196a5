/**
 * DER as the bytes that came: elements are cut out, never built again, so that what is verified is what was received.
 * Reading answers undefined for anything that is not whole, in the shortest form and without rest (X.690 10.1).
 */

export interface Element {
  readonly tag: number
  readonly content: Uint8Array
  /** With its header: the exact bytes. */
  readonly whole: Uint8Array
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectId: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  sequence: 0x30,
  set: 0x31,
} as const

const CONSTRUCTED_CONTEXT = 0xa0
const LONG_FORM = 0x80
const MULTI_BYTE_TAG = 0x1f
const LONGEST_LENGTH_BYTES = 3

/** The tag of a context-specific constructed item, as `[0]` of a specification. */
export function contextTag(number: number): number {
  return CONSTRUCTED_CONTEXT | number
}

/** All elements that stand one behind the other, up to the last byte. */
function readElements(bytes: Uint8Array): readonly Element[] | undefined {
  const elements: Element[] = []
  let at = 0
  while (at < bytes.length) {
    const element = readAt(bytes, at)
    if (element === undefined) return undefined
    elements.push(element)
    at += element.whole.length
  }
  return elements
}

/** The one element of these bytes, when it has the tag. */
export function readOne(bytes: Uint8Array, tag: number): Element | undefined {
  const element = readAt(bytes, 0)
  return element?.tag === tag && element.whole.length === bytes.length ? element : undefined
}

/** The items of an element of this tag. */
export function itemsOf(element: Element | undefined, tag: number): readonly Element[] | undefined {
  return element?.tag === tag ? readElements(element.content) : undefined
}

/** The bytes of a BIT STRING of whole octets. */
export function octetsOf(element: Element | undefined): Uint8Array | undefined {
  return element?.tag === TAG.bitString && element.content[0] === 0 ? element.content.subarray(1) : undefined
}

/** An element of this tag around these parts. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Uint8Array.of(tag), lengthBytes(length), ...parts])
}

function readAt(bytes: Uint8Array, start: number): Element | undefined {
  const tag = bytes[start]
  const first = bytes[start + 1]
  if (tag === undefined || first === undefined) return undefined
  if ((tag & MULTI_BYTE_TAG) === MULTI_BYTE_TAG) return undefined
  const extra = first < LONG_FORM ? 0 : first - LONG_FORM
  // 0x80 is the indefinite length of BER.
  if (first === LONG_FORM || extra > LONGEST_LENGTH_BYTES) return undefined
  const length = extra === 0 ? first : numberOf(bytes.subarray(start + 2, start + 2 + extra))
  const from = start + 2 + extra
  const to = from + length
  if (to > bytes.length) return undefined
  if (lengthBytes(length).length !== 1 + extra) return undefined
  return { tag, content: bytes.subarray(from, to), whole: bytes.subarray(start, to) }
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0)
}

function lengthBytes(length: number): Uint8Array {
  if (length < LONG_FORM) return Uint8Array.of(length)
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Uint8Array.of(LONG_FORM | bytes.length, ...bytes)
}
