/**
 * Who holds this certificate, and may it be believed? Everything that OpenSSL has verified is verified once more here, by
 * the trusted time instead of the wall clock, and each fault has a word of its own for the audit.
 */

import type { X509Certificate } from 'node:crypto'
import type { ClientRole, Identity } from '../ports.ts'
import type { TrustedTime } from './trusted-time.ts'
import { dateFault, type DateFault } from './verify-dates.ts'
import { constraintFault, formFault, type FormFault } from './verify-form.ts'
import { findIssuer, type IssuerFault } from './verify-issuer.ts'
import { namesOf, type NameFault } from './verify-names.ts'

export type IdentityFault =
  | IssuerFault
  | FormFault
  | DateFault
  | NameFault
  | 'authority-expired'
  | 'revoked'
  /** The index of the store cannot be read. */
  | 'revocation-unknown'

export type Identification =
  | {
      readonly kind: 'identified'
      readonly identity: Identity
      /** The issuing CA under which it was verified here; without it only OpenSSL vouches for the chain. */
      readonly issuer?: string
    }
  | { readonly kind: 'refused'; readonly reason: IdentityFault }

/** Also for listeners where a certificate is optional: whoever shows one is judged the same way everywhere. */
export type Identify = (certificate: X509Certificate) => Identification

export interface IdentifyOptions {
  readonly site: string
  readonly time: Pick<TrustedTime, 'nowMs'>
  /** The issuing CAs in trust, as verify-authority.ts has checked them; asked at each question, since they roll over. */
  readonly issuers: () => readonly X509Certificate[]
  /** SHA-256 of a certificate in lower-case hexadecimal. */
  readonly isRevoked: (fingerprint: string) => boolean
}

/** Identifies clients of one site. A certificate that leaves anything open is refused. */
export function createIdentify({ site, time, issuers, isRevoked }: IdentifyOptions): Identify {
  return (certificate) => {
    const found = findIssuer(certificate, issuers())
    if (found.kind === 'refused') return found
    const nowMs = time.nowMs()
    // From here on the bytes are those that our own authority has signed.
    const reason =
      (isRevoked(fingerprintOf(certificate)) ? 'revoked' : undefined) ??
      formFault(certificate, 'client') ??
      dateFault(certificate, nowMs) ??
      (dateFault(found.issuer, nowMs) === undefined ? undefined : 'authority-expired') ??
      constraintFault(found.issuer) ??
      constraintFault(certificate)
    if (reason !== undefined) return { kind: 'refused', reason }
    const named = namesOf(certificate, site)
    if (named.kind === 'refused') return named
    const issuer = fingerprintOf(found.issuer)
    const identity = { ...identityOf(certificate, named.role, named.id), issuerFingerprint: issuer }
    return { kind: 'identified', identity, issuer }
  }
}

/** The identity of a certificate whose role and id are already known. */
export function identityOf(certificate: X509Certificate, role: ClientRole, id: string): Identity {
  return {
    role,
    id,
    fingerprint: fingerprintOf(certificate),
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
  }
}

function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}
