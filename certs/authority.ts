/** The authorities: the root vouches for the issuing CA, the issuing CA for everyone else. */

import { generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto'

import { EXTENDED_KEY_USAGE_OIDS, namingOf, toBeSignedCertificate } from './certificate-der.ts'
import { signed } from './der.ts'
import { CertificateError } from './errors.ts'
import { lintPlan } from './lint.ts'
import { toPem } from './pem.ts'
import { planCa, type CertificatePlan, type Validity } from './plan.ts'
import type { CaRole } from './profile.ts'
import { publicKeySha256 } from './public-key.ts'

export interface Authority {
  readonly role: CaRole
  readonly certificatePem: string
  readonly certificate: X509Certificate
  readonly privateKey: KeyObject
}

interface AuthorityRequest {
  readonly site: string
  readonly nowMs: number
}

export function newKeyPair(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
}

export function createRoot({ site, nowMs }: AuthorityRequest): Authority {
  const { publicKey, privateKey } = newKeyPair()
  const plan = planCa({ role: 'root-ca', site, publicKey, nowMs })
  refuseFindings(plan, { ...plan, role: 'root-ca' }, nowMs)
  const pem = toPem('CERTIFICATE', signed(toBeSignedCertificate(plan, undefined), privateKey, publicKey))
  const certificate = new X509Certificate(pem)
  refuseUnsound(certificate, plan, certificate)
  return { role: 'root-ca', certificatePem: pem, certificate, privateKey }
}

export function createIssuing(root: Authority, { site, nowMs }: AuthorityRequest): Authority {
  const { publicKey, privateKey } = newKeyPair()
  const issuer = validityOf(root.certificate)
  const certificatePem = issueCertificate(
    root,
    planCa({ role: 'issuing-ca', site, publicKey, nowMs, issuer }),
    nowMs,
  )
  const certificate = new X509Certificate(certificatePem)
  return { role: 'issuing-ca', certificatePem, certificate, privateKey }
}

/** Lints the plan, signs it, checks what came out with another implementation, and only then hands it over as PEM. */
export function issueCertificate(authority: Authority, plan: CertificatePlan, nowMs: number): string {
  const issuer = { ...validityOf(authority.certificate), role: authority.role }
  refuseFindings(plan, issuer, nowMs)
  const toBeSigned = toBeSignedCertificate(plan, namingOf(authority.certificate))
  const pem = toPem('CERTIFICATE', signed(toBeSigned, authority.privateKey, authority.certificate.publicKey))
  refuseUnsound(new X509Certificate(pem), plan, authority.certificate)
  return pem
}

export function validityOf(certificate: X509Certificate): Validity {
  return { notBeforeMs: Date.parse(certificate.validFrom), notAfterMs: Date.parse(certificate.validTo) }
}

function refuseFindings(
  plan: CertificatePlan,
  issuer: Validity & { readonly role: CaRole },
  nowMs: number,
): void {
  const findings = lintPlan(plan, { issuer, nowMs })
  if (findings.length === 0) return
  throw new CertificateError(
    `no certificate for ${plan.role} '${plan.commonName}': ${findings.map(({ message }) => message).join('; ')}`,
    { role: plan.role, id: plan.commonName, rules: findings.map(({ rule }) => rule).join(',') },
  )
}

function refuseUnsound(certificate: X509Certificate, plan: CertificatePlan, issuer: X509Certificate): void {
  const purposes = plan.extendedKeyUsage.map((usage) => EXTENDED_KEY_USAGE_OIDS[usage])
  const { notBeforeMs, notAfterMs } = validityOf(certificate)
  const checks: Readonly<Record<string, boolean>> = {
    signature: certificate.verify(issuer.publicKey),
    issuer: certificate.checkIssued(issuer),
    ca: certificate.ca === plan.isCa,
    serial: certificate.serialNumber === serialText(plan.serial),
    validity: notBeforeMs === plan.notBeforeMs && notAfterMs === plan.notAfterMs,
    purposes: (certificate.keyUsage ?? []).join(',') === purposes.join(','),
    names:
      altNamesOf(certificate).length === plan.uris.length + plan.dnsNames.length + plan.ipAddresses.length,
    identity: plan.uris.every((uri) => altNamesOf(certificate).includes(`URI:${uri}`)),
    key: publicKeySha256(certificate.publicKey) === publicKeySha256(plan.publicKey),
  }
  const failed = Object.keys(checks).filter((name) => checks[name] !== true)
  if (failed.length > 0)
    throw new CertificateError(
      `the certificate for ${plan.role} '${plan.commonName}' came out wrong (${failed.join(', ')}) and was discarded`,
      { role: plan.role, id: plan.commonName },
    )
}

/** Serials as node:crypto and openssl print them: upper-case hexadecimal. */
function serialText(serial: Uint8Array): string {
  return Buffer.from(serial).toString('hex').toUpperCase()
}

function altNamesOf(certificate: X509Certificate): readonly string[] {
  return certificate.subjectAltName?.split(', ') ?? []
}
