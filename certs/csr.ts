/** Certificate requests (PKCS #10, RFC 2986): made for our own keys, and read from anyone without trust. */

import { createPublicKey, type KeyObject } from 'node:crypto'

import {
  COMMON_NAME_OID,
  EXTENSION_REQUEST_OID,
  readNames,
  SUBJECT_ALT_NAME_OID,
  URI_TAG,
  type ClaimedNames,
} from './csr-names.ts'
import { isSignedBy, readScheme, signWith } from './csr-signature.ts'
import { contextTag, element, itemsOf, octetsOf, readOne, TAG } from './der-bytes.ts'
import { isStrictDer } from './der.ts'
import { identityUri, type Identity } from './identity-uri.ts'
import { PROFILES } from './profile.ts'
import { spkiOf, whyKeyUnfit } from './public-key.ts'

export interface CsrRequest extends Identity {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

type CsrRefusal =
  | 'too-large'
  | 'not-der'
  | 'malformed'
  | 'wrong-version'
  | 'unusable-key'
  | 'unfit-key'
  | 'weak-signature'
  | 'unknown-signature'
  | 'bad-signature'

export type CsrReading =
  | ({ readonly kind: 'read'; readonly publicKeyPem: string } & ClaimedNames)
  | { readonly kind: 'refused'; readonly reason: CsrRefusal; readonly detail: string }

/** Room for RSA-8192 and a long subject. */
export const LARGEST_CSR_BYTES = 16 * 1024
const VERSION_0 = Uint8Array.of(0)
const WHOLE_OCTETS = Uint8Array.of(0)

/** The DER of a request that names the identity as its certificate will, signed by the key it is for. */
export function buildCsr({ site, role, id, publicKey, privateKey }: CsrRequest): Uint8Array {
  const commonName = sequence(oid(COMMON_NAME_OID), element(TAG.utf8String, Buffer.from(id)))
  const uri = element(URI_TAG, Buffer.from(identityUri({ site, role, id }), 'latin1'))
  const altName = sequence(oid(SUBJECT_ALT_NAME_OID), element(TAG.octetString, sequence(uri)))
  const extensionRequest = sequence(oid(EXTENSION_REQUEST_OID), element(TAG.set, sequence(altName)))
  const content = sequence(
    element(TAG.integer, VERSION_0),
    sequence(element(TAG.set, commonName)),
    spkiOf(publicKey),
    element(contextTag(0), extensionRequest),
  )
  const { identifier, signature } = signWith(privateKey, content)
  return sequence(content, identifier, element(TAG.bitString, WHOLE_OCTETS, signature))
}

/** Reads a request and proves that its sender has the key. Never throws. */
export function readCsr(der: Uint8Array): CsrReading {
  if (der.length > LARGEST_CSR_BYTES)
    return refused('too-large', `${der.length} bytes are more than ${LARGEST_CSR_BYTES}`)
  const outer = readOne(der, TAG.sequence)
  if (outer === undefined || !isStrictDer(der)) return refused('not-der', 'it is not one whole DER value')
  const [content, identifier, signatureBits, ...behind] = itemsOf(outer, TAG.sequence) ?? []
  const [version, subject, keyInfo, attributes, ...rest] = itemsOf(content, TAG.sequence) ?? []
  const signature = octetsOf(signatureBits)
  if (content === undefined || identifier === undefined || signature === undefined || behind.length > 0)
    return refused('malformed', 'it is not content, algorithm and signature (RFC 2986 4.2)')
  if (version?.tag !== TAG.integer || subject === undefined)
    return refused('malformed', 'it has no version and subject (RFC 2986 4.1)')
  if (Buffer.compare(version.content, VERSION_0) !== 0)
    return refused('wrong-version', 'its version is not 0')
  if (keyInfo === undefined || attributes === undefined || rest.length > 0)
    return refused('malformed', 'it has not one public key and attributes (RFC 2986 4.1)')
  const key = readKey(keyInfo.whole)
  if (key === undefined) return refused('unusable-key', 'its public key cannot be read')
  const unfit = whyKeyUnfit(key, PROFILES.device.keys)
  if (unfit !== undefined) return refused('unfit-key', `its public key does not do: ${unfit}`)
  const scheme = readScheme(identifier)
  if (scheme.kind === 'refused') return scheme
  if (!isSignedBy(key, scheme.scheme, content.whole, signature))
    return refused('bad-signature', 'its signature was not made with the key it asks for')
  const names = readNames(subject, attributes)
  if (typeof names === 'string') return refused('malformed', names)
  return { kind: 'read', publicKeyPem: key.export({ type: 'spki', format: 'pem' }).toString(), ...names }
}

/** The key of exactly these bytes: what would be written differently is another encoding of it, and refused. */
function readKey(spki: Uint8Array): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    return Buffer.compare(spkiOf(key), spki) === 0 ? key : undefined
  } catch {
    return undefined
  }
}

function sequence(...items: readonly Uint8Array[]): Uint8Array {
  return element(TAG.sequence, ...items)
}

function oid(content: Uint8Array): Uint8Array {
  return element(TAG.objectId, content)
}

function refused(reason: CsrRefusal, detail: string): CsrReading {
  return { kind: 'refused', reason, detail }
}
