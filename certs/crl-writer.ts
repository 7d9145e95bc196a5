/** Writes crl.pem and ca.pem: a list of every authority in force, each renewed when its key can be had. */

import { findSigner, hasKey, inForce, readAuthorities, type KnownAuthority } from './authority-files.ts'
import { crlFinder, type ReadCrl } from './crl-reading.ts'
import { replaceFile } from './durable-file.ts'
import { isNameTaken, readText } from './guarded-file.ts'
import type { CaRole } from './profile.ts'
import {
  buildCrl,
  CRL_LIFETIME_MS,
  isListDue,
  OFFLINE_CRL_LIFETIME_MS,
  type RevokedCertificate,
} from './revocation.ts'
import { formatIndex, issuerSerialOf, type StoreIndex } from './store-index.ts'
import type { StoreLayout } from './store-layout.ts'

export interface ListRequest {
  readonly layout: StoreLayout
  readonly index: StoreIndex
  readonly nowMs: number
  /** Where the keys of roots are that are not in the state directory. */
  readonly offlineRootDir?: string | undefined
}

interface ListOwner {
  readonly role: CaRole
  readonly serial: string
}

interface UnrenewedList extends ListOwner {
  /** Undefined when there is no such list: every chain through this authority is refused. */
  readonly nextUpdateMs: number | undefined
  /** It should be renewed now. */
  readonly isDue: boolean
  /** What is missing, and what to do. */
  readonly advice: string
}

export interface CrlRefresh {
  readonly renewed: readonly ListOwner[]
  readonly notRenewed: readonly UnrenewedList[]
}

type Draft =
  | { readonly kind: 'renewed'; readonly owner: ListOwner; readonly pem: string }
  | { readonly kind: 'kept'; readonly list: UnrenewedList; readonly pem: string }

/** Renews what can be renewed here, keeps the rest, and says what could not be renewed: a value, for whoever alarms. */
export function writeLists(request: ListRequest): CrlRefresh {
  const { layout, index, nowMs } = request
  const authorities = inForce(readAuthorities(layout), nowMs)
  const next = { ...index, crlNumber: index.crlNumber + 1 }
  const present = crlFinder(readPresent(layout))
  const drafts = authorities.map((authority) =>
    draftOf(authority, present(authority.certificate), { ...request, index: next }),
  )
  // The index first: a list that never came is then noticed.
  saveIndex(layout, next)
  replaceFile(layout.crl, drafts.map(({ pem }) => pem).join(''))
  writeTrust(layout, authorities)
  return {
    renewed: drafts.flatMap((draft) => (draft.kind === 'renewed' ? [draft.owner] : [])),
    notRenewed: drafts.flatMap((draft) => (draft.kind === 'kept' ? [draft.list] : [])),
  }
}

/** True when a list that can be renewed here should be: half its life is over, or it lags behind the index. */
export function areListsDue({ layout, index, nowMs }: ListRequest): boolean {
  const present = crlFinder(readPresent(layout))
  return inForce(readAuthorities(layout), nowMs)
    .filter(hasKey)
    .some(({ certificate }) => {
      const list = present(certificate)
      return list === undefined || list.number !== index.crlNumber || isListDue(list, nowMs)
    })
}

/** The list of each authority as it stands. */
export function presentLists(
  layout: StoreLayout,
  authorities: readonly KnownAuthority[],
): readonly { readonly authority: KnownAuthority; readonly list: ReadCrl | undefined }[] {
  const present = crlFinder(readPresent(layout))
  return authorities.map((authority) => ({ authority, list: present(authority.certificate) }))
}

export function saveIndex(layout: StoreLayout, index: StoreIndex): void {
  replaceFile(layout.index, formatIndex(index))
}

function draftOf(
  known: KnownAuthority,
  list: ReadCrl | undefined,
  { index, nowMs, offlineRootDir }: ListRequest,
): Draft {
  const { role, serial } = known
  const signer = findSigner(known, offlineRootDir)
  if (signer.kind === 'signer') {
    const pem = buildCrl(signer.authority, {
      number: index.crlNumber,
      nowMs,
      revoked: revokedBy(index, serial),
      lifetimeMs: signer.isOffline ? OFFLINE_CRL_LIFETIME_MS : CRL_LIFETIME_MS,
    })
    return { kind: 'renewed', owner: { role, serial }, pem }
  }
  return {
    kind: 'kept',
    // A damaged list would make readers refuse the whole file.
    pem: list?.pem ?? '',
    list: {
      role,
      serial,
      nextUpdateMs: list?.nextUpdateMs,
      isDue: list === undefined || isListDue(list, nowMs),
      advice: signer.advice,
    },
  }
}

function revokedBy(index: StoreIndex, issuer: string): readonly RevokedCertificate[] {
  return index.certificates.flatMap((row) =>
    row.revocation !== undefined && issuerSerialOf(index, row) === issuer
      ? [{ serial: row.serial, revokedAtMs: row.revocation.atMs, reason: row.revocation.reason }]
      : [],
  )
}

function writeTrust(layout: StoreLayout, authorities: readonly KnownAuthority[]): void {
  const text = authorities.map(({ certificatePem }) => certificatePem).join('')
  if (isNameTaken(layout.trust) && readText(layout.trust, 'trust file') === text) return
  replaceFile(layout.trust, text)
}

function readPresent(layout: StoreLayout): string {
  return isNameTaken(layout.crl) ? readText(layout.crl, 'revocation list') : ''
}
