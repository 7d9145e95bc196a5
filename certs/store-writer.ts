/** What gives out certificates: issuing, certifying, renewing. Each runs under the lock and ends whole or not at all. */

import { createPublicKey, type X509Certificate } from 'node:crypto'

import { currentAuthority, readAuthorities, requireSigner } from './authority-files.ts'
import type { Authority } from './authority.ts'
import { saveIndex } from './crl-writer.ts'
import { discardAbandoned, makeDirectory, replaceFile, stageFile } from './durable-file.ts'
import { CertificateError } from './errors.ts'
import { isNameTaken, readPrivateKey } from './guarded-file.ts'
import {
  refuseBadId,
  refuseHolder,
  signBrought,
  signOwn,
  type LeafRequest,
  type SignedLeaf,
} from './leaf-signing.ts'
import { nextKeyPath, readPair, replacePair, finishReplacement, type PairPaths } from './pair-files.ts'
import type { LeafRole } from './profile.ts'
import { publicKeySha256, readPublicKey } from './public-key.ts'
import { rowsOf, type StoreIndex } from './store-index.ts'
import { pairPaths, roleDirectory, type StoreLayout } from './store-layout.ts'

export interface IssueRequest extends LeafRequest {
  /** The key a device brings itself; without it one is made and stored. */
  readonly publicKeyPem?: string | undefined
}

