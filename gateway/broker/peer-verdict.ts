/**
 * May this peer come in? Two have looked at its certificate, OpenSSL and identify.ts, and both must agree. The one
 * exception: while the clock is known to be wrong, OpenSSL's complaints about dates do not count.
 */

import type { Identity } from '../ports.ts'
import type { Identification } from '../security/identify.ts'
import type { TrustedTime } from '../security/trusted-time.ts'

export interface PeerQuestion {
  /** Undefined when the peer has shown no certificate. */
  readonly identification: Identification | undefined
  /** OpenSSL found nothing wrong. */
  readonly isAuthorized: boolean
  /** What OpenSSL found wrong last. */
  readonly tlsFault: string | undefined
  readonly clock: TrustedTime['standing']
}

export type PeerVerdict =
  | { readonly kind: 'admitted'; readonly identity: Identity }
  | { readonly kind: 'refused'; readonly reason: string }

/** OpenSSL looks at these after everything else but name constraints, so none of them hides another error of weight. */
const ABOUT_DATES = new Set([
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_HAS_EXPIRED',
])

export function judgePeer({ identification, isAuthorized, tlsFault, clock }: PeerQuestion): PeerVerdict {
  if (identification === undefined) return { kind: 'refused', reason: 'no-certificate' }
  if (identification.kind === 'refused') return identification
  const { identity, issuer } = identification
  if (isAuthorized) return { kind: 'admitted', identity }
  // Only a certificate whose whole chain was verified here does without OpenSSL's word on the dates.
  const isExcused =
    clock === 'implausible' && issuer !== undefined && tlsFault !== undefined && ABOUT_DATES.has(tlsFault)
  if (isExcused) return { kind: 'admitted', identity }
  return { kind: 'refused', reason: tlsFault ?? 'not-verified' }
}
