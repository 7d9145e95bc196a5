/** Who issued a certificate: one of our issuing CAs, by name and by signature, or nobody that counts here. */

import type { X509Certificate } from 'node:crypto'

export type IssuerFault =
  'self-signed' | 'other-authority' | 'false-signature' | 'sub-authority' | 'issued-by-a-leaf' | 'malformed'

export type IssuerFinding =
  | { readonly kind: 'issued'; readonly issuer: X509Certificate }
  | { readonly kind: 'refused'; readonly reason: IssuerFault }

const LONGEST_CHAIN = 4

/**
 * Certificates are issued directly by an issuing CA (path length 0), so nothing that a peer sends along is ever used to
 * reach one. It is looked at only to name the fault.
 */
export function findIssuer(certificate: X509Certificate, issuers: readonly X509Certificate[]): IssuerFinding {
  const issuer = issuers.find((candidate) => isIssuedBy(certificate, candidate))
  if (issuer !== undefined) return { kind: 'issued', issuer }
  return { kind: 'refused', reason: faultOf(certificate, issuers) }
}

export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && isSignedBy(certificate, issuer)
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey)
  } catch {
    // A key or a signature of a kind that OpenSSL cannot even try.
    return false
  }
}

function faultOf(certificate: X509Certificate, issuers: readonly X509Certificate[]): IssuerFault {
  if (certificate.subject === certificate.issuer && isSignedBy(certificate, certificate)) return 'self-signed'
  // Ours has signed it, yet OpenSSL cannot make sense of it: an extension is damaged.
  if (issuers.some((issuer) => isSignedBy(certificate, issuer))) return 'malformed'
  let above = certificate.issuerCertificate
  for (let depth = 1; depth < LONGEST_CHAIN && above !== undefined; depth += 1) {
    const link = above
    if (issuers.some((issuer) => isIssuedBy(link, issuer)))
      return link.ca ? 'sub-authority' : 'issued-by-a-leaf'
    above = link.issuerCertificate
  }
  return issuers.some(({ subject }) => subject === certificate.issuer) ? 'false-signature' : 'other-authority'
}
