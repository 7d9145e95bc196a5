/** The certificate store under `<state>/certs`: the authorities, what they issued, and the material for TLS. */

import { statSync } from 'node:fs'

import { readMaterial, type ClientMaterial } from './client-material.ts'
import { readCertificate, readKeyOf, readText, refuseForeignDirectory } from './guarded-file.ts'
import type { Authority } from './authority.ts'
import { CertificateError } from './errors.ts'
import type { CaRole, ClientRole, Role } from './profile.ts'
import { isCrlDue, readCrls, splitCrls, type RevocationReason } from './revocation.ts'
import {
  parseIndex,
  statusOf,
  type CertificateStatus,
  type IndexRow,
  type Revocation,
  type StoreIndex,
} from './store-index.ts'
import { makeStore, type InitOptions } from './store-init.ts'
import { certificatePath, keyPath, layoutOfState, SERVER_ID, type StoreLayout } from './store-layout.ts'
import { withStoreLock } from './store-lock.ts'
import {
  issueInto,
  writeCrl,
  type Authorities,
  type IssuedCertificate,
  type IssueRequest,
} from './store-writer.ts'

interface CertificateRow {
  readonly role: Role
  readonly id: string
  /** Upper-case hexadecimal, as node:crypto prints it. */
  readonly serial: string
  /** RFC 3339, UTC. */
  readonly notBefore: string
  readonly notAfter: string
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string
  readonly status: CertificateStatus
}

/** PEM texts for node:tls. */
export interface ServerMaterial {
  readonly key: string
  /** Leaf and issuing CA. */
  readonly cert: string
  /** Issuing and root CA. */
  readonly ca: string
  /** One list for each CA: node:tls reads only the first list of a text, so they stay apart. */
  readonly crl: string[]
}

export interface CertificateStore {
  readonly site: string
  issue(request: IssueRequest): IssuedCertificate
  /** Revokes for good and writes the lists. Repeating it is harmless: it writes the lists again. */
  revoke(serial: string, reason: RevocationReason, nowMs: number): void
  list(nowMs: number): readonly CertificateRow[]
  serverMaterial(): ServerMaterial
  clientMaterial(role: ClientRole, id: string): ClientMaterial
  /** True when the lists should be written anew: half their life is over, or a revocation is not in them. */
  isCrlDue(nowMs: number): boolean
  refreshCrl(nowMs: number): void
  /** Fingerprints of everything revoked: the index knows of a revocation before any list does. */
  revokedFingerprints(): ReadonlySet<string>
  /** Changes whenever anything in the store that a running gateway uses was changed, also by another process. */
  stamp(): string
}

/** Makes the authorities and the server's certificate. Refuses when there is a store. */
export function initStore(options: InitOptions): CertificateStore {
  makeStore(options)
  return openStore(options.stateDir)
}

/** Opens a store after checking owner, mode and content of its keys. */
export function openStore(stateDir: string): CertificateStore {
  const layout = layoutOfState(stateDir)
  refuseForeignDirectory(
    layout.directory,
    `there is no certificate store in ${stateDir}: make one with \`wardgate certs init --state ${stateDir}\``,
  )
  refuseForeignDirectory(layout.caDirectory, `${layout.caDirectory} is missing: restore it from the backup`)
  const authorities: Authorities = {
    root: readAuthority('root-ca', layout.rootCertificate, layout.rootKey),
    issuing: readAuthority('issuing-ca', layout.issuingCertificate, layout.issuingKey),
  }
  const { site } = readIndex(layout)
  readMaterial(layout, 'server', SERVER_ID)

  const changing = <T>(change: (index: StoreIndex) => T): T =>
    withStoreLock(layout.lock, () => change(readIndex(layout)))

  return {
    site,
    issue: (request) => changing((index) => issueInto(layout, authorities, index, request)),
    revoke: (serial, reason, nowMs) =>
      changing((index) =>
        writeCrl(layout, authorities, withRevocation(index, serial, { atMs: nowMs, reason }), nowMs),
      ),
    list: (nowMs) => readIndex(layout).certificates.map((row) => listed(row, nowMs)),
    serverMaterial() {
      const { key, cert, ca } = readMaterial(layout, 'server', SERVER_ID)
      return { key, cert, ca, crl: splitCrls(readText(layout.crl, 'revocation list')) }
    },
    clientMaterial: (role, id) => readMaterial(layout, role, id),
    isCrlDue(nowMs) {
      const pem = readText(layout.crl, 'revocation list')
      const newest = readIndex(layout).crlNumber
      return isCrlDue(nowMs, pem) || readCrls(pem).some((list) => list?.number !== newest)
    },
    refreshCrl: (nowMs) => changing((index) => writeCrl(layout, authorities, index, nowMs)),
    revokedFingerprints: () =>
      new Set(
        readIndex(layout).certificates.flatMap(({ revocation, fingerprint }) =>
          revocation === undefined ? [] : [fingerprint],
        ),
      ),
    stamp() {
      const server = [certificatePath(layout, 'server', SERVER_ID), keyPath(layout, 'server', SERVER_ID)]
      return stampOf([layout.index, layout.crl, layout.trust, ...server])
    },
  }
}

function readIndex(layout: StoreLayout): StoreIndex {
  return parseIndex(readText(layout.index, 'index of issued certificates'), layout.index)
}

/** Files are replaced, never written into, so a new content is a new inode. */
function stampOf(paths: readonly string[]): string {
  return paths
    .map((path) => {
      const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
      return stats === undefined ? 'missing' : `${stats.ino}:${stats.mtimeNs}:${stats.size}`
    })
    .join(' ')
}

function readAuthority(role: CaRole, certificatePath: string, keyPath: string): Authority {
  const certificate = readCertificate(certificatePath)
  const privateKey = readKeyOf(certificate, keyPath, certificatePath)
  return { role, certificatePem: certificate.toString(), certificate, privateKey }
}

function withRevocation(index: StoreIndex, serial: string, revocation: Revocation): StoreIndex {
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
  // The first reason and time stay: they say since when nothing signed with the key may be trusted.
  if (row.revocation !== undefined) return index
  const certificates = index.certificates.map((other) => (other === row ? { ...row, revocation } : other))
  return { ...index, certificates }
}

function listed(row: IndexRow, nowMs: number): CertificateRow {
  const { role, id, serial, fingerprint } = row
  return {
    role,
    id,
    serial,
    notBefore: new Date(row.notBeforeMs).toISOString(),
    notAfter: new Date(row.notAfterMs).toISOString(),
    fingerprint,
    status: statusOf(row, nowMs),
  }
}
