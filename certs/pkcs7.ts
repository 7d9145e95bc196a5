/** Certificates-only PKCS#7 (RFC 5652 5.1, as RFC 7030 4.1.3 uses it): a bag of certificates that nobody signed. */

import { X509Certificate } from 'node:crypto'

import { contextTag, element, itemsOf, readOne, TAG } from './der-bytes.ts'

export type BagReading =
  | { readonly kind: 'read'; readonly certificates: readonly X509Certificate[] }
  | { readonly kind: 'refused'; readonly detail: string }

// 1.2.840.113549.1.7.2 and .1
const SIGNED_DATA = Buffer.from('06092a864886f70d010702', 'hex')
const DATA = Buffer.from('06092a864886f70d010701', 'hex')
const VERSION_1 = element(TAG.integer, Uint8Array.of(1))
const CONTENT = contextTag(0)

const LARGEST_BAG_BYTES = 128 * 1024
const MOST_CERTIFICATES = 32

/** In this order; a set has none, and readers must not rely on it. */
export function packCertificates(certificates: readonly X509Certificate[]): Uint8Array {
  const signedData = element(
    TAG.sequence,
    VERSION_1,
    element(TAG.set),
    element(TAG.sequence, DATA),
    element(CONTENT, ...certificates.map(({ raw }) => raw)),
    element(TAG.set),
  )
  return element(TAG.sequence, SIGNED_DATA, element(CONTENT, signedData))
}

/** Never throws. What the certificates are worth is for the caller to decide. */
export function readCertificates(der: Uint8Array): BagReading {
  if (der.length > LARGEST_BAG_BYTES) return refused(`${der.length} bytes are more than ${LARGEST_BAG_BYTES}`)
  const [type, content, ...rest] = itemsOf(readOne(der, TAG.sequence), TAG.sequence) ?? []
  if (type === undefined || !isSame(type.whole, SIGNED_DATA) || content === undefined || rest.length > 0)
    return refused('it is not a PKCS#7 of signed data')
  const [signedData] = itemsOf(content, CONTENT) ?? []
  const fields = itemsOf(signedData, TAG.sequence) ?? []
  const bag = itemsOf(
    fields.find(({ tag }) => tag === CONTENT),
    CONTENT,
  )
  if (bag === undefined || bag.length === 0) return refused('there is no certificate in it')
  if (bag.length > MOST_CERTIFICATES) return refused(`it holds more than ${MOST_CERTIFICATES} certificates`)
  try {
    return { kind: 'read', certificates: bag.map(({ whole }) => new X509Certificate(whole)) }
  } catch {
    return refused('one of its certificates cannot be read')
  }
}

function isSame(bytes: Uint8Array, expected: Uint8Array): boolean {
  return Buffer.compare(bytes, expected) === 0
}

function refused(detail: string): BagReading {
  return { kind: 'refused', detail }
}
