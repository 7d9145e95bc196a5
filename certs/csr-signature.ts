/** How certificate requests may be signed, and the proof that the owner of the key signed this one. */

import { sign, verify, constants, type KeyObject } from 'node:crypto'

import { contextTag, element, itemsOf, readOne, TAG, type Element } from './der-bytes.ts'

type Hash = 'sha256' | 'sha384' | 'sha512'

/** What node:crypto needs to verify, once the identifier has been understood. */
interface Scheme {
  readonly keyType: 'ec' | 'rsa'
  readonly hash: Hash
  /** RSASSA-PSS when given; the salt's length in bytes. */
  readonly saltLength?: number
}

export type SchemeReading =
  | { readonly kind: 'read'; readonly scheme: Scheme }
  | {
      readonly kind: 'refused'
      readonly reason: 'weak-signature' | 'unknown-signature'
      readonly detail: string
    }

const NULL = element(TAG.null)

// Content of the OBJECT IDENTIFIERs: RFC 5758 3.2 (ECDSA), RFC 4055 5 (RSA PKCS #1 v1.5).
const ECDSA: Readonly<Record<string, Hash>> = { '2a8648ce3d040302': 'sha256', '2a8648ce3d040303': 'sha384' }
const RSA_PKCS1: Readonly<Record<string, Hash>> = {
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
}
const RSA_PSS = '2a864886f70d01010a'
const MGF1 = '2a864886f70d010108'
const HASHES: Readonly<Record<string, Hash>> = {
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
}
const HASH_BYTES: Readonly<Record<Hash, number>> = { sha256: 32, sha384: 48, sha512: 64 }
const LONGEST_SALT = 1024

const WEAK: Readonly<Record<string, string>> = {
  '2a864886f70d010102': 'RSA with MD2',
  '2a864886f70d010104': 'RSA with MD5',
  '2a864886f70d010105': 'RSA with SHA-1',
  '2a8648ce3d0401': 'ECDSA with SHA-1',
  '2a8648ce380403': 'DSA with SHA-1',
}

export function readScheme(identifier: Element): SchemeReading {
  const [oid, parameters, ...rest] = itemsOf(identifier, TAG.sequence) ?? []
  if (oid?.tag !== TAG.objectId || rest.length > 0) return unknown('its algorithm identifier is malformed')
  const name = hex(oid.content)
  const weak = WEAK[name]
  if (weak !== undefined)
    return {
      kind: 'refused',
      reason: 'weak-signature',
      detail: `it is signed by ${weak}: use SHA-256 or better`,
    }
  const ecdsaHash = ECDSA[name]
  // RFC 5758 3.2: without parameters.
  if (ecdsaHash !== undefined && parameters === undefined) return read({ keyType: 'ec', hash: ecdsaHash })
  const rsaHash = RSA_PKCS1[name]
  if (rsaHash !== undefined && isNullOrAbsent(parameters)) return read({ keyType: 'rsa', hash: rsaHash })
  const pss = name === RSA_PSS ? readPss(parameters) : undefined
  return pss === undefined
    ? unknown('its signature is none of ECDSA, RSA or RSASSA-PSS with SHA-256, SHA-384 (RSA: also SHA-512)')
    : read(pss)
}

/** Never throws: what node:crypto cannot verify is not verified. */
export function isSignedBy(
  key: KeyObject,
  { keyType, hash, saltLength }: Scheme,
  content: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (key.asymmetricKeyType !== keyType) return false
  const pss = saltLength === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
  try {
    return verify(hash, content, { key, ...pss }, signature)
  } catch {
    return false
  }
}

/** The algorithm identifier that fits the key, and the signature by it. */
export function signWith(
  privateKey: KeyObject,
  content: Uint8Array,
): { readonly identifier: Uint8Array; readonly signature: Uint8Array } {
  const isEc = privateKey.asymmetricKeyType === 'ec'
  const hash: Hash = privateKey.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'sha384' : 'sha256'
  const oid = Object.entries(isEc ? ECDSA : RSA_PKCS1).find(([, found]) => found === hash)?.[0] ?? ''
  const name = element(TAG.objectId, Buffer.from(oid, 'hex'))
  return {
    identifier: element(TAG.sequence, name, ...(isEc ? [] : [NULL])),
    signature: sign(hash, content, privateKey),
  }
}

/** RFC 4055 3.1. The defaults are SHA-1, so hash and mask generation have to be said, and have to agree. */
function readPss(parameters: Element | undefined): Scheme | undefined {
  const fields = itemsOf(parameters, TAG.sequence) ?? []
  if (fields.some(({ tag }, index) => tag !== contextTag(index)) || fields.length !== 3) return undefined
  const [hashField, maskField, saltField] = fields
  const hash = readHash(inner(hashField))
  const [maskOid, maskHash, ...rest] = itemsOf(inner(maskField), TAG.sequence) ?? []
  const salt = inner(saltField)
  if (hash === undefined || salt?.tag !== TAG.integer || salt.content.length > 2 || rest.length > 0)
    return undefined
  if (maskOid?.tag !== TAG.objectId || hex(maskOid.content) !== MGF1 || readHash(maskHash) !== hash)
    return undefined
  const saltLength = Number.parseInt(hex(salt.content), 16)
  return saltLength >= HASH_BYTES[hash] && saltLength <= LONGEST_SALT
    ? { keyType: 'rsa', hash, saltLength }
    : undefined
}

function readHash(identifier: Element | undefined): Hash | undefined {
  const [oid, parameters, ...rest] = itemsOf(identifier, TAG.sequence) ?? []
  if (oid?.tag !== TAG.objectId || rest.length > 0 || !isNullOrAbsent(parameters)) return undefined
  return HASHES[hex(oid.content)]
}

/** The one item of an explicitly tagged field. */
function inner(field: Element | undefined): Element | undefined {
  const content = field?.content
  return content === undefined ? undefined : readOne(content, content[0] ?? 0)
}

// RFC 4055 2.1: NULL is written, absence is accepted.
function isNullOrAbsent(parameters: Element | undefined): boolean {
  return parameters === undefined || Buffer.compare(parameters.whole, NULL) === 0
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function read(scheme: Scheme): SchemeReading {
  return { kind: 'read', scheme }
}

function unknown(detail: string): SchemeReading {
  return { kind: 'refused', reason: 'unknown-signature', detail }
}
