/** Is this one whole value in the one encoding that DER allows (X.690 sections 8, 10, 11)? Looks only; builds nothing. */

// Certificates nest about ten deep; more is an attack on whoever recurses.
const DEEPEST = 32
const INDEFINITE = 0x80
// Four length octets reach 4 GiB.
const MOST_LENGTH_OCTETS = 4

const TIME_FORMS: Readonly<Record<number, RegExp>> = {
  // X.690 11.8 and 11.7: seconds, Z, and no fraction that ends in a zero.
  23: /^\d{12}Z$/,
  24: /^\d{14}(?:\.\d*[1-9])?Z$/,
}

type Content = (content: Uint8Array) => boolean

// Universal types whose content has a form of its own. Everything else primitive is octets.
const PRIMITIVE_FORMS: ReadonlyMap<number, Content> = new Map<number, Content>([
  [1, (content) => content.length === 1 && (content[0] === 0 || content[0] === 0xff)],
  [2, isMinimalInteger],
  [3, isBitString],
  [5, (content) => content.length === 0],
  [6, isObjectIdentifier],
  [10, isMinimalInteger],
  [13, isObjectIdentifier],
  [23, (content) => isTime(23, content)],
  [24, (content) => isTime(24, content)],
])
const SEQUENCE = 16
const SET = 17
// EXTERNAL, EMBEDDED PDV, SEQUENCE, SET, CHARACTER STRING; all others are primitive in DER (X.690 10.2).
const CONSTRUCTED_TYPES = new Set([8, 11, SEQUENCE, SET, 29])

interface Value {
  readonly isUniversal: boolean
  readonly isConstructed: boolean
  readonly tag: number
  readonly contentStart: number
  readonly end: number
}

export function isStrictDer(der: Uint8Array): boolean {
  const value = valueAt(der, 0, der.length)
  return value !== undefined && value.end === der.length && isStrictValue(der, value, 0)
}

function isStrictValue(der: Uint8Array, value: Value, depth: number): boolean {
  if (depth > DEEPEST) return false
  if (value.isUniversal && value.isConstructed !== CONSTRUCTED_TYPES.has(value.tag)) return false
  if (!value.isConstructed) {
    const form = value.isUniversal ? PRIMITIVE_FORMS.get(value.tag) : undefined
    return form === undefined || form(der.subarray(value.contentStart, value.end))
  }
  return areStrictItems(der, value, depth)
}

function areStrictItems(der: Uint8Array, { isUniversal, tag, contentStart, end }: Value, depth: number) {
  let previous: Uint8Array | undefined
  for (let at = contentStart; at < end;) {
    const item = valueAt(der, at, end)
    if (item === undefined || !isStrictValue(der, item, depth + 1)) return false
    const bytes = der.subarray(at, item.end)
    // X.690 11.6: a SET OF is in ascending order of its encodings; every SET of X.509 and PKCS is a SET OF.
    if (isUniversal && tag === SET && previous !== undefined && Buffer.compare(previous, bytes) > 0)
      return false
    previous = bytes
    at = item.end
  }
  return true
}

/** Tag and length at this place, both in their shortest form, and a content that ends within `limit`. */
function valueAt(der: Uint8Array, start: number, limit: number): Value | undefined {
  const first = der[start]
  if (first === undefined || start >= limit) return undefined
  const tag = first & 0x1f
  // Tag 0 is the end mark of an indefinite length; 31 begins a longer tag, which nothing in X.509 or PKCS has.
  if (tag === 0x1f || first === 0) return undefined
  const length = lengthAt(der, start + 1)
  if (length === undefined) return undefined
  const contentStart = start + 1 + length.octets
  const end = contentStart + length.value
  if (end > limit) return undefined
  return { isUniversal: first >> 6 === 0, isConstructed: (first & 0x20) !== 0, tag, contentStart, end }
}

function lengthAt(
  der: Uint8Array,
  at: number,
): { readonly octets: number; readonly value: number } | undefined {
  const first = der[at]
  if (first === undefined || first === INDEFINITE) return undefined
  if (first < INDEFINITE) return { octets: 1, value: first }
  const count = first & 0x7f
  if (count > MOST_LENGTH_OCTETS || der[at + 1] === 0 || at + count >= der.length) return undefined
  const value = der.subarray(at + 1, at + 1 + count).reduce((sum, octet) => sum * 256 + octet, 0)
  // X.690 10.1: the fewest octets.
  return value < INDEFINITE ? undefined : { octets: 1 + count, value }
}

function isMinimalInteger(content: Uint8Array): boolean {
  const [first, second] = content
  if (first === undefined) return false
  if (second === undefined) return true
  // X.690 8.3.2: the first nine bits are neither all zero nor all one.
  return !(first === 0 && second < 0x80) && !(first === 0xff && second >= 0x80)
}

function isBitString(content: Uint8Array): boolean {
  const [unusedBits] = content
  if (unusedBits === undefined || unusedBits > 7) return false
  if (content.length === 1) return unusedBits === 0
  // X.690 11.2.1: unused bits are zero.
  return ((content.at(-1) ?? 0) & ((1 << unusedBits) - 1)) === 0
}

/** X.690 8.19.2: each number in the fewest octets, and the last one whole. */
function isObjectIdentifier(content: Uint8Array): boolean {
  let isFirstOctet = true
  for (const octet of content) {
    if (isFirstOctet && octet === 0x80) return false
    isFirstOctet = octet < 0x80
  }
  return content.length > 0 && isFirstOctet
}

function isTime(tag: number, content: Uint8Array): boolean {
  return TIME_FORMS[tag]?.test(Buffer.from(content).toString('latin1')) === true
}
