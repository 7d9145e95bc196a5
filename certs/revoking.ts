/** Revocation: which certificates are meant, which may not be revoked, and the lists that follow. */

import { inForce, readAuthorities, requireSigner } from './authority-files.ts'
import { writeLists, type ListRequest } from './crl-writer.ts'
import { CertificateError } from './errors.ts'
import type { LeafRole } from './profile.ts'
import type { RevocationReason } from './revocation.ts'
import {
  isLive,
  issuerSerialOf,
  rowsOf,
  type IndexRow,
  type Revocation,
  type StoreIndex,
} from './store-index.ts'

export function rowOfSerial(index: StoreIndex, serial: string): IndexRow {
  const wanted = serial.replaceAll(':', '').toUpperCase()
  const row = index.certificates.find((candidate) => candidate.serial === wanted)
  if (row === undefined)
    throw new CertificateError(
      `no certificate with serial ${serial} was issued here: \`wardgate certs list\` shows them`,
      { serial },
    )
  if (row.role === 'root-ca')
    throw new CertificateError('the root CA cannot revoke itself: make a new store and enrol everyone anew', {
      serial,
    })
  return row
}

/** Every certificate of the identity that anyone would still accept; the last one where none is left. */
export function rowsOfIdentity(
  index: StoreIndex,
  role: LeafRole,
  id: string,
  nowMs: number,
): readonly IndexRow[] {
  const all = rowsOf(index, role, id)
  const last = all.at(-1)
  if (last === undefined)
    throw new CertificateError(
      `no certificate was ever issued here to ${role} '${id}': \`wardgate certs list\` shows them`,
      { role, id },
    )
  const live = all.filter((row) => isLive(row, nowMs))
  return live.length > 0 ? live : [last]
}

/** Marks the rows and writes the lists; answers the serials that were not revoked before. */
export function revokeInto(
  request: ListRequest,
  rows: readonly IndexRow[],
  reason: RevocationReason,
): readonly string[] {
  const { layout, index, nowMs, offlineRootDir } = request
  const issuers = new Set(rows.map((row) => issuerSerialOf(index, row)))
  const signers = inForce(readAuthorities(layout), nowMs).filter(({ serial }) => issuers.has(serial))
  // Only the list of the root reaches those who know nothing of this store: without it a CA would be revoked by halves.
  for (const root of signers.filter(({ role }) => role === 'root-ca')) requireSigner(root, offlineRootDir)
  const { notRenewed } = writeLists({
    ...request,
    index: withRevocation(index, rows, { atMs: nowMs, reason }),
  })
  const failed = notRenewed.find(({ serial }) => issuers.has(serial))
  if (failed !== undefined)
    throw new CertificateError(
      `${rows.map(({ role, id }) => `${role} '${id}'`).join(', ')} is revoked for the gateway of this state directory, but not for others, since the list of ${failed.role} ${failed.serial} could not be written: ${failed.advice}`,
      { serial: failed.serial },
    )
  return rows.filter(({ revocation }) => revocation === undefined).map(({ serial }) => serial)
}

function withRevocation(index: StoreIndex, rows: readonly IndexRow[], revocation: Revocation): StoreIndex {
  const certificates = index.certificates.map((row) =>
    // The first reason and time stay: they say since when nothing signed with the key may be trusted.
    rows.includes(row) && row.revocation === undefined ? { ...row, revocation } : row,
  )
  return { ...index, certificates }
}
