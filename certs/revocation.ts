/** Certificate revocation lists: CRL v2 (RFC 5280 section 5), one for each authority, both in crl.pem. */

import type { Authority } from './authority.ts'
import { authorityKeyIdentifier, extension, namingOf } from './certificate-der.ts'
import {
  childrenOf,
  contentOf,
  decode,
  ecdsaWithSha256,
  enumerated,
  explicit,
  integer,
  isObjectId,
  sequence,
  signed,
  smallInteger,
  smallIntegerOf,
  time,
  timeOf,
  type Asn1,
} from './der.ts'
import { pemBlocks, toPem } from './pem.ts'
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
}

export interface CrlSummary {
  readonly number: number
  readonly thisUpdateMs: number
  readonly nextUpdateMs: number
}

const CRL_LIFETIME_MS = 30 * 86_400_000
const CRL_NUMBER = '2.5.29.20'
const REASON_CODE = '2.5.29.21'
const VERSION_2 = 1

/** The PEM of the list of one authority. */
export function buildCrl(authority: Authority, { number, nowMs, revoked }: CrlContent): string {
  const naming = namingOf(authority.certificate)
  // RFC 5280 5.1.2.6: with nothing revoked the list of entries is absent, not empty.
  const entries = revoked.length === 0 ? [] : [sequence(...revoked.map(entry))]
  const toBeSigned = sequence(
    smallInteger(VERSION_2),
    ecdsaWithSha256(),
    naming.name,
    time(nowMs - BACKDATE_MS),
    time(nowMs + CRL_LIFETIME_MS),
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

/** The lists of a crl.pem one by one. Node's TLS reads only the first list of a text: give it this array. */
export function splitCrls(pem: string): string[] {
  return pemBlocks(pem).flatMap((block) => (block.label === 'X509 CRL' ? [block.pem] : []))
}

/** True when any list is past half its life, from the future of this clock, or no list at all. */
export function isCrlDue(nowMs: number, pem: string): boolean {
  const lists = readCrls(pem)
  return lists.length === 0 || lists.some((list) => list === undefined || isListDue(nowMs, list))
}

/** Number and times of each list of a crl.pem; undefined for one that is damaged. */
export function readCrls(pem: string): readonly (CrlSummary | undefined)[] {
  return pemBlocks(pem).flatMap((block) => (block.label === 'X509 CRL' ? [summaryOf(block.der)] : []))
}

function isListDue(nowMs: number, { thisUpdateMs, nextUpdateMs }: CrlSummary): boolean {
  // Peers refuse a list from their future as hard as an expired one, so a clock that stepped back makes it due.
  return nowMs < thisUpdateMs || nowMs >= (thisUpdateMs + nextUpdateMs) / 2
}

function summaryOf(der: Uint8Array): CrlSummary | undefined {
  const fields = childrenOf(childrenOf(decode(der))[0])
  const thisUpdateMs = timeOf(fields[3])
  const nextUpdateMs = timeOf(fields[4])
  const extensions = childrenOf(childrenOf(fields.at(-1))[0])
  const number = extensions.map(crlNumberOf).find((found) => found !== undefined)
  if (thisUpdateMs === undefined || nextUpdateMs === undefined || number === undefined) return undefined
  return { number, thisUpdateMs, nextUpdateMs }
}

function crlNumberOf(extensionItem: Asn1): number | undefined {
  const [oid, content] = childrenOf(extensionItem)
  return isObjectId(oid, CRL_NUMBER) ? smallIntegerOf(decode(contentOf(content))) : undefined
}

function entry({ serial, revokedAtMs, reason }: RevokedCertificate): Asn1 {
  const serialAndTime = [integer(Buffer.from(serial, 'hex')), time(revokedAtMs)]
  // RFC 5280 5.3.1: unspecified is said by leaving the reason out.
  if (reason === 'unspecified') return sequence(...serialAndTime)
  const reasonCode = extension(REASON_CODE, 'non-critical', enumerated(REVOCATION_REASONS[reason]))
  return sequence(...serialAndTime, sequence(reasonCode))
}
