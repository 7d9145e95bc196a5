/** What changes a store: issuing, revoking, renewing the lists. Each runs under the lock and ends whole or not at all. */

import { issueCertificate, newKeyPair, validityOf, type Authority } from './authority.ts'
import { discardAbandoned, makeDirectory, replaceFile, stageFile } from './durable-file.ts'
import { CertificateError } from './errors.ts'
import { readHostNames } from './host-name.ts'
import { isNameTaken } from './guarded-file.ts'
import { isIdentityId } from './identity-uri.ts'
import { planLeaf } from './plan.ts'
import type { LeafRole } from './profile.ts'
import { readPublicKey } from './public-key.ts'
import { buildCrl, type RevokedCertificate } from './revocation.ts'
import {
  formatIndex,
  indexRow,
  keyConflict,
  statusOf,
  type IndexRow,
  type StoreIndex,
} from './store-index.ts'
import { certificatePath, keyPath, roleDirectory, type StoreLayout } from './store-layout.ts'

export interface Authorities {
  readonly root: Authority
  readonly issuing: Authority
}

export interface IssueRequest {
  readonly role: LeafRole
  readonly id: string
  readonly nowMs: number
  /** The key a device brings itself; without it one is made and stored. */
  readonly publicKeyPem?: string | undefined
  readonly days?: number | undefined
  /** DNS names and IP addresses; servers only. */
  readonly names?: readonly string[] | undefined
}

export interface IssuedCertificate {
  readonly role: LeafRole
  readonly id: string
  readonly certificatePath: string
  /** Absent when the device keeps its own key. */
  readonly keyPath?: string
  readonly serial: string
  readonly fingerprint: string
  readonly notAfter: string
}

interface Signed {
  readonly row: IndexRow
  readonly certificatePem: string
  readonly keyPem: string | undefined
}

export function issueInto(
  layout: StoreLayout,
  authorities: Authorities,
  index: StoreIndex,
  request: IssueRequest,
): IssuedCertificate {
  const { role, id } = request
  refuseTaken(layout, index, request)
  const made = signLeaf(authorities.issuing, index, request)
  const paths = { certificate: certificatePath(layout, role, id), key: keyPath(layout, role, id) }
  const directory = roleDirectory(layout, role)
  makeDirectory(directory)
  // Under the lock, so that whoever left something here is dead: it may hold a key that was never certified.
  discardAbandoned(directory)
  const files = [
    ...(made.keyPem === undefined ? [] : [stageFile(paths.key, made.keyPem)]),
    stageFile(paths.certificate, made.certificatePem + authorities.issuing.certificatePem),
  ]
  try {
    // Before the files get their names: a certificate that is out but not in the index could not be revoked.
    saveIndex(layout, { ...index, certificates: [...index.certificates, made.row] })
    for (const file of files) file.place()
  } catch (error) {
    for (const file of files) file.discard()
    throw error
  }
  return {
    role,
    id,
    certificatePath: paths.certificate,
    ...(made.keyPem === undefined ? {} : { keyPath: paths.key }),
    serial: made.row.serial,
    fingerprint: made.row.fingerprint,
    notAfter: new Date(made.row.notAfterMs).toISOString(),
  }
}

/** Writes both lists anew under the next number. The index first: a list that never came is then noticed. */
export function writeCrl(
  layout: StoreLayout,
  authorities: Authorities,
  index: StoreIndex,
  nowMs: number,
): void {
  const next = { ...index, crlNumber: index.crlNumber + 1 }
  saveIndex(layout, next)
  replaceFile(layout.crl, crlText(authorities, next, nowMs))
}

export function crlText({ root, issuing }: Authorities, index: StoreIndex, nowMs: number): string {
  const content = { number: index.crlNumber, nowMs }
  const byRoot = index.certificates.filter((row) => row.role === 'issuing-ca')
  const byIssuing = index.certificates.filter((row) => row.role !== 'issuing-ca' && row.role !== 'root-ca')
  return (
    buildCrl(issuing, { ...content, revoked: revokedOf(byIssuing) }) +
    buildCrl(root, { ...content, revoked: revokedOf(byRoot) })
  )
}

export function saveIndex(layout: StoreLayout, index: StoreIndex): void {
  replaceFile(layout.index, formatIndex(index))
}

function refuseTaken(layout: StoreLayout, index: StoreIndex, { role, id, nowMs }: IssueRequest): void {
  // Before any path is made from it.
  if (!isIdentityId(id))
    throw new CertificateError(
      `'${id}' cannot be an id: use 1 to 32 of the characters a-z, 0-9 and -, for example mon-12`,
      { role, id },
    )
  const holder = index.certificates.find(
    (row) => row.role === role && row.id === id && ['valid', 'not-yet-valid'].includes(statusOf(row, nowMs)),
  )
  if (holder !== undefined)
    throw new CertificateError(
      `${role} '${id}' already has a certificate, valid until ${new Date(holder.notAfterMs).toISOString()} (serial ${holder.serial}): choose another id, or revoke that one first`,
      { role, id, serial: holder.serial },
    )
  const left = [certificatePath(layout, role, id), keyPath(layout, role, id)].find(isNameTaken)
  if (left !== undefined)
    throw new CertificateError(
      `${left} is left from an earlier or interrupted issue and is never overwritten: move it away, then try again`,
      { role, id, path: left },
    )
}

function signLeaf(issuing: Authority, index: StoreIndex, request: IssueRequest): Signed {
  const { role, id, nowMs, days, publicKeyPem } = request
  const brought = publicKeyPem === undefined ? undefined : readPublicKey(publicKeyPem)
  const own = brought === undefined ? newKeyPair() : undefined
  const publicKey = brought ?? own?.publicKey
  if (publicKey === undefined) throw new CertificateError('no public key to certify', { role, id })
  const plan = planLeaf({
    role,
    id,
    publicKey,
    nowMs,
    days,
    site: index.site,
    issuer: validityOf(issuing.certificate),
    ...readHostNames(request.names ?? []),
  })
  const certificatePem = issueCertificate(issuing, plan, nowMs)
  const row = indexRow(role, id, certificatePem)
  const conflict = keyConflict(index, row)
  if (conflict !== undefined)
    throw new CertificateError(
      `no certificate for ${role} '${id}': ${conflict}; make a new key on the device`,
      {
        role,
        id,
      },
    )
  const keyPem = own?.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { row, certificatePem, keyPem }
}

function revokedOf(rows: readonly IndexRow[]): readonly RevokedCertificate[] {
  return rows.flatMap(({ serial, revocation }) =>
    revocation === undefined ? [] : [{ serial, revokedAtMs: revocation.atMs, reason: revocation.reason }],
  )
}
