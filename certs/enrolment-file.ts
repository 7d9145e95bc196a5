/** Codes and requests on disk: `<state>/certs/enrolment.json`. Only salted hashes of codes are in it. */

import { isRecord } from './is-record.ts'
import { replaceFile } from './durable-file.ts'
import type { HashedCode } from './enrolment-code.ts'
import { CertificateError } from './errors.ts'
import { isNameTaken, readText } from './guarded-file.ts'
import { isIdentityId } from './identity-uri.ts'
import { CLIENT_ROLES, type ClientRole } from './profile.ts'

/** `code`: the code alone authorises. `operator`: somebody also has to say yes. */
export const APPROVALS = ['code', 'operator'] as const
export type Approval = (typeof APPROVALS)[number]

/** `open` until it is used; `void` after too many wrong codes; `used` when a certificate is out. */
const STATES = ['open', 'pending', 'approved', 'rejected', 'void', 'used'] as const
type InvitationState = (typeof STATES)[number]

/** The key that came with the code. */
export interface Requester {
  readonly publicKeySha256: string
  /** 'address:port' it came from. */
  readonly address: string
  readonly atMs: number
  /** Until when it may be approved and fetched. */
  readonly expiresAtMs: number
}

/** One for each identity: a new code takes the place of the old one. */
export interface StoredInvitation extends HashedCode {
  readonly role: ClientRole
  readonly id: string
  readonly approval: Approval
  readonly state: InvitationState
  readonly madeAtMs: number
  readonly expiresAtMs: number
  readonly failedCount: number
  readonly requester?: Requester
  /** The certificate that it was used for. */
  readonly certificatePem?: string
}

interface EnrolmentDocument {
  readonly version: 1
  readonly invitations: readonly StoredInvitation[]
}

export function readInvitations(path: string): readonly StoredInvitation[] {
  if (!isNameTaken(path)) return []
  let value: unknown
  try {
    value = JSON.parse(readText(path, 'list of enrolment codes'))
  } catch (error) {
    if (error instanceof CertificateError) throw error
    throw damaged(path, error)
  }
  if (!isDocument(value)) throw damaged(path)
  return value.invitations
}

export function writeInvitations(path: string, invitations: readonly StoredInvitation[]): void {
  const document: EnrolmentDocument = { version: 1, invitations }
  replaceFile(path, `${JSON.stringify(document, undefined, 2)}\n`)
}

function damaged(path: string, cause?: unknown): CertificateError {
  return new CertificateError(
    `the list of enrolment codes ${path} is damaged: move it away and make new codes with \`wardgate certs invite\`; certificates are not affected`,
    { path },
    cause,
  )
}

function isDocument(value: unknown): value is EnrolmentDocument {
  return (
    isRecord(value) &&
    value['version'] === 1 &&
    Array.isArray(value['invitations']) &&
    value['invitations'].every(isInvitation)
  )
}

function isInvitation(value: unknown): value is StoredInvitation {
  if (!isRecord(value)) return false
  const { role, id, approval, state, salt, codeSha256, requester, certificatePem } = value
  return (
    CLIENT_ROLES.some((known) => known === role) &&
    typeof id === 'string' &&
    isIdentityId(id) &&
    APPROVALS.some((known) => known === approval) &&
    STATES.some((known) => known === state) &&
    isHex(salt) &&
    isSha256(codeSha256) &&
    [value['madeAtMs'], value['expiresAtMs'], value['failedCount']].every(isCount) &&
    (requester === undefined || isRequester(requester)) &&
    (certificatePem === undefined || typeof certificatePem === 'string')
  )
}

function isRequester(value: unknown): value is Requester {
  return (
    isRecord(value) &&
    isSha256(value['publicKeySha256']) &&
    typeof value['address'] === 'string' &&
    isCount(value['atMs']) &&
    isCount(value['expiresAtMs'])
  )
}

function isHex(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]+$/.test(value)
}

function isSha256(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
