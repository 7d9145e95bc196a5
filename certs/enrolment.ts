/**
 * Who may have a first certificate: one-time codes, bound to one identity, and the requests that wait for an operator.
 * Every change is made under the lock of the store and is on disk before it counts.
 */

import type { X509Certificate } from 'node:crypto'
import { join } from 'node:path'

import { hashCode, isCode, newCode } from './enrolment-code.ts'
import {
  readInvitations,
  writeInvitations,
  type Approval,
  type Requester,
  type StoredInvitation,
} from './enrolment-file.ts'
import {
  holderOf,
  invitationsOf,
  isForgotten,
  judgeClaim,
  requesterOf,
  whyDead,
  withFailure,
  type ClaimVerdict,
  type RefusedCode,
} from './enrolment-rules.ts'
import { CertificateError } from './errors.ts'
import { isNameTaken, readCertificate, refuseForeignDirectory } from './guarded-file.ts'
import { isIdentityId } from './identity-uri.ts'
import type { ClientRole } from './profile.ts'
import { certificatePath, layoutOfState } from './store-layout.ts'
import { withStoreLock } from './store-lock.ts'

interface Invitee {
  readonly role: ClientRole
  readonly id: string
}

export interface Invitation extends Invitee {
  /** To be shown once; only a hash is kept. */
  readonly code: string
  readonly approval: Approval
  readonly expiresAtMs: number
}

interface InviteRequest extends Invitee {
  readonly nowMs: number
  readonly lifeMs?: number | undefined
  readonly approval?: Approval | undefined
}

type Recognition =
  | ({ readonly kind: 'recognised' } & Invitee)
  /** `holder`: whose code it was, when it was another's. */
  | (RefusedCode & { readonly holder?: Invitee })

interface ClaimRequest extends Invitee {
  readonly publicKeySha256: string
  readonly address: string
  readonly nowMs: number
}

export interface PendingRequest extends Invitee, Omit<Requester, 'expiresAtMs'> {
  readonly expiresAtMs: number
}

export interface Enrolment {
  /** Makes a code; an earlier one of the same identity is void from now on. */
  invite(request: InviteRequest): Invitation
  /** Judges user name and code. A wrong code counts against the identity that was named. */
  recognise(attempt: { readonly user: string; readonly code: string; readonly nowMs: number }): Recognition
  /** Judges the key that a recognised sender has proved to own. */
  claim(request: ClaimRequest): ClaimVerdict
  /** The certificate is out: the code is used up for every other key. */
  settle(request: ClaimRequest & { readonly certificatePem: string }): void
  /** The certificate of this identity as the store keeps it, without its key; whatever it is worth. */
  delivered(invitee: Invitee): X509Certificate | undefined
  /** The requests that wait for an operator. */
  pending(nowMs: number): readonly PendingRequest[]
  /** Throws when no such request waits. */
  decide(invitee: Invitee, decision: 'approved' | 'rejected', nowMs: number): PendingRequest
}

const DEFAULT_CODE_LIFE_MS = 24 * 3_600_000
/** So long the owner of the key may fetch its certificate again, also when the code has ended meanwhile. */
const LOST_ANSWER_MS = 3_600_000
export const LONGEST_CODE_LIFE_MS = 7 * 24 * 3_600_000

