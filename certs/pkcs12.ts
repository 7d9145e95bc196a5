/**
 * A key, its certificate and its chain in one file under a passphrase: PKCS #12 (RFC 7292) with AES-256 and SHA-256 only.
 * What a file like this is worth to a thief depends on the passphrase and on how long one guess takes, so both ways to
 * guess, decrypting and checking the MAC, take the same high number of rounds.
 */

import { createCipheriv, createHash, createHmac, pbkdf2Sync, randomBytes, type KeyObject } from 'node:crypto'

import {
  encode,
  explicit,
  implicit,
  nothing,
  objectId,
  octetString,
  sequence,
  set,
  smallInteger,
  bmpString,
  type Asn1,
} from './der.ts'
import { pkcs12MacKey } from './pkcs12-mac-key.ts'

export interface Pkcs12Content {
  /** What whoever opens the file sees as its name. */
  readonly name: string
  readonly key: KeyObject
  /** DER; the first one belongs to the key. */
  readonly certificates: readonly Uint8Array[]
  /** Printable ASCII: programs disagree about how other characters become a key. */
  readonly passphrase: string
}

// OWASP Password Storage Cheat Sheet (2023) for PBKDF2-HMAC-SHA256; NSS reads no file with more.
const PKCS12_ITERATIONS = 600_000
const SALT_BYTES = 16
const VERSION_3 = 3

// RFC 7292 4.1 and appendix D; RFC 2985; RFC 8018 appendix C; RFC 5754 2.2; NIST AES OIDs.
const OIDS = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacWithSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const

export function buildPkcs12({ name, key, certificates, passphrase }: Pkcs12Content): Uint8Array {
  const [own = new Uint8Array()] = certificates
  const localKeyId = createHash('sha256').update(own).digest().subarray(0, 20)
  const ownAttributes = set(
    ...inDerOrder([
      attribute(OIDS.friendlyName, bmpString(name)),
      attribute(OIDS.localKeyId, octetString(localKeyId)),
    ]),
  )
  const certificateBags = certificates.map((der, position) =>
    bag(OIDS.certificateBag, certificateValue(der), position === 0 ? ownAttributes : undefined),
  )
  const privateKey = key.export({ type: 'pkcs8', format: 'der' })
  const keyBag = bag(OIDS.shroudedKeyBag, shrouded(privateKey, passphrase), ownAttributes)
  const safe = encode(
    sequence(
      encryptedContent(encode(sequence(...certificateBags)), passphrase),
      plainContent(encode(sequence(keyBag))),
    ),
  )
  return encode(sequence(smallInteger(VERSION_3), plainContent(safe), macOf(safe, passphrase)))
}

/** ContentInfo of type data. */
function plainContent(content: Uint8Array): Asn1 {
  return sequence(objectId(OIDS.data), explicit(0, octetString(content)))
}

/** ContentInfo of type encryptedData (RFC 2315 13). */
function encryptedContent(content: Uint8Array, passphrase: string): Asn1 {
  const { algorithm, encrypted } = encrypt(content, passphrase)
  const info = sequence(objectId(OIDS.data), algorithm, implicit(0, encrypted))
  return sequence(objectId(OIDS.encryptedData), explicit(0, sequence(smallInteger(0), info)))
}

/** EncryptedPrivateKeyInfo (RFC 5958 3). */
function shrouded(privateKey: Uint8Array, passphrase: string): Asn1 {
  const { algorithm, encrypted } = encrypt(privateKey, passphrase)
  return sequence(algorithm, octetString(encrypted))
}

function bag(oid: string, value: Asn1, attributes: Asn1 | undefined): Asn1 {
  return sequence(objectId(oid), explicit(0, value), ...(attributes === undefined ? [] : [attributes]))
}

function certificateValue(der: Uint8Array): Asn1 {
  return sequence(objectId(OIDS.x509Certificate), explicit(0, octetString(der)))
}

function attribute(oid: string, value: Asn1): Asn1 {
  return sequence(objectId(oid), set(value))
}

/** PBES2 (RFC 8018 6.2): a salt and an initialisation vector of its own for each use. */
function encrypt(
  content: Uint8Array,
  passphrase: string,
): { readonly algorithm: Asn1; readonly encrypted: Uint8Array } {
  const salt = randomBytes(SALT_BYTES)
  const vector = randomBytes(16)
  const key = pbkdf2Sync(passphrase, salt, PKCS12_ITERATIONS, 32, 'sha256')
  const cipher = createCipheriv('aes-256-cbc', key, vector)
  const encrypted = Buffer.concat([cipher.update(content), cipher.final()])
  const derivation = sequence(
    objectId(OIDS.pbkdf2),
    sequence(
      octetString(salt),
      smallInteger(PKCS12_ITERATIONS),
      sequence(objectId(OIDS.hmacWithSha256), nothing()),
    ),
  )
  const scheme = sequence(objectId(OIDS.aes256Cbc), octetString(vector))
  return { algorithm: sequence(objectId(OIDS.pbes2), sequence(derivation, scheme)), encrypted }
}

/** MacData (RFC 7292 4). */
function macOf(safe: Uint8Array, passphrase: string): Asn1 {
  const salt = randomBytes(SALT_BYTES)
  const key = pkcs12MacKey(passphrase, salt, PKCS12_ITERATIONS)
  const mac = createHmac('sha256', key).update(safe).digest()
  const digestInfo = sequence(sequence(objectId(OIDS.sha256), nothing()), octetString(mac))
  return sequence(digestInfo, octetString(salt), smallInteger(PKCS12_ITERATIONS))
}

/** X.690 11.6: a SET OF in the order of its encodings. */
function inDerOrder(items: readonly Asn1[]): readonly Asn1[] {
  return [...items].sort((a, b) => Buffer.compare(encode(a), encode(b)))
}
