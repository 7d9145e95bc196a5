/** From an authorised request to a certificate: which one is out already, and who has had enough. */

import { X509Certificate } from 'node:crypto'
import type { ClaimVerdict } from '../../certs/enrolment-rules.ts'
import { CertificateError } from '../../certs/errors.ts'
import type { ClientRole } from '../../certs/profile.ts'
import { publicKeySha256 } from '../../certs/public-key.ts'
import type { CertificateStore } from '../../certs/store.ts'

export type EstStore = Pick<CertificateStore, 'site' | 'list' | 'authorities' | 'certify'>

export interface IssueRefusal {
  readonly kind: 'refused'
  readonly reason: 'already-certified' | 'code-used' | 'too-often' | 'not-certifiable'
  readonly detail?: string
  readonly retryAfterMs?: number
}

export type IssueAnswer =
  | {
      readonly kind: 'issued'
      readonly certificate: X509Certificate
      /** False when it was out already, and is only given again. */
      readonly isNew: boolean
    }
  | IssueRefusal

interface KeyOfIdentity {
  readonly role: ClientRole
  readonly id: string
  readonly publicKeyPem: string
  readonly publicKeySha256: string
  readonly nowMs: number
}

export interface FirstRequest extends KeyOfIdentity {
  readonly verdict: Extract<ClaimVerdict, { kind: 'authorised' | 'repeat' }>
  /** The certificate of this identity that is on disk. */
  readonly out: X509Certificate | undefined
}

/** Renewal is due once in months: more than this in a day is a fault or worse, and each one has to be revocable. */
const MOST_A_DAY = 4
const DAY_MS = 86_400_000
const RETRY_MS = 3_600_000

export function createIssuer(store: EstStore) {
  const validOf = (role: ClientRole, id: string, nowMs: number) =>
    store
      .list(nowMs)
      .filter((row) => row.role === role && row.id === id && ['valid', 'not-yet-valid'].includes(row.status))

  return {
    /** A crash or a lost answer left the certificate here and not with its owner: the same key gets it again. */
    first({
      role,
      id,
      publicKeyPem,
      publicKeySha256: sha256,
      nowMs,
      verdict,
      out,
    }: FirstRequest): IssueAnswer {
      const valid = validOf(role, id, nowMs)
      const again = verdict.kind === 'repeat' ? new X509Certificate(verdict.certificatePem) : out
      const isForKey = again !== undefined && publicKeySha256(again.publicKey) === sha256
      if (isForKey && valid.some(({ serial }) => serial === again.serialNumber))
        return { kind: 'issued', certificate: again, isNew: false }
      if (verdict.kind === 'repeat')
        return { kind: 'refused', reason: 'code-used', detail: 'its certificate is no longer valid' }
      const [held] = valid
      if (held !== undefined)
        return {
          kind: 'refused',
          reason: 'already-certified',
          detail: `serial ${held.serial}; revoke it first`,
        }
      return certified(id, () => store.certify({ role, id, publicKeyPem, nowMs }))
    },
    next({ role, id, publicKeyPem, nowMs }: KeyOfIdentity): IssueAnswer {
      const today = validOf(role, id, nowMs).filter(({ notBefore }) => Date.parse(notBefore) > nowMs - DAY_MS)
      if (today.length >= MOST_A_DAY)
        return {
          kind: 'refused',
          reason: 'too-often',
          detail: `${today.length} certificates in a day`,
          retryAfterMs: RETRY_MS,
        }
      return certified(id, () => store.certify({ role, id, publicKeyPem, nowMs, renews: true }))
    },
  }
}

/** What is wrong with this request is a refusal; a full disk or an authority without key is the gateway's own fault. */
function certified(id: string, certify: () => { readonly certificatePem: string }): IssueAnswer {
  try {
    return { kind: 'issued', certificate: new X509Certificate(certify().certificatePem), isNew: true }
  } catch (error) {
    if (!(error instanceof CertificateError) || error.context['id'] !== id) throw error
    return { kind: 'refused', reason: 'not-certifiable', detail: error.message }
  }
}