export interface CertifyRequest extends LeafRequest {
  readonly publicKeyPem: string
  /** The identity may have a valid certificate already: this is its next one. */
  readonly renews?: boolean | undefined
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

export interface CertifiedKey {
  readonly certificatePem: string
  /** The certificate and that of the authority that issued it. */
  readonly chainPem: string
  readonly serial: string
  readonly fingerprint: string
  readonly notAfter: string
}

/** A first certificate, written to files that nothing had before. */
export function issueInto(layout: StoreLayout, index: StoreIndex, request: IssueRequest): IssuedCertificate {
  const { role, id, publicKeyPem } = request
  refuseBadId(request)
  refuseHolder(index, request)
  const paths = pairPaths(layout, role, id)
  refuseLeftOver(request, paths)
  const issuing = issuingOf(layout)
  const made: SignedLeaf & { readonly keyPem?: string } =
    publicKeyPem === undefined
      ? signOwn(issuing, index, request)
      : signBrought(issuing, index, { ...request, publicKeyPem })
  openDirectory(roleDirectory(layout, role))
  const files = [
    ...(made.keyPem === undefined ? [] : [stageFile(paths.key, made.keyPem)]),
    stageFile(paths.certificate, made.chainPem),
  ]
  try {
    // Before the files get their names: a certificate that is out but not in the index could not be revoked.
    addRow(layout, index, made)
    for (const file of files) file.place()
  } catch (error) {
    for (const file of files) file.discard()
    throw error
  }
  return issued(request, paths, made)
}

/** A certificate for a key that stays with its owner. */
export function certifyInto(layout: StoreLayout, index: StoreIndex, request: CertifyRequest): CertifiedKey {
  const { role, id } = request
  refuseBadId(request)
  if (request.renews !== true) refuseHolder(index, request)
  const made = signBrought(issuingOf(layout), index, request)
  const directory = roleDirectory(layout, role)
  openDirectory(directory)
  addRow(layout, index, made)
  const paths = pairPaths(layout, role, id)
  finishReplacement(paths)
  // A pair of this host is not torn apart for a key that is elsewhere: its owner has the certificate from the answer.
  if (!isNameTaken(paths.key) || isKeyOf(paths, request.publicKeyPem))
    replaceFile(paths.certificate, made.chainPem)
  const { certificatePem, chainPem, row } = made
  return {
    certificatePem,
    chainPem,
    serial: row.serial,
    fingerprint: row.fingerprint,
    notAfter: notAfter(made),
  }
}

/** A new key and certificate in the place of those that are here. The old certificate stays valid until it expires. */
export function renewInto(layout: StoreLayout, index: StoreIndex, request: LeafRequest): IssuedCertificate {
  const { role, id } = request
  refuseBadId(request)
  const paths = pairPaths(layout, role, id)
  refuseWithoutKey(request, paths)
  const { certificate } = readPair(paths)
  refuseRevoked(index, request, certificate)
  const names =
    request.names === undefined || request.names.length === 0 ? hostNamesOf(certificate) : request.names
  const made = signOwn(issuingOf(layout), index, {
    ...request,
    names: role === 'server' ? names : request.names,
  })
  openDirectory(roleDirectory(layout, role))
  replacePair(paths, { keyPem: made.keyPem, certificatePem: made.chainPem }, () =>
    addRow(layout, index, made),
  )
  return issued(request, paths, made)
}

function issuingOf(layout: StoreLayout): Authority {
  return requireSigner(currentAuthority(readAuthorities(layout), 'issuing-ca'))
}

function openDirectory(directory: string): void {
  makeDirectory(directory)
  // Under the lock, so that whoever left something here is dead: it may hold a key that was never certified.
  discardAbandoned(directory)
}

function addRow(layout: StoreLayout, index: StoreIndex, { row }: SignedLeaf): void {
  saveIndex(layout, { ...index, certificates: [...index.certificates, row] })
}

function issued(
  { role, id }: LeafRequest,
  paths: PairPaths,
  made: SignedLeaf & { readonly keyPem?: string },
): IssuedCertificate {
  return {
    role,
    id,
    certificatePath: paths.certificate,
    ...(made.keyPem === undefined ? {} : { keyPath: paths.key }),
    serial: made.row.serial,
    fingerprint: made.row.fingerprint,
    notAfter: notAfter(made),
  }
}

function notAfter({ row }: SignedLeaf): string {
  return new Date(row.notAfterMs).toISOString()
}

function refuseLeftOver({ role, id }: LeafRequest, paths: PairPaths): void {
  const left = [paths.certificate, paths.key].find(isNameTaken)
  if (left === undefined) return
  throw new CertificateError(
    `${left} is left from an earlier or interrupted issue and is never overwritten: move it away, then try again`,
    { role, id, path: left },
  )
}

function refuseWithoutKey({ role, id }: LeafRequest, paths: PairPaths): void {
  if (!isNameTaken(paths.certificate))
    throw new CertificateError(
      `there is no certificate of ${role} '${id}' to renew: make the first one with \`wardgate certs issue ${role} ${id}\``,
      { role, id, path: paths.certificate },
    )
  if (isNameTaken(paths.key) || isNameTaken(nextKeyPath(paths))) return
  throw new CertificateError(
    `the private key of ${role} '${id}' is not here: its owner keeps it and renews the certificate itself; where it cannot, give its public key with --public-key FILE`,
    { role, id, path: paths.key },
  )
}

/** Whoever was shut out is not let in again by a renewal. The gateway's own certificate is: it needs another key. */
function refuseRevoked(index: StoreIndex, { role, id }: LeafRequest, present: X509Certificate): void {
  if (role === 'server') return
  const rows = rowsOf(index, role, id)
  const row = [rows.find(({ serial }) => serial === present.serialNumber), rows.at(-1)].find(
    (each) => each?.revocation !== undefined,
  )
  if (row === undefined) return
  throw new CertificateError(
    `the certificate of ${role} '${id}' is revoked (${row.revocation?.reason}, serial ${row.serial}) and is not renewed: to let it in again, move its files away and run \`wardgate certs issue ${role} ${id}\``,
    { role, id, serial: row.serial },
  )
}

function isKeyOf({ key }: PairPaths, publicKeyPem: string): boolean {
  try {
    const present = createPublicKey(readPrivateKey(key))
    return publicKeySha256(present) === publicKeySha256(readPublicKey(publicKeyPem))
  } catch (error) {
    if (error instanceof CertificateError) return false
    throw error
  }
}

function hostNamesOf({ subjectAltName }: X509Certificate): readonly string[] {
  return (subjectAltName ?? '').split(', ').flatMap((name) => {
    const match = /^(?:DNS|IP Address):(.+)$/.exec(name)
    return match?.[1] === undefined ? [] : [match[1]]
  })
}
