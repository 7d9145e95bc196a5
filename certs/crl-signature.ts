/** Whose revocation list is this? The signature decides, not the name that is written in it. */

import { verify, type X509Certificate } from 'node:crypto'

interface Value {
  readonly start: number
  readonly contentStart: number
  readonly end: number
}

const LONG_FORM = 0x80
// Four length octets reach 4 GiB.
const MOST_LENGTH_OCTETS = 4

/** RFC 5280 5.1.1: SEQUENCE { tbsCertList, signatureAlgorithm, signatureValue }, signed as this authority signs. */
export function isCrlOf(der: Uint8Array, authority: X509Certificate): boolean {
  const list = valueAt(der, 0, der.length)
  if (list === undefined || list.end !== der.length) return false
  const toBeSigned = valueAt(der, list.contentStart, list.end)
  const algorithm = toBeSigned && valueAt(der, toBeSigned.end, list.end)
  const signature = algorithm && valueAt(der, algorithm.end, list.end)
  if (toBeSigned === undefined || signature === undefined || signature.end !== list.end) return false
  // The first octet of a BIT STRING counts its unused bits; a signature has none.
  if (der[signature.contentStart] !== 0) return false
  return isSigned(
    der.subarray(toBeSigned.start, toBeSigned.end),
    der.subarray(signature.contentStart + 1, signature.end),
    authority,
  )
}

function isSigned(content: Uint8Array, signature: Uint8Array, { publicKey }: X509Certificate): boolean {
  try {
    return verify('sha256', content, publicKey, signature)
  } catch {
    // A key that cannot verify (Ed25519 with a digest, a damaged one) has signed nothing here.
    return false
  }
}

function valueAt(der: Uint8Array, start: number, limit: number): Value | undefined {
  const first = der[start + 1]
  if (first === undefined) return undefined
  const octets = first < LONG_FORM ? 0 : first & 0x7f
  if (octets > MOST_LENGTH_OCTETS || first === LONG_FORM) return undefined
  const contentStart = start + 2 + octets
  const length =
    octets === 0 ? first : der.subarray(start + 2, contentStart).reduce((sum, octet) => sum * 256 + octet, 0)
  const end = contentStart + length
  return end > limit ? undefined : { start, contentStart, end }
}
