/** Reading revocation lists (RFC 5280 section 5) that may come from anywhere: strict DER of a limited size, or nothing. */

import { verify, type X509Certificate } from 'node:crypto'

import { namingOf } from './certificate-der.ts'
import {
  childrenOf,
  contentOf,
  decode,
  ecdsaWithSha256,
  encode,
  isObjectId,
  isStrictDer,
  smallIntegerOf,
  timeOf,
  type Asn1,
} from './der.ts'
import { pemBlocks } from './pem.ts'

export interface CrlSummary {
  readonly number: number
  readonly thisUpdateMs: number
  readonly nextUpdateMs: number
}

export interface ReadCrl extends CrlSummary {
  readonly pem: string
  /** The issuer's name, the signed part and the signature, as they were in the list. */
  readonly issuer: Uint8Array
  readonly toBeSigned: Uint8Array
  readonly signature: Uint8Array
}

// An entry takes 40 octets: room for 100,000 revoked certificates.
const LARGEST_LIST_BYTES = 4 * 1024 * 1024
// A gateway knows two authorities, a few more after roll-overs.
const MOST_LISTS = 64
const CRL_NUMBER = '2.5.29.20'
const VERSION_2 = 1
const OUR_ALGORITHM = Buffer.from(encode(ecdsaWithSha256()))
const EXTENSIONS_TAG = 0
const SEQUENCE = 16

/** The lists of a crl.pem one by one. Node's TLS reads only the first list of a text: give it this array. */
export function splitCrls(pem: string): string[] {
  return listBlocks(pem).map((block) => block.pem)
}

/** Number and times of each list of a crl.pem; undefined for one that is damaged. */
export function readCrls(pem: string): readonly (CrlSummary | undefined)[] {
  return listBlocks(pem).map((block) => {
    const list = readList(block.pem, block.der)
    return list && { number: list.number, thisUpdateMs: list.thisUpdateMs, nextUpdateMs: list.nextUpdateMs }
  })
}

/** The list that this authority has signed, or undefined when there is none: a damaged or forged one is none. */
export function crlOf(pem: string, authority: X509Certificate): ReadCrl | undefined {
  return crlFinder(pem)(authority)
}

/** The same for several authorities: the text is read once. */
export function crlFinder(pem: string): (authority: X509Certificate) => ReadCrl | undefined {
  const lists = listBlocks(pem).map((block) => readList(block.pem, block.der))
  return (authority) => {
    const name = Buffer.from(encode(namingOf(authority).name))
    return lists.find((list) => list !== undefined && name.equals(list.issuer) && isSignedBy(list, authority))
  }
}

function listBlocks(pem: string) {
  return pemBlocks(pem)
    .filter(({ label }) => label === 'X509 CRL')
    .slice(0, MOST_LISTS)
}

function readList(pem: string, der: Uint8Array): ReadCrl | undefined {
  if (der.length > LARGEST_LIST_BYTES || !isStrictDer(der)) return undefined
  const tree = decode(der)
  const parts = childrenOf(tree)
  const [toBeSigned, algorithm, signature] = parts
  const fields = childrenOf(toBeSigned)
  const [version, innerAlgorithm, issuer, thisUpdate, nextUpdate] = fields
  const thisUpdateMs = timeOf(thisUpdate)
  const nextUpdateMs = timeOf(nextUpdate)
  const number = numberIn(fields.at(-1))
  const bits = bitsOf(signature)
  if (parts.length !== 3 || toBeSigned === undefined || issuer === undefined) return undefined
  if (Number(tree?.type) !== SEQUENCE || smallIntegerOf(version) !== VERSION_2) return undefined
  // What stands outside the signature is held to the one form that it may have.
  if (!isOurAlgorithm(innerAlgorithm) || !isOurAlgorithm(algorithm) || bits[0] !== 0) return undefined
  if (thisUpdateMs === undefined || nextUpdateMs === undefined || number === undefined) return undefined
  return {
    pem,
    number,
    thisUpdateMs,
    nextUpdateMs,
    issuer: encode(issuer),
    toBeSigned: encode(toBeSigned),
    signature: bits.subarray(1),
  }
}

function isSignedBy({ toBeSigned, signature }: ReadCrl, authority: X509Certificate): boolean {
  try {
    return verify('sha256', toBeSigned, authority.publicKey, signature)
  } catch {
    // A signature that OpenSSL cannot even try.
    return false
  }
}

function numberIn(extensions: Asn1 | undefined): number | undefined {
  if (Number(extensions?.type) !== EXTENSIONS_TAG) return undefined
  const items = childrenOf(childrenOf(extensions)[0])
  return items.map(crlNumberOf).find((found) => found !== undefined)
}

function crlNumberOf(extensionItem: Asn1): number | undefined {
  const [oid, content] = childrenOf(extensionItem)
  return isObjectId(oid, CRL_NUMBER) ? smallIntegerOf(decode(contentOf(content))) : undefined
}

function isOurAlgorithm(algorithm: Asn1 | undefined): boolean {
  return algorithm !== undefined && Buffer.from(encode(algorithm)).equals(OUR_ALGORITHM)
}

/** The content of a BIT STRING: an octet that counts the unused bits (a signature has none), and the bits. */
function bitsOf(signature: Asn1 | undefined): Uint8Array {
  if (signature === undefined) return new Uint8Array()
  // Not the tree's own value: the decoder takes a bit string apart that looks like more ASN.1.
  const der = encode(signature)
  const first = der[1] ?? 0
  const headerLength = first < 0x80 ? 2 : 2 + (first & 0x7f)
  return der.subarray(headerLength)
}
