/** Whose revocation list is this? The signature decides, not the name that is written in it. */

import { verify, type X509Certificate } from 'node:crypto'

interface Value {
  readonly tag: number
  readonly start: number
  readonly contentStart: number
  readonly end: number
}

const SEQUENCE = 0x30
const BIT_STRING = 0x03
const LONG_FORM = 0x80
// Four length octets reach 4 GiB.
const MOST_LENGTH_OCTETS = 4

/** RFC 5280 5.1.1: SEQUENCE { tbsCertList, signatureAlgorithm, signatureValue }, signed with the key of this authority. */
export function isCrlOf(der: Uint8Array, authority: X509Certificate): boolean {
  const list = valueAt(der, 0, der.length)
  if (list?.tag !== SEQUENCE || list.end !== der.length) return false
  const [toBeSigned, algorithm, signature, ...rest] = itemsOf(der, list)
  if (toBeSigned?.tag !== SEQUENCE || algorithm?.tag !== SEQUENCE || signature?.tag !== BIT_STRING)
    return false
  // RFC 5280 5.1.1.2: the algorithm stands inside as well, after the version, so that it is signed.
  const [, signedAlgorithm] = itemsOf(der, toBeSigned)
  if (signedAlgorithm === undefined || !isSame(der, algorithm, signedAlgorithm)) return false
  // The first octet of a BIT STRING counts its unused bits; a signature has none.
  if (rest.length > 0 || der[signature.contentStart] !== 0) return false
  const content = der.subarray(toBeSigned.start, toBeSigned.end)
  return isSigned(content, der.subarray(signature.contentStart + 1, signature.end), authority)
}

function isSigned(content: Uint8Array, signature: Uint8Array, { publicKey }: X509Certificate): boolean {
  try {
    return verify('sha256', content, publicKey, signature)
  } catch {
    // A key that cannot verify (Ed25519 with a digest, a damaged one) has signed nothing here.
    return false
  }
}

/** The items of a constructed value; none when they do not fill it. */
function itemsOf(der: Uint8Array, { contentStart, end }: Value): readonly Value[] {
  const items: Value[] = []
  for (let at = contentStart; at < end;) {
    const item = valueAt(der, at, end)
    if (item === undefined) return []
    items.push(item)
    at = item.end
  }
  return items
}

function isSame(der: Uint8Array, a: Value, b: Value): boolean {
  return Buffer.compare(der.subarray(a.start, a.end), der.subarray(b.start, b.end)) === 0
}

function valueAt(der: Uint8Array, start: number, limit: number): Value | undefined {
  const [tag, first] = der.subarray(start, start + 2)
  if (tag === undefined || first === undefined || first === LONG_FORM) return undefined
  const octets = first < LONG_FORM ? 0 : first & 0x7f
  if (octets > MOST_LENGTH_OCTETS) return undefined
  const contentStart = start + 2 + octets
  const length =
    octets === 0 ? first : der.subarray(start + 2, contentStart).reduce((sum, octet) => sum * 256 + octet, 0)
  const end = contentStart + length
  return end > limit ? undefined : { tag, start, contentStart, end }
}
