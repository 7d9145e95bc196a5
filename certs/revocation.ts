/** Certificate revocation lists: CRL v2 (RFC 5280 section 5), one for each authority, all in crl.pem. */

import { validityOf, type Authority } from './authority.ts'
import { authorityKeyIdentifier, extension, namingOf } from './certificate-der.ts'
import type { CrlSummary } from './crl-reading.ts'
import {
  ecdsaWithSha256,
  enumerated,
  explicit,
  integer,
  sequence,
  signed,
  smallInteger,
  time,
  type Asn1,
} from './der.ts'
import { toPem } from './pem.ts'
import { BACKDATE_MS } from './plan.ts'

// RFC 5280 5.3.1. certificateHold is left out: what was revoked stays revoked.
export const REVOCATION_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const
export type RevocationReason = keyof typeof REVOCATION_REASONS

export interface RevokedCertificate {
  /** Hexadecimal, as node:crypto prints it. */
  readonly serial: string
  readonly revokedAtMs: number
  readonly reason: RevocationReason
}

export interface CrlContent {
  readonly number: number
  readonly nowMs: number
  readonly revoked: readonly RevokedCertificate[]
  readonly lifetimeMs: number
}

const DAY_MS = 86_400_000
export const CRL_LIFETIME_MS = 30 * DAY_MS
/**
 * The list of a root that is kept offline says one thing: which issuing CAs are revoked, which happens hardly ever. A
 * list that ends locks everyone out, so it outlives two yearly visits to the medium: one may be missed.
 */
export const OFFLINE_CRL_LIFETIME_MS = 730 * DAY_MS
const CRL_NUMBER = '2.5.29.20'
const REASON_CODE = '2.5.29.21'
const VERSION_2 = 1

/** The PEM of the list of one authority. */
export function buildCrl(authority: Authority, content: CrlContent): string {
  const { number, nowMs, revoked, lifetimeMs } = content
  const naming = namingOf(authority.certificate)
  // Beyond the end of its authority nobody could verify it.
  const nextUpdateMs = Math.min(nowMs + lifetimeMs, validityOf(authority.certificate).notAfterMs)
  // RFC 5280 5.1.2.6: with nothing revoked the list of entries is absent, not empty.
  const entries = revoked.length === 0 ? [] : [sequence(...revoked.map(entry))]
  const toBeSigned = sequence(
    smallInteger(VERSION_2),
    ecdsaWithSha256(),
    naming.name,
    time(nowMs - BACKDATE_MS),
    time(nextUpdateMs),
    ...entries,
    explicit(
      0,
      sequence(
        authorityKeyIdentifier(naming.keyIdentifier),
        extension(CRL_NUMBER, 'non-critical', smallInteger(number)),
      ),
    ),
  )
  return toPem('X509 CRL', signed(toBeSigned, authority.privateKey, authority.certificate.publicKey))
}

/** True when the list is past half its life, or from the future of this clock. */
export function isListDue(
  { thisUpdateMs, nextUpdateMs }: Pick<CrlSummary, 'thisUpdateMs' | 'nextUpdateMs'>,
  nowMs: number,
): boolean {
  // Peers refuse a list from their future as hard as an expired one, so a clock that stepped back makes it due.
  return nowMs < thisUpdateMs || nowMs >= listRenewalMs({ thisUpdateMs, nextUpdateMs })
}

export function listRenewalMs({
  thisUpdateMs,
  nextUpdateMs,
}: Pick<CrlSummary, 'thisUpdateMs' | 'nextUpdateMs'>): number {
  return (thisUpdateMs + nextUpdateMs) / 2
}

function entry({ serial, revokedAtMs, reason }: RevokedCertificate): Asn1 {
  const serialAndTime = [integer(Buffer.from(serial, 'hex')), time(revokedAtMs)]
  // RFC 5280 5.3.1: unspecified is said by leaving the reason out.
  if (reason === 'unspecified') return sequence(...serialAndTime)
  const reasonCode = extension(REASON_CODE, 'non-critical', enumerated(REVOCATION_REASONS[reason]))
  return sequence(...serialAndTime, sequence(reasonCode))
}
