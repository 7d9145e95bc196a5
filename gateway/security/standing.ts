/** May an identity that TLS has proved be here now? Asked at every new session and, of the open ones, at every sweep. Pure. */

import type { Identity } from '../ports.ts'

export type Standing =
  | 'good'
  | 'certificate-revoked'
  | 'certificate-expired'
  /** Of a person without a certificate. */
  | 'log-in-expired'
  /** Who is revoked cannot be read: nobody new is admitted, nobody is ended. */
  | 'revocation-unknown'

export type StandingOf = (identity: Identity) => Standing

export interface StandingFacts {
  readonly revocation: 'not-revoked' | 'revoked' | 'unknown'
  readonly nowMs: number
  /** On a clock that cannot be right no certificate is judged by its dates. */
  readonly clock: 'trusted' | 'implausible'
}

export function standingOf(
  { notBeforeMs, notAfterMs }: Identity,
  { revocation, nowMs, clock }: StandingFacts,
): Standing {
  if (revocation === 'revoked') return 'certificate-revoked'
  if (clock === 'trusted' && !(nowMs <= notAfterMs))
    return notBeforeMs === undefined ? 'log-in-expired' : 'certificate-expired'
  return revocation === 'unknown' ? 'revocation-unknown' : 'good'
}

/** Why an open session of this standing ends, or undefined when it may go on. */
export function endingOf(standing: Standing): string | undefined {
  return standing === 'good' || standing === 'revocation-unknown' ? undefined : standing
}
