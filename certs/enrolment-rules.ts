/** What becomes of a code that is presented: pure decisions over one invitation. */

import { isCode } from './enrolment-code.ts'
import type { Requester, StoredInvitation } from './enrolment-file.ts'
import { isIdentityId } from './identity-uri.ts'

export type CodeRefusal =
  | 'no-code'
  | 'wrong-code'
  | 'code-of-another'
  | 'code-expired'
  | 'code-void'
  | 'code-used'
  | 'rejected'
  | 'other-key'

export interface RefusedCode {
  readonly kind: 'refused'
  readonly reason: CodeRefusal
}

export type ClaimVerdict =
  /** A certificate may be made for this key. */
  | { readonly kind: 'authorised' }
  /** The certificate is out: the same key may have it again. */
  | { readonly kind: 'repeat'; readonly certificatePem: string }
  | { readonly kind: 'pending'; readonly isNew: boolean }
  | RefusedCode

const MOST_FAILURES = 10
const DAY_MS = 86_400_000
const REQUEST_LIFE_MS = 7 * DAY_MS
/** So long a dead code is remembered, to say why it is refused. */
const MEMORY_MS = 30 * DAY_MS

/** The invitations a user name can mean: `<id>`, or `<role>/<id>`. */
export function invitationsOf(
  user: string,
  invitations: readonly StoredInvitation[],
): readonly StoredInvitation[] {
  const [roleOrId = '', id, ...rest] = user.split('/')
  if (rest.length > 0 || !isIdentityId(id ?? roleOrId)) return []
  return id === undefined
    ? invitations.filter((each) => each.id === roleOrId)
    : invitations.filter((each) => each.role === roleOrId && each.id === id)
}

/** Whose code this is, among all. */
export function holderOf(
  code: string,
  invitations: readonly StoredInvitation[],
): StoredInvitation | undefined {
  return invitations.find((each) => isCode(code, each))
}

/** One more wrong code against this invitation; the tenth voids it. */
export function withFailure(invitation: StoredInvitation): StoredInvitation {
  if (!['open', 'pending', 'approved'].includes(invitation.state)) return invitation
  const failedCount = invitation.failedCount + 1
  return { ...invitation, failedCount, state: failedCount >= MOST_FAILURES ? 'void' : invitation.state }
}

/** Why the right code is good no more, or undefined. */
export function whyDead(invitation: StoredInvitation, nowMs: number): CodeRefusal | undefined {
  if (invitation.state === 'void') return 'code-void'
  if (invitation.state === 'rejected') return 'rejected'
  return nowMs < endOf(invitation) ? undefined : 'code-expired'
}

export function judgeClaim(
  invitation: StoredInvitation | undefined,
  publicKeySha256: string,
  nowMs: number,
): ClaimVerdict {
  if (invitation === undefined) return { kind: 'refused', reason: 'no-code' }
  const dead = whyDead(invitation, nowMs)
  if (dead !== undefined) return { kind: 'refused', reason: dead }
  const { state, approval, requester, certificatePem } = invitation
  const isSameKey = requester?.publicKeySha256 === publicKeySha256
  if (state === 'used')
    return isSameKey && certificatePem !== undefined
      ? { kind: 'repeat', certificatePem }
      : { kind: 'refused', reason: 'code-used' }
  if (state === 'open') return approval === 'code' ? { kind: 'authorised' } : { kind: 'pending', isNew: true }
  if (!isSameKey) return { kind: 'refused', reason: 'other-key' }
  return state === 'approved' ? { kind: 'authorised' } : { kind: 'pending', isNew: false }
}

/** When nothing can come of it any more: a request outlives the code it came with. */
function endOf({ expiresAtMs, requester }: StoredInvitation): number {
  return Math.max(expiresAtMs, requester?.expiresAtMs ?? 0)
}

export function isForgotten(invitation: StoredInvitation, nowMs: number): boolean {
  return nowMs >= endOf(invitation) + MEMORY_MS
}

/** A request waits for its operator longer than its code lives. */
export function requesterOf(publicKeySha256: string, address: string, nowMs: number): Requester {
  return { publicKeySha256, address, atMs: nowMs, expiresAtMs: nowMs + REQUEST_LIFE_MS }
}
