/**
 * Roll-over of an authority. The successor is known and trusted, and has a list, before it signs anything; the one before
 * stays trusted and keeps its list until it expires. So there is no moment at which a good chain is refused.
 *
 * A root is rolled over in two steps: the new root first only joins the trust, which clients learn with their own renewal;
 * later the next issuing CA is made under it. Whoever dies in between repeats the command: it goes on where it stopped.
 */

import {
  currentAuthority,
  discardStrayKeys,
  dropSecondName,
  findSigner,
  hasKey,
  keepUnderSerial,
  readAuthorities,
  requireSigner,
  type KnownAuthority,
} from './authority-files.ts'
import { createIssuing, createRoot, validityOf, type Authority } from './authority.ts'
import { saveIndex, writeLists, type CrlRefresh, type ListRequest } from './crl-writer.ts'
import { removeFile, replaceFile } from './durable-file.ts'
import { CertificateError } from './errors.ts'
import { refuseInsideState, storeOfflineRoot } from './offline-root.ts'
import { replacePair } from './pair-files.ts'
import type { CaRole } from './profile.ts'
import { indexRow, type StoreIndex } from './store-index.ts'
import { currentPaths, type StoreLayout } from './store-layout.ts'

export interface RenewedAuthority {
  readonly serial: string
  readonly lists: CrlRefresh
}

interface Successor {
  readonly authority: Omit<Authority, 'privateKey'>
  readonly index: StoreIndex
}

export function rollOver(role: CaRole, request: ListRequest): RenewedAuthority {
  const { layout, offlineRootDir } = request
  if (offlineRootDir !== undefined) refuseInsideState(offlineRootDir, layout.stateDir)
  discardStrayKeys(layout)
  const known = readAuthorities(layout)
  const before = currentAuthority(known, role)
  const { authority, index } = interrupted(role, known, request) ?? makeSuccessor(role, known, request)
  const { certificate } = authority
  keepBefore(layout, before)
  // Trusted and listed first, in force afterwards.
  const lists = writeLists({ ...request, index })
  makeCurrent(layout, before, authority)
  dropSecondName(layout, role, certificate.serialNumber)
  return { serial: certificate.serialNumber, lists }
}

/** A successor that an earlier attempt made and did not put in force. */
function interrupted(
  role: CaRole,
  known: readonly KnownAuthority[],
  { index, nowMs, offlineRootDir }: ListRequest,
): Successor | undefined {
  const before = currentAuthority(known, role)
  const root = currentAuthority(known, 'root-ca')
  const found = known.find((one) => {
    const row = index.certificates.find(({ serial }) => serial === one.serial)
    const { notBeforeMs, notAfterMs } = validityOf(one.certificate)
    return (
      one.role === role &&
      !one.isCurrent &&
      row?.revocation === undefined &&
      notBeforeMs > validityOf(before.certificate).notBeforeMs &&
      notAfterMs > nowMs &&
      (role === 'root-ca' || one.certificate.verify(root.certificate.publicKey)) &&
      findSigner(one, offlineRootDir).kind === 'signer'
    )
  })
  return found && { authority: found, index }
}

function makeSuccessor(role: CaRole, known: readonly KnownAuthority[], request: ListRequest): Successor {
  return role === 'root-ca' ? makeRoot(known, request) : makeIssuing(known, request)
}

function makeRoot(
  known: readonly KnownAuthority[],
  { layout, index, nowMs, offlineRootDir }: ListRequest,
): Successor {
  const before = currentAuthority(known, 'root-ca')
  if (offlineRootDir === undefined && !hasKey(before))
    throw new CertificateError(
      `the root CA of this store is kept offline, and its successor is too: mount the medium for its key and repeat the command with --offline-root DIR`,
      { serial: before.serial },
    )
  const root = createRoot({ site: index.site, nowMs })
  const { serialNumber } = root.certificate
  const next = withRow(layout, index, root, serialNumber)
  if (offlineRootDir === undefined) keepUnderSerial(layout, root)
  else {
    storeOfflineRoot(offlineRootDir, root)
    const { role, certificate, certificatePem } = root
    keepUnderSerial(layout, { role, certificate, certificatePem })
  }
  return { authority: root, index: next }
}

function makeIssuing(
  known: readonly KnownAuthority[],
  { layout, index, nowMs, offlineRootDir }: ListRequest,
): Successor {
  const root = requireSigner(currentAuthority(known, 'root-ca'), offlineRootDir)
  const issuing = createIssuing(root, { site: index.site, nowMs })
  const next = withRow(layout, index, issuing, root.certificate.serialNumber)
  keepUnderSerial(layout, issuing)
  return { authority: issuing, index: next }
}

/** In the index before it is anywhere else: a certificate that is out but not in the index could not be revoked. */
function withRow(
  layout: StoreLayout,
  index: StoreIndex,
  { role, certificatePem }: Authority,
  issuer: string,
): StoreIndex {
  const row = indexRow(role, role, certificatePem, issuer)
  const next = { ...index, certificates: [...index.certificates, row] }
  saveIndex(layout, next)
  return next
}

function keepBefore(layout: StoreLayout, before: KnownAuthority): void {
  const { role, certificate, certificatePem } = before
  const privateKey = hasKey(before) ? requireSigner(before).privateKey : undefined
  keepUnderSerial(layout, {
    role,
    certificate,
    certificatePem,
    ...(privateKey === undefined ? {} : { privateKey }),
  })
}

function makeCurrent(
  layout: StoreLayout,
  before: KnownAuthority,
  { role, certificate, certificatePem }: Omit<Authority, 'privateKey'>,
): void {
  const paths = currentPaths(layout, role)
  const kept = readAuthorities(layout).find(
    (one) => one.role === role && one.serial === certificate.serialNumber,
  )
  if (kept !== undefined && hasKey(kept)) {
    const { privateKey } = requireSigner(kept)
    const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    replacePair(paths, { keyPem, certificatePem })
    return
  }
  // The key of the one before lies under its serial. It goes first: a certificate beside a key of another is a fault.
  if (hasKey(before)) removeFile(paths.key)
  replaceFile(paths.certificate, certificatePem)
}