export function openEnrolment(stateDir: string): Enrolment {
  const layout = layoutOfState(stateDir)
  const path = join(layout.directory, 'enrolment.json')
  refuseForeignDirectory(
    layout.directory,
    `there is no certificate store in ${stateDir}: make one with \`wardgate certs init --state ${stateDir}\``,
  )
  /** Changes the invitations that `change` answers anew, and forgets those long dead. */
  const changing = <T>(
    nowMs: number,
    change: (all: readonly StoredInvitation[]) => readonly [answer: T, changed: readonly StoredInvitation[]],
  ): T =>
    withStoreLock(layout.lock, () => {
      const all = readInvitations(path)
      const [answer, changed] = change(all)
      const others = all.filter(
        (each) => !isForgotten(each, nowMs) && !changed.some((one) => isSame(one, each)),
      )
      if (changed.length > 0) writeInvitations(path, [...others, ...changed])
      return answer
    })

  return {
    invite(request) {
      refuseBadInvite(request)
      const { role, id, nowMs, lifeMs = DEFAULT_CODE_LIFE_MS, approval = 'code' } = request
      const code = newCode()
      const terms = { role, id, approval, expiresAtMs: nowMs + lifeMs }
      const stored = { ...terms, ...hashCode(code), state: 'open', madeAtMs: nowMs, failedCount: 0 } as const
      return changing(nowMs, () => [{ ...terms, code }, [stored]])
    },
    recognise({ user, code, nowMs }) {
      const all = readInvitations(path)
      const asked = invitationsOf(user, all)
      const holder = holderOf(code, all)
      const found = asked.find((each) => isCode(code, each))
      if (found !== undefined) {
        const dead = whyDead(found, nowMs)
        if (dead !== undefined) return { kind: 'refused', reason: dead }
        return { kind: 'recognised', role: found.role, id: found.id }
      }
      const isCounted = asked.some((each) => withFailure(each) !== each)
      if (isCounted) changing(nowMs, (now) => [undefined, invitationsOf(user, now).map(withFailure)])
      if (holder !== undefined)
        return {
          kind: 'refused',
          reason: 'code-of-another',
          holder: { role: holder.role, id: holder.id },
        }
      return { kind: 'refused', reason: asked.length === 0 ? 'no-code' : 'wrong-code' }
    },
    claim: (request) =>
      changing(request.nowMs, (all) => {
        const invitation = all.find((each) => isSame(each, request))
        const verdict = judgeClaim(invitation, request.publicKeySha256, request.nowMs)
        const isNew = verdict.kind === 'pending' && verdict.isNew
        if (invitation === undefined || !isNew) return [verdict, []]
        const requester = requesterOf(request.publicKeySha256, request.address, request.nowMs)
        return [verdict, [{ ...invitation, state: 'pending', requester }]]
      }),
    settle: ({ certificatePem, ...request }) =>
      changing(request.nowMs, (all) => {
        const invitation = all.find((each) => isSame(each, request))
        if (invitation === undefined || invitation.state === 'used') return [undefined, []]
        const { publicKeySha256, address, nowMs } = request
        const requester = { publicKeySha256, address, atMs: nowMs, expiresAtMs: nowMs + LOST_ANSWER_MS }
        return [undefined, [{ ...invitation, state: 'used', requester, certificatePem }]]
      }),
    delivered({ role, id }) {
      const file = certificatePath(layout, role, id)
      return isNameTaken(file) ? readCertificate(file) : undefined
    },
    pending: (nowMs) => readInvitations(path).flatMap((each) => pendingOf(each, nowMs)),
    decide: (invitee, decision, nowMs) =>
      changing(nowMs, (all) => {
        const invitation = all.find((each) => isSame(each, invitee))
        const [waiting] = invitation === undefined ? [] : pendingOf(invitation, nowMs)
        if (invitation === undefined || waiting === undefined)
          throw new CertificateError(
            `no request of ${invitee.role} '${invitee.id}' waits for approval: \`wardgate certs approve\` lists those that do`,
            { ...invitee },
          )
        return [waiting, [{ ...invitation, state: decision }]]
      }),
  }
}

function refuseBadInvite({ role, id, lifeMs = DEFAULT_CODE_LIFE_MS }: InviteRequest): void {
  if (!isIdentityId(id))
    throw new CertificateError(`'${id}' cannot be an id: use 1 to 32 of the characters a-z, 0-9 and -`, {
      role,
      id,
    })
  if (!(lifeMs > 0 && lifeMs <= LONGEST_CODE_LIFE_MS))
    throw new CertificateError(
      'an enrolment code lives up to 7 days (168h): a code that lies about for longer is found by somebody',
      { role, id },
    )
}

function pendingOf(invitation: StoredInvitation, nowMs: number): readonly PendingRequest[] {
  const { role, id, state, requester } = invitation
  const isWaiting = state === 'pending' && whyDead(invitation, nowMs) === undefined
  return isWaiting && requester !== undefined ? [{ role, id, ...requester }] : []
}

function isSame(a: Invitee, b: Invitee): boolean {
  return a.role === b.role && a.id === b.id
}
