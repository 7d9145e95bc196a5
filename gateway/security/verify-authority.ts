/** Which CAs may vouch for a peer: checked once, when they are taken into trust, and not for each peer. */

import { X509Certificate } from 'node:crypto'
import { readForm } from '../../certs/certificate-form.ts'
import { pemBlocks } from '../../certs/pem.ts'
import { isKeyFit } from './verify-form.ts'
import { isIssuedBy } from './verify-issuer.ts'

type AuthorityFault =
  | 'unreadable'
  | 'not-a-ca'
  | 'weak-signature'
  | 'weak-key'
  | 'may-not-sign-certificates'
  | 'unknown-critical-extension'
  | 'no-root'

export interface TrustedAuthorities {
  readonly issuing: readonly X509Certificate[]
  readonly refused: readonly { readonly subject: string; readonly reason: AuthorityFault }[]
}

/**
 * The issuing CAs of a trust file, each under a root of the same file. Dates are left to whoever uses them: a CA
 * expires while the gateway runs.
 */
export function readAuthorities(trustPem: string): TrustedAuthorities {
  const all = pemBlocks(trustPem).flatMap(({ label, pem }) =>
    label === 'CERTIFICATE' ? [readCertificate(pem)] : [],
  )
  const roots = all.filter(
    (candidate) =>
      candidate !== undefined && isIssuedBy(candidate, candidate) && ownFault(candidate) === undefined,
  )
  const issuing: X509Certificate[] = []
  const refused: { subject: string; reason: AuthorityFault }[] = []
  for (const certificate of all) {
    if (certificate === undefined) {
      refused.push({ subject: 'unknown', reason: 'unreadable' })
      continue
    }
    if (roots.includes(certificate)) continue
    const isRooted = roots.some((root) => root !== undefined && isIssuedBy(certificate, root))
    const reason = ownFault(certificate) ?? (isRooted ? undefined : 'no-root')
    if (reason === undefined) issuing.push(certificate)
    else refused.push({ subject: certificate.subject.replaceAll('\n', ', '), reason })
  }
  return { issuing, refused }
}

/** When the newest of them begins to be valid: no right clock can stand before it. */
export function birthOf({ issuing }: TrustedAuthorities): number | undefined {
  const births = issuing.map(({ validFrom }) => Date.parse(validFrom)).filter(Number.isFinite)
  return births.length === 0 ? undefined : Math.max(...births)
}

function ownFault(certificate: X509Certificate): AuthorityFault | undefined {
  if (!certificate.ca) return 'not-a-ca'
  const form = readForm(certificate)
  if (form === undefined) return 'unreadable'
  if (form.signature !== 'strong') return 'weak-signature'
  if (!isKeyFit(certificate)) return 'weak-key'
  if (form.keyUsage?.keyCertSign !== true) return 'may-not-sign-certificates'
  return form.hasUnknownCritical ? 'unknown-critical-extension' : undefined
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}
