/** What has to be renewed now. A decision alone: it reads no file, signs nothing and asks nobody for the time. */

import { LEAF_ROLES, PROFILES, type CaRole, type LeafRole } from '../../certs/profile.ts'

export interface CertificateHeld {
  readonly kind: 'certificate'
  readonly role: LeafRole
  readonly id: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string
  /** Who can make the next one: the store of this process, the enrolment service of the ward, or nobody. */
  readonly renewedBy: 'store' | 'enrolment' | 'nobody'
}

/** An authority in use; those that were replaced only have to last. */
export interface AuthorityHeld {
  readonly kind: 'authority'
  readonly role: CaRole
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** The key that signs its successor is here. */
  readonly canRenew: boolean
}

interface ListsHeld {
  readonly kind: 'lists'
  readonly isDue: boolean
}

/** Whom this process trusts, where that is asked of the gateway. */
export interface TrustHeld {
  readonly kind: 'trust'
  readonly role: LeafRole
  readonly id: string
  /** Undefined: not since this process began. */
  readonly askedAtMs: number | undefined
}

export type Holding = CertificateHeld | AuthorityHeld | ListsHeld | TrustHeld

export type UpkeepAct =
  | { readonly act: 'renew-authority'; readonly role: CaRole }
  | { readonly act: 'refresh-lists' }
  | { readonly act: 'refresh-trust'; readonly role: LeafRole; readonly id: string }
  | {
      readonly act: 'renew-certificate'
      readonly role: LeafRole
      readonly id: string
      readonly by: 'store' | 'enrolment'
    }

const DAY_MS = 86_400_000
/** A new root is published years before anything hangs on it: a week is soon enough. */
const TRUST_DAYS = 7
/** Every client renews its own certificate within this time, and learns of a new root with it. */
const ROOT_KNOWN_DAYS = 397
const LONGEST_WAIT_DAYS = 30
const RENEW_AFTER_SHARE = 2 / 3
/** A fleet that was enrolled on one day is not renewed in one hour. */
const SPREAD_SHARE = 1 / 20

/** How much life an authority needs: what it issues must not end before its time because the authority does. */
const LIFE_NEEDED_DAYS: Readonly<Record<CaRole, number>> = {
  'issuing-ca': Math.max(...LEAF_ROLES.map((role) => PROFILES[role].longestDays)),
  'root-ca': PROFILES['issuing-ca'].longestDays,
}

/** In the order in which they are to be done: what is issued next comes from the newest authority. */
export function upkeepDue(held: readonly Holding[], nowMs: number): readonly UpkeepAct[] {
  const authorities = held.flatMap((one): readonly UpkeepAct[] =>
    one.kind === 'authority' && one.canRenew && isAuthorityDue(one, held, nowMs)
      ? [{ act: 'renew-authority', role: one.role }]
      : [],
  )
  const lists = held.some((one) => one.kind === 'lists' && one.isDue)
  const certificates = held.flatMap((one): readonly UpkeepAct[] =>
    one.kind === 'certificate' && one.renewedBy !== 'nobody' && isCertificateDue(one, nowMs)
      ? [{ act: 'renew-certificate', role: one.role, id: one.id, by: one.renewedBy }]
      : [],
  )
  const trust = held.flatMap((one): readonly UpkeepAct[] =>
    one.kind === 'trust' && isTrustDue(one, nowMs)
      ? [{ act: 'refresh-trust', role: one.role, id: one.id }]
      : [],
  )
  return [
    ...authorities.sort(rootFirst),
    ...(lists ? [{ act: 'refresh-lists' } as const] : []),
    ...certificates,
    ...trust,
  ]
}

/** After two thirds of its life; a little earlier for some than for others, and for each always at the same moment. */
export function renewAtMs({
  notBeforeMs,
  notAfterMs,
  fingerprint,
}: Pick<CertificateHeld, 'notBeforeMs' | 'notAfterMs' | 'fingerprint'>): number {
  const lifeMs = notAfterMs - notBeforeMs
  const drawn = (Number.parseInt(fingerprint.slice(0, 8), 16) || 0) / 0xffff_ffff
  return notBeforeMs + Math.floor(lifeMs * (RENEW_AFTER_SHARE - SPREAD_SHARE * drawn))
}

/** True when what the authority should issue would end with it instead of living its whole life. */
function isAuthorityShort(
  { role, notAfterMs }: Pick<AuthorityHeld, 'role' | 'notAfterMs'>,
  nowMs: number,
): boolean {
  return notAfterMs - nowMs < LIFE_NEEDED_DAYS[role] * DAY_MS
}

function isAuthorityDue(authority: AuthorityHeld, held: readonly Holding[], nowMs: number): boolean {
  if (!isAuthorityShort(authority, nowMs)) return false
  if (authority.role === 'root-ca') return true
  // The second step of a root's roll-over: nothing hangs on the new root before everyone has had the time to hear of it.
  const isRootNew = held.some(
    (one) =>
      one.kind === 'authority' &&
      one.role === 'root-ca' &&
      nowMs - one.notBeforeMs < ROOT_KNOWN_DAYS * DAY_MS,
  )
  // One that is about to end cannot wait.
  return !isRootNew || authority.notAfterMs - nowMs < LONGEST_WAIT_DAYS * DAY_MS
}

function isCertificateDue(held: CertificateHeld, nowMs: number): boolean {
  // Who holds the authority can put anything right; a service talks only to those whose certificate it can still verify.
  if (held.renewedBy === 'enrolment' && (nowMs < held.notBeforeMs || nowMs > held.notAfterMs)) return false
  // One from the future of this clock is refused by everyone whose clock is right.
  return nowMs < held.notBeforeMs || nowMs >= renewAtMs(held)
}

function isTrustDue({ askedAtMs }: TrustHeld, nowMs: number): boolean {
  return askedAtMs === undefined || nowMs - askedAtMs >= TRUST_DAYS * DAY_MS || nowMs < askedAtMs
}

function rootFirst(a: UpkeepAct, b: UpkeepAct): number {
  return Number(isRoot(b)) - Number(isRoot(a))
}

function isRoot(act: UpkeepAct): boolean {
  return act.act === 'renew-authority' && act.role === 'root-ca'
}
