/** What node:crypto has no words for: how a certificate was signed, its key usage, and which extensions are critical. */

import type { X509Certificate } from 'node:crypto'

import forge from 'node-forge'

import { childrenOf, contentOf, decode, isObjectId, type Asn1 } from './der.ts'

export interface CertificateForm {
  /** `other`: an algorithm that is neither relied on nor worth a word of its own. */
  readonly signature: 'strong' | 'sha1' | 'md5' | 'other'
  /** Undefined without the extension. */
  readonly keyUsage: { readonly digitalSignature: boolean; readonly keyCertSign: boolean } | undefined
  readonly hasNameConstraints: boolean
  /** RFC 5280 4.2: a critical extension that is not understood must end in a refusal. */
  readonly hasUnknownCritical: boolean
}

// RFC 5758 3.2 and RFC 8017 A.2.4, with SHA-256, -384 and -512. RSASSA-PSS is left out: its digest hides in parameters,
// and the default is SHA-1.
const SIGNATURES: readonly (readonly [oid: string, kind: CertificateForm['signature']])[] = [
  ['1.2.840.10045.4.3.2', 'strong'],
  ['1.2.840.10045.4.3.3', 'strong'],
  ['1.2.840.10045.4.3.4', 'strong'],
  ['1.2.840.113549.1.1.11', 'strong'],
  ['1.2.840.113549.1.1.12', 'strong'],
  ['1.2.840.113549.1.1.13', 'strong'],
  ['1.2.840.10045.4.1', 'sha1'],
  ['1.2.840.113549.1.1.5', 'sha1'],
  ['1.2.840.113549.1.1.4', 'md5'],
]

const KEY_USAGE = '2.5.29.15'
const NAME_CONSTRAINTS = '2.5.29.30'
/** Key usage, name constraints, alternative name, basic constraints, extended key usage: whoever reads a form checks these. */
const UNDERSTOOD = [KEY_USAGE, NAME_CONSTRAINTS, '2.5.29.17', '2.5.29.19', '2.5.29.37']

// RFC 5280 4.2.1.3: the first bit of a named bit list is the highest of its first octet.
const DIGITAL_SIGNATURE = 0x80
const KEY_CERT_SIGN = 0x04

const { Class } = forge.asn1
const EXTENSIONS_TAG: forge.asn1.Type = 3
const CRITICAL_LENGTH = 3

/** Undefined when the bytes are not DER. A certificate without extensions has none of what they could say. */
export function readForm({ raw }: Pick<X509Certificate, 'raw'>): CertificateForm | undefined {
  const tree = decode(raw)
  if (tree === undefined) return undefined
  const [toBeSigned, algorithm] = childrenOf(tree)
  const wrapper = childrenOf(toBeSigned).find(
    ({ tagClass, type }) => tagClass === Class.CONTEXT_SPECIFIC && type === EXTENSIONS_TAG,
  )
  const extensions = childrenOf(childrenOf(wrapper)[0])
  const [oid] = childrenOf(algorithm)
  return {
    signature: SIGNATURES.find(([known]) => isObjectId(oid, known))?.[1] ?? 'other',
    keyUsage: keyUsageOf(extensions),
    hasNameConstraints: extensions.some((one) => isExtension(one, NAME_CONSTRAINTS)),
    hasUnknownCritical: extensions.some(
      (one) => isCritical(one) && !UNDERSTOOD.some((known) => isExtension(one, known)),
    ),
  }
}

function keyUsageOf(extensions: readonly Asn1[]): CertificateForm['keyUsage'] {
  const found = extensions.find((one) => isExtension(one, KEY_USAGE))
  if (found === undefined) return undefined
  const wrapped = childrenOf(found).at(-1)
  // The first octet of a BIT STRING counts its unused bits.
  const [, bits = 0] = contentOf(wrapped === undefined ? undefined : innerOf(wrapped))
  return { digitalSignature: (bits & DIGITAL_SIGNATURE) !== 0, keyCertSign: (bits & KEY_CERT_SIGN) !== 0 }
}

/** The value in the OCTET STRING of an extension; a reader may have opened it already. */
function innerOf(wrapped: Asn1): Asn1 | undefined {
  const [opened] = childrenOf(wrapped)
  return opened ?? decode(contentOf(wrapped))
}

function isExtension(one: Asn1, oid: string): boolean {
  return isObjectId(childrenOf(one)[0], oid)
}

// Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue }
function isCritical(one: Asn1): boolean {
  const parts = childrenOf(one)
  return parts.length === CRITICAL_LENGTH && (contentOf(parts[1])[0] ?? 0) !== 0
}
