/** The TBSCertificate of a plan (RFC 5280 4.1), extension by extension. */

import type { X509Certificate } from 'node:crypto'

import {
  bitString,
  boolean,
  childrenOf,
  decode,
  ecdsaWithSha256,
  encode,
  explicit,
  implicit,
  integer,
  objectId,
  octetString,
  sequence,
  set,
  smallInteger,
  time,
  utf8String,
  type Asn1,
} from './der.ts'
import { crlUrl } from './crl-address.ts'
import { CertificateError } from './errors.ts'
import { addressBytes } from './host-name.ts'
import type { CertificatePlan } from './plan.ts'
import type { ExtendedKeyUsage, KeyUsage } from './profile.ts'
import { keyIdentifier, spkiOf } from './public-key.ts'

export interface IssuerNaming {
  readonly name: Asn1
  readonly keyIdentifier: Uint8Array
}

const ORGANIZATION_NAME = '2.5.4.10'
const COMMON_NAME = '2.5.4.3'
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14'
const KEY_USAGE = '2.5.29.15'
const SUBJECT_ALT_NAME = '2.5.29.17'
const BASIC_CONSTRAINTS = '2.5.29.19'
const CRL_DISTRIBUTION_POINTS = '2.5.29.31'
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'
const EXTENDED_KEY_USAGE = '2.5.29.37'

const KEY_USAGE_BITS: Readonly<Record<KeyUsage, number>> = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 }
export const EXTENDED_KEY_USAGE_OIDS: Readonly<Record<ExtendedKeyUsage, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
}

// GeneralName ::= CHOICE (RFC 5280 4.2.1.6)
const DNS_NAME_TAG = 2
const URI_TAG = 6
const IP_ADDRESS_TAG = 7

const VERSION_3 = 2
const SUBJECT_POSITION = 5

/** `issuer` is absent for a root, which names itself. */
export function toBeSignedCertificate(plan: CertificatePlan, issuer: IssuerNaming | undefined): Asn1 {
  const subject = sequence(attribute(ORGANIZATION_NAME, plan.site), attribute(COMMON_NAME, plan.commonName))
  return sequence(
    explicit(0, smallInteger(VERSION_3)),
    integer(plan.serial),
    ecdsaWithSha256(),
    issuer?.name ?? subject,
    sequence(time(plan.notBeforeMs), time(plan.notAfterMs)),
    subject,
    subjectPublicKeyInfo(plan),
    explicit(3, sequence(...extensions(plan, issuer))),
  )
}

export function extension(oid: string, criticality: 'critical' | 'non-critical', value: Asn1): Asn1 {
  const content = octetString(encode(value))
  // DER leaves out a value that equals its default, and non-critical is the default.
  return criticality === 'critical'
    ? sequence(objectId(oid), boolean(true), content)
    : sequence(objectId(oid), content)
}

export function authorityKeyIdentifier(issuerKeyIdentifier: Uint8Array): Asn1 {
  return extension(AUTHORITY_KEY_IDENTIFIER, 'non-critical', sequence(implicit(0, issuerKeyIdentifier)))
}

/** How a CA names itself; issuer fields repeat it byte for byte. */
export function namingOf(certificate: X509Certificate): IssuerNaming {
  const [toBeSigned] = childrenOf(decode(certificate.raw))
  const name = childrenOf(toBeSigned)[SUBJECT_POSITION]
  if (name === undefined) throw new CertificateError('the CA certificate has no subject: restore it')
  return { name, keyIdentifier: keyIdentifier(certificate.publicKey) }
}

function extensions(plan: CertificatePlan, issuer: IssuerNaming | undefined): readonly Asn1[] {
  const list = [
    extension(BASIC_CONSTRAINTS, 'critical', basicConstraints(plan)),
    extension(KEY_USAGE, 'critical', keyUsage(plan.keyUsage)),
    extension(SUBJECT_KEY_IDENTIFIER, 'non-critical', octetString(keyIdentifier(plan.publicKey))),
  ]
  const purposes = plan.extendedKeyUsage.map((usage) => objectId(EXTENDED_KEY_USAGE_OIDS[usage]))
  if (purposes.length > 0) list.push(extension(EXTENDED_KEY_USAGE, 'non-critical', sequence(...purposes)))
  const names = altNames(plan)
  if (names.length > 0) list.push(extension(SUBJECT_ALT_NAME, 'non-critical', sequence(...names)))
  if (issuer !== undefined) list.push(authorityKeyIdentifier(issuer.keyIdentifier))
  if (issuer !== undefined && plan.crlHost !== undefined)
    list.push(crlDistributionPoint(crlUrl(plan.crlHost, issuer.keyIdentifier)))
  return list
}

function basicConstraints({ isCa, pathLength }: CertificatePlan): Asn1 {
  if (!isCa) return sequence()
  return pathLength === undefined
    ? sequence(boolean(true))
    : sequence(boolean(true), smallInteger(pathLength))
}

function keyUsage(usages: readonly KeyUsage[]): Asn1 {
  const bits = usages.map((usage) => KEY_USAGE_BITS[usage])
  const octet = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0)
  // X.690 11.2.2: trailing zero bits of a named bit list are left out.
  return bitString(Uint8Array.of(octet), 7 - Math.max(...bits))
}

function altNames({ uris, dnsNames, ipAddresses }: CertificatePlan): readonly Asn1[] {
  return [
    ...uris.map((uri) => implicit(URI_TAG, Buffer.from(uri, 'latin1'))),
    ...dnsNames.map((name) => implicit(DNS_NAME_TAG, Buffer.from(name, 'latin1'))),
    ...ipAddresses.map((address) => implicit(IP_ADDRESS_TAG, addressBytes(address))),
  ]
}

/** RFC 5280 4.2.1.13: one point, whose fullName [0] is one URI. */
function crlDistributionPoint(url: string): Asn1 {
  const fullName = explicit(0, implicit(URI_TAG, Buffer.from(url, 'latin1')))
  const point = sequence(explicit(0, fullName))
  return extension(CRL_DISTRIBUTION_POINTS, 'non-critical', sequence(point))
}

function subjectPublicKeyInfo(plan: CertificatePlan): Asn1 {
  const tree = decode(spkiOf(plan.publicKey))
  if (tree === undefined) throw new CertificateError('the public key cannot be encoded', { role: plan.role })
  return tree
}

function attribute(oid: string, text: string): Asn1 {
  return set(sequence(objectId(oid), utf8String(text)))
}
