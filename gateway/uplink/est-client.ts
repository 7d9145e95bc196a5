/** The client side of EST (RFC 7030): the authorities' certificates, a first certificate by code, the next one by the last. */

import { X509Certificate } from 'node:crypto'
import { readCsr } from '../../certs/csr.ts'
import { identityOfAltNames } from '../../certs/identity-uri.ts'
import { pemBlocks } from '../../certs/pem.ts'
import { readCertificates } from '../../certs/pkcs7.ts'
import type { ClientRole } from '../../certs/profile.ts'
import { publicKeySha256, readPublicKey } from '../../certs/public-key.ts'
import type { ClientMaterial } from './dial.ts'
import { estError, exchange, type EstEndpoint, type EstReply } from './est-exchange.ts'

export interface Authorities {
  /** As the server gave them: those in use first. */
  readonly certificates: readonly X509Certificate[]
  readonly pem: string
}

export interface EnrolRequest extends EstEndpoint {
  /** PEM of the authority that is trusted beforehand. */
  readonly ca: string
  readonly role: ClientRole
  readonly id: string
  readonly code: string
  readonly csrDer: Uint8Array
}

export interface ReenrolRequest extends EstEndpoint {
  /** Of the certificate that is to be renewed. */
  readonly material: ClientMaterial
  /** For the same key or a new one. */
  readonly csrDer: Uint8Array
}

export interface Issued {
  /** Leaf and issuing CA. */
  readonly chainPem: string
  readonly certificate: X509Certificate
  /** What the server trusts now, to be kept in place of what was trusted before. */
  readonly authorities: Authorities
}

export type EnrolAnswer =
  ({ readonly kind: 'issued' } & Issued) | { readonly kind: 'pending'; readonly retryAfterMs: number }

const PKCS7 = 'application/pkcs7-mime'
const PKCS10_HEADERS = { 'content-type': 'application/pkcs10', 'content-transfer-encoding': 'base64' }
const DEFAULT_RETRY_S = 60
const LONGEST_RETRY_S = 3600

/** The certificates of all authorities the server knows (RFC 7030 4.1). Throws UplinkError. */
export async function caCertificates(
  endpoint: EstEndpoint,
  tls: { readonly ca: string; readonly isIssuingOnly?: boolean } | ClientMaterial,
): Promise<Authorities> {
  const reply = await exchange(endpoint, { method: 'GET', operation: 'cacerts', tls })
  const certificates = certificatesOf(endpoint, reply).filter(({ ca }) => ca)
  if (certificates.length === 0) throw estError(endpoint.url, 'est-unusable', 'it names no authority')
  return { certificates, pem: certificates.map(String).join('') }
}

/** A first certificate. The one that comes is proved to be for this key and identity. Throws UplinkError. */
export async function enroll(request: EnrolRequest): Promise<EnrolAnswer> {
  const { ca, role, id, code, csrDer } = request
  const basic = Buffer.from(`${role}/${id}:${code}`).toString('base64')
  const reply = await exchange(request, {
    method: 'POST',
    operation: 'simpleenroll',
    tls: { ca },
    headers: { ...PKCS10_HEADERS, authorization: `Basic ${basic}` },
    body: transferForm(csrDer),
  })
  if (reply.status === 202) return { kind: 'pending', retryAfterMs: retryAfterMs(reply) }
  const certificates = certificatesOf(request, reply)
  const authorities = await caCertificates(request, { ca })
  return { kind: 'issued', ...provenIssue({ request, certificates, authorities, role, id }) }
}

/** The next certificate of the identity that `material` proves. Throws UplinkError. */
export async function reenroll(request: ReenrolRequest): Promise<Issued> {
  const { material, csrDer, url } = request
  const tls = { ca: material.ca, cert: material.cert, key: material.key }
  const reply = await exchange(request, {
    method: 'POST',
    operation: 'simplereenroll',
    tls,
    headers: PKCS10_HEADERS,
    body: transferForm(csrDer),
  })
  const identity = identityOfAltNames(new X509Certificate(material.cert).subjectAltName)
  if (identity === undefined || identity.role === 'server')
    throw estError(url, 'est-unusable', 'the certificate to be renewed is not one of a client')
  const certificates = certificatesOf(request, reply)
  const authorities = await caCertificates(request, tls)
  return provenIssue({ request, certificates, authorities, role: identity.role, id: identity.id })
}

interface Answered {
  readonly request: EstEndpoint & { readonly csrDer: Uint8Array }
  readonly certificates: readonly X509Certificate[]
  readonly authorities: Authorities
  readonly role: ClientRole
  readonly id: string
}

/** The certificate that was asked for, with its chain, or an error: what does not fit is never written anywhere. */
function provenIssue({ request, certificates, authorities, role, id }: Answered): Issued {
  const { url, csrDer } = request
  const claimed = readCsr(csrDer)
  if (claimed.kind === 'refused') throw estError(url, 'est-unusable', `our request: ${claimed.detail}`)
  const ownKey = publicKeySha256(readPublicKey(claimed.publicKeyPem))
  const certificate = certificates.find((each) => !each.ca && publicKeySha256(each.publicKey) === ownKey)
  if (certificate === undefined)
    throw estError(url, 'est-unusable', 'the certificate that came is not for the key it was asked for')
  const identity = identityOfAltNames(certificate.subjectAltName)
  if (identity?.role !== role || identity.id !== id)
    throw estError(url, 'est-unusable', `the certificate that came is not for ${role} '${id}'`)
  const issuing = authorities.certificates.find((each) => isIssuedBy(certificate, each))
  const root = authorities.certificates.find((each) => issuing !== undefined && isIssuedBy(issuing, each))
  if (issuing === undefined || root === undefined || !isIssuedBy(root, root))
    throw estError(url, 'est-unusable', 'the certificate that came is not from the authorities of the server')
  return { chainPem: `${certificate.toString()}${issuing.toString()}`, certificate, authorities }
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function certificatesOf({ url }: EstEndpoint, reply: EstReply): readonly X509Certificate[] {
  if (reply.status === 401)
    throw estError(
      url,
      'est-unauthorised',
      'the code or the certificate was not accepted; the reason is in its log, a new code from `wardgate certs invite`',
    )
  if (reply.status !== 200)
    throw estError(url, 'est-refused', `it answered ${reply.status}; the reason is in its log`)
  if (!reply.contentType.startsWith(PKCS7))
    throw estError(url, 'est-unusable', `it answered with ${reply.contentType.slice(0, 80) || 'no type'}`)
  const der = fromTransferForm(reply.body)
  const bag = der === undefined ? undefined : readCertificates(der)
  if (bag?.kind !== 'read')
    throw estError(url, 'est-unusable', `its certificates: ${bag?.detail ?? 'they are not in base64'}`)
  return bag.certificates
}

/** RFC 8951 3.1: base64 of the DER, without PEM lines; white space says nothing. */
function transferForm(der: Uint8Array): string {
  return `${
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g)
      ?.join('\n') ?? ''
  }\n`
}

function fromTransferForm(text: string): Uint8Array | undefined {
  // The armour is added so that the one strict reader of base64 does the work.
  return pemBlocks(`-----BEGIN PKCS7-----${text}-----END PKCS7-----`)[0]?.der
}

function retryAfterMs({ retryAfter }: EstReply): number {
  const seconds = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) : DEFAULT_RETRY_S
  return Math.min(Math.max(seconds, 1), LONGEST_RETRY_S) * 1000
}
