/** The DER that certificates and CRLs are made of (X.690), over node-forge's ASN.1 tree. */

import { sign, verify, type KeyObject } from 'node:crypto'

import forge from 'node-forge'

import { CertificateError } from './errors.ts'

const { asn1 } = forge
const { Class, Type } = asn1

export { isStrictDer } from './strict-der.ts'

export type Asn1 = forge.asn1.Asn1

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'
const FIRST_GENERALIZED_YEAR = 2050

export function sequence(...items: readonly Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, [...items])
}

export function set(...items: readonly Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SET, true, [...items])
}

export function objectId(oid: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(oid).getBytes())
}

export function boolean(value: boolean): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.BOOLEAN, false, value ? '\u00FF' : '\0')
}

/** A non-negative INTEGER from its big-endian bytes. */
export function integer(bytes: Uint8Array): Asn1 {
  const [first] = bytes
  const positive = first !== undefined && first > 0x7f ? [0, ...bytes] : bytes
  return asn1.create(Class.UNIVERSAL, Type.INTEGER, false, binary(Uint8Array.from(positive)))
}

export function smallInteger(value: number): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.INTEGER, false, asn1.integerToDer(value).getBytes())
}

export function enumerated(value: number): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.ENUMERATED, false, asn1.integerToDer(value).getBytes())
}

export function octetString(content: Uint8Array): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.OCTETSTRING, false, binary(content))
}

export function bitString(content: Uint8Array, unusedBits = 0): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.BITSTRING, false, binary(Uint8Array.of(unusedBits, ...content)))
}

export function utf8String(text: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.UTF8, false, forge.util.encodeUtf8(text))
}

/** The encoder writes two octets for each character. */
export function bmpString(text: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.BMPSTRING, false, text)
}

/** NULL. */
export function nothing(): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.NULL, false, '')
}

/** A context-specific tag around whole items. */
export function explicit(tag: number, ...items: readonly Asn1[]): Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, true, [...items])
}

/** A context-specific tag in place of a primitive's own. */
export function implicit(tag: number, content: Uint8Array): Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, false, binary(content))
}

/** RFC 5280 4.1.2.5: dates through 2049 as UTCTime, from 2050 as GeneralizedTime, both in whole seconds of UTC. */
export function time(epochMs: number): Asn1 {
  const date = new Date(epochMs)
  return date.getUTCFullYear() < FIRST_GENERALIZED_YEAR
    ? asn1.create(Class.UNIVERSAL, Type.UTCTIME, false, asn1.dateToUtcTime(date))
    : asn1.create(Class.UNIVERSAL, Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date))
}

export function encode(tree: Asn1): Uint8Array {
  return Buffer.from(asn1.toDer(tree).getBytes(), 'latin1')
}

/** The tree, or undefined when the bytes are not one whole DER value. */
export function decode(der: Uint8Array): Asn1 | undefined {
  try {
    return asn1.fromDer(binary(der))
  } catch {
    return undefined
  }
}

/** The items of a constructed value; none for a primitive. */
export function childrenOf(tree: Asn1 | undefined): readonly Asn1[] {
  return tree === undefined || typeof tree.value === 'string' ? [] : tree.value
}

/** Milliseconds of a UTCTime or GeneralizedTime, or undefined for anything else. */
export function timeOf(tree: Asn1 | undefined): number | undefined {
  if (tree === undefined || typeof tree.value !== 'string' || tree.tagClass !== Class.UNIVERSAL)
    return undefined
  if (tree.type === Type.UTCTIME && /^\d{12}Z$/.test(tree.value))
    return asn1.utcTimeToDate(tree.value).getTime()
  if (tree.type === Type.GENERALIZEDTIME && /^\d{14}Z$/.test(tree.value))
    return asn1.generalizedTimeToDate(tree.value).getTime()
  return undefined
}

/** The content bytes of a primitive value; none for a constructed one. */
export function contentOf(tree: Asn1 | undefined): Uint8Array {
  return tree === undefined || typeof tree.value !== 'string'
    ? new Uint8Array()
    : Buffer.from(tree.value, 'latin1')
}

/** The number of a non-negative INTEGER of at most 48 bits, or undefined. */
export function smallIntegerOf(tree: Asn1 | undefined): number | undefined {
  const content = Buffer.from(contentOf(tree))
  if (tree?.type !== Type.INTEGER || tree.tagClass !== Class.UNIVERSAL) return undefined
  if (content.length === 0 || content.length > 6) return undefined
  return content.readUInt8(0) > 0x7f ? undefined : content.readUIntBE(0, content.length)
}

export function isAnyObjectId(tree: Asn1 | undefined): boolean {
  return tree?.type === Type.OID && tree.tagClass === Class.UNIVERSAL
}

/** True for an OBJECT IDENTIFIER of this value. */
export function isObjectId(tree: Asn1 | undefined, oid: string): boolean {
  return isAnyObjectId(tree) && tree?.value === asn1.oidToDer(oid).getBytes()
}

export function ecdsaWithSha256(): Asn1 {
  // RFC 5758 3.2: the parameters field is absent.
  return sequence(objectId(ECDSA_WITH_SHA256))
}

/** SEQUENCE { toBeSigned, algorithm, signature }: the outer form of certificates and CRLs. */
export function signed(toBeSigned: Asn1, privateKey: KeyObject, publicKey: KeyObject): Uint8Array {
  const content = encode(toBeSigned)
  const signature = sign('sha256', content, privateKey)
  if (!verify('sha256', content, publicKey, signature))
    throw new CertificateError('the signature just made does not verify: the CA key and certificate differ')
  return encode(sequence(toBeSigned, ecdsaWithSha256(), bitString(signature)))
}

function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
