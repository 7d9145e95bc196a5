/** Who holds this certificate: read from the certificate alone, after TLS has verified its chain. */

import type { X509Certificate } from 'node:crypto'
import { identityOfAltNames } from '../../certs/identity-uri.ts'
import type { Clock } from '../clock.ts'
import type { ClientRole, Identity } from '../ports.ts'

// RFC 5280 4.2.1.12
const CLIENT_AUTH_OID = '1.3.6.1.5.5.7.3.2'
const ANY_EXTENDED_KEY_USAGE_OID = '2.5.29.37.0'

const CLIENT_ROLES: readonly ClientRole[] = ['device', 'bedside', 'consumer', 'operator', 'uplink']
const EC_CURVES = new Set(['prime256v1', 'secp384r1'])
const MIN_RSA_BITS = 2048

type IdentityFault =
  | 'is-a-ca'
  | 'not-yet-valid'
  | 'expired'
  | 'weak-key'
  | 'not-for-clients'
  | 'any-key-usage'
  | 'no-identity-uri'
  | 'other-site'
  | 'not-a-client-role'

export type Identification =
  | { readonly kind: 'identified'; readonly identity: Identity }
  | { readonly kind: 'refused'; readonly reason: IdentityFault }

export type Identify = (certificate: X509Certificate) => Identification

/** Identifies clients of one site. A certificate that leaves anything open is refused. */
export function createIdentify(site: string, clock: Clock): Identify {
  return (certificate) => identify(certificate, site, clock.nowMs())
}

export function identify(certificate: X509Certificate, site: string, nowMs: number): Identification {
  const fault = certificateFault(certificate, nowMs)
  if (fault !== undefined) return { kind: 'refused', reason: fault }
  // X.509-SVID 2: exactly one URI; a subject name is for display and decides nothing.
  const parsed = identityOfAltNames(certificate.subjectAltName)
  if (parsed === undefined) return { kind: 'refused', reason: 'no-identity-uri' }
  if (parsed.site !== site) return { kind: 'refused', reason: 'other-site' }
  const role = CLIENT_ROLES.find((candidate) => candidate === parsed.role)
  if (role === undefined) return { kind: 'refused', reason: 'not-a-client-role' }
  return { kind: 'identified', identity: identityOf(certificate, role, parsed.id) }
}

/** The identity of a certificate whose role and id are already known. */
export function identityOf(certificate: X509Certificate, role: ClientRole, id: string): Identity {
  return {
    role,
    id,
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
  }
}

function certificateFault(certificate: X509Certificate, nowMs: number): IdentityFault | undefined {
  if (certificate.ca) return 'is-a-ca'
  // Written so that a date that cannot be read (NaN) refuses too.
  if (!(nowMs >= Date.parse(certificate.validFrom))) return 'not-yet-valid'
  if (!(nowMs <= Date.parse(certificate.validTo))) return 'expired'
  if (!isStrongKey(certificate)) return 'weak-key'
  // Node names the OIDs of the extended key usage `keyUsage`; without that extension it is undefined.
  const usages: readonly string[] = certificate.keyUsage ?? []
  if (usages.includes(ANY_EXTENDED_KEY_USAGE_OID)) return 'any-key-usage'
  if (!usages.includes(CLIENT_AUTH_OID)) return 'not-for-clients'
  return undefined
}

function isStrongKey(certificate: X509Certificate): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey
  if (type === 'ec') return EC_CURVES.has(details?.namedCurve ?? '')
  if (type === 'rsa') return (details?.modulusLength ?? 0) >= MIN_RSA_BITS
  return false
}
