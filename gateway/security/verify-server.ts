/** The certificate of a gateway of ours, judged without OpenSSL's dates; its name is checked by whoever dialled it. */

import type { X509Certificate } from 'node:crypto'
import type { IdentityFault } from './identify.ts'
import { readAuthorities } from './verify-authority.ts'
import { dateFault } from './verify-dates.ts'
import { constraintFault, formFault } from './verify-form.ts'
import { findIssuer } from './verify-issuer.ts'

export function serverFault(
  certificate: X509Certificate,
  trustPem: string,
  nowMs: number,
): IdentityFault | undefined {
  const found = findIssuer(certificate, readAuthorities(trustPem).issuing)
  if (found.kind === 'refused') return found.reason
  return (
    formFault(certificate, 'server') ??
    dateFault(certificate, nowMs) ??
    (dateFault(found.issuer, nowMs) === undefined ? undefined : 'authority-expired') ??
    constraintFault(found.issuer) ??
    constraintFault(certificate)
  )
}
