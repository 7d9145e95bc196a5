/** The certificate store under `<state>/certs`: the authorities, what they issued, and the material for TLS. */

import { statSync } from 'node:fs'

import { hasKey, readAuthorities, refuseUnfitKeys, type AuthorityView } from './authority-files.ts'
import { rollOver, type RenewedAuthority } from './authority-renewal.ts'
import { readMaterial, type ClientMaterial } from './client-material.ts'
import { splitCrls } from './crl-reading.ts'
import { areListsDue, writeLists, type CrlRefresh } from './crl-writer.ts'
import { forecast, type ForecastRow } from './forecast.ts'
import { forecastFacts } from './forecast-facts.ts'
import { readText, refuseForeignDirectory } from './guarded-file.ts'
import { LEAF_ROLES, type CaRole, type ClientRole, type LeafRole, type Role } from './profile.ts'
import type { RevocationReason } from './revocation.ts'
import { revokeInto, rowOfSerial, rowsOfIdentity } from './revoking.ts'
import {
  parseIndex,
  issuerSerialOf,
  statusOf,
  type CertificateStatus,
  type IndexRow,
  type Revocation,
  type StoreIndex,
} from './store-index.ts'
import { makeStore, type InitOptions } from './store-init.ts'
import { layoutOfState, roleDirectory, SERVER_ID, type StoreLayout } from './store-layout.ts'
import { withStoreLock } from './store-lock.ts'
import {
  certifyInto,
  issueInto,
  renewInto,
  type CertifiedKey,
  type CertifyRequest,
  type IssuedCertificate,
  type IssueRequest,
} from './store-writer.ts'

export interface CertificateRow {
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
  /** Serial of the authority that issued it. */
  readonly issuer: string | undefined
  readonly revocation?: Revocation
}

/** PEM texts for node:tls. */
export interface ServerMaterial {
  readonly key: string
  /** Leaf and issuing CA. */
  readonly cert: string
  /** Every authority in force. */
  readonly ca: string
  /** One list for each of them: node:tls reads only the first list of a text, so they stay apart. */
  readonly crl: string[]
}

export interface CertificateStore {
  readonly site: string
  issue(request: IssueRequest): IssuedCertificate
  /** Certifies a key that stays with its owner. */
  certify(request: CertifyRequest): CertifiedKey
  /** A new key and certificate in the place of those that are here; no reader ever meets half of each. */
  renew(role: LeafRole, id: string, nowMs: number, names?: readonly string[]): IssuedCertificate
  /** Makes the successor of an authority. Without the key of the root it needs `offlineRootDir`. */
  renewAuthority(role: CaRole, nowMs: number, offlineRootDir?: string): RenewedAuthority
  /** Those that issue today first; those before them stay until they expire. */
  authorities(): readonly AuthorityView[]
  /** Revokes for good and writes the lists. Repeating it is harmless: it writes the lists again. */
  revoke(serial: string, reason: RevocationReason, nowMs: number, offlineRootDir?: string): void
  /** Revokes every unexpired certificate of the identity; answers their serials. */
  revokeIdentity(role: LeafRole, id: string, reason: RevocationReason, nowMs: number): readonly string[]
  list(nowMs: number): readonly CertificateRow[]
  serverMaterial(): ServerMaterial
  clientMaterial(role: ClientRole, id: string): ClientMaterial
  /** True when a list that can be renewed here should be: half its life is over, or a revocation is not in it. */
  isCrlDue(nowMs: number): boolean
  /** Renews what can be renewed here; says what cannot, because the key of its authority is elsewhere. */
  refreshCrl(nowMs: number, offlineRootDir?: string): CrlRefresh
  /** Fingerprints of everything revoked: the index knows of a revocation before any list does. */
  revokedFingerprints(): ReadonlySet<string>
  /** What ends when, what happens by itself, and what a person must do: the most urgent first. */
  forecast(nowMs: number): readonly ForecastRow[]
  /** Changes whenever anything in the store that a running gateway uses was changed, also by another process. */
  stamp(): string
}

/** Makes the authorities and the server's certificate. Refuses when there is a store. */
export function initStore(options: InitOptions): CertificateStore {
  makeStore(options)
  return openStore(options.stateDir)
}

/** Opens a store after checking owner, mode and content of the keys that are in it. No key of an authority has to be. */
export function openStore(stateDir: string): CertificateStore {
  const layout = layoutOfState(stateDir)
  refuseForeignDirectory(
    layout.directory,
    `there is no certificate store in ${stateDir}: make one with \`wardgate certs init --state ${stateDir}\``,
  )
  refuseForeignDirectory(layout.caDirectory, `${layout.caDirectory} is missing: restore it from the backup`)
  refuseUnfitKeys(readAuthorities(layout))
  const { site } = readIndex(layout)
  readMaterial(layout, 'server', SERVER_ID)

  const changing = <T>(change: (index: StoreIndex) => T): T =>
    withStoreLock(layout.lock, () => change(readIndex(layout)))

  return {
    site,
    issue: (request) => changing((index) => issueInto(layout, index, request)),
    certify: (request) => changing((index) => certifyInto(layout, index, request)),
    renew: (role, id, nowMs, names) =>
      changing((index) => renewInto(layout, index, { role, id, nowMs, names })),
    renewAuthority: (role, nowMs, offlineRootDir) =>
      changing((index) => rollOver(role, { layout, index, nowMs, offlineRootDir })),
    authorities: () => viewed(layout),
    revoke: (serial, reason, nowMs, offlineRootDir) =>
      changing((index) => {
        revokeInto({ layout, index, nowMs, offlineRootDir }, [rowOfSerial(index, serial)], reason)
      }),
    revokeIdentity: (role, id, reason, nowMs) =>
      changing((index) =>
        revokeInto({ layout, index, nowMs }, rowsOfIdentity(index, role, id, nowMs), reason),
      ),
    list: (nowMs) => {
      const index = readIndex(layout)
      return index.certificates.map((row) => listed(index, row, nowMs))
    },
    serverMaterial() {
      const { key, cert, ca } = readMaterial(layout, 'server', SERVER_ID)
      return { key, cert, ca, crl: splitCrls(readText(layout.crl, 'revocation list')) }
    },
    clientMaterial: (role, id) => readMaterial(layout, role, id),
    isCrlDue: (nowMs) => areListsDue({ layout, index: readIndex(layout), nowMs }),
    refreshCrl: (nowMs, offlineRootDir) =>
      changing((index) => writeLists({ layout, index, nowMs, offlineRootDir })),
    revokedFingerprints: () =>
      new Set(
        readIndex(layout).certificates.flatMap(({ revocation, fingerprint }) =>
          revocation === undefined ? [] : [fingerprint],
        ),
      ),
    forecast: (nowMs) => forecast(forecastFacts(layout, readIndex(layout), nowMs)),
    stamp: () => stampOf(layout),
  }
}

function readIndex(layout: StoreLayout): StoreIndex {
  return parseIndex(readText(layout.index, 'index of issued certificates'), layout.index)
}

/** Those that the trust file names, so that this answer and the material for TLS never differ. */
function viewed(layout: StoreLayout): readonly AuthorityView[] {
  const trust = readText(layout.trust, 'trust file')
  return readAuthorities(layout)
    .filter(({ isCurrent, certificatePem }) => isCurrent || trust.includes(certificatePem))
    .map((known) => {
      const { role, certificate, certificatePem, isCurrent } = known
      return { role, certificate, certificatePem, isCurrent, hasKey: hasKey(known) }
    })
}

/** Files are replaced, never written into: new content is a new inode, and a change of its directory. */
function stampOf(layout: StoreLayout): string {
  const directories = [layout.caDirectory, ...LEAF_ROLES.map((role) => roleDirectory(layout, role))]
  return [layout.index, layout.crl, layout.trust, ...directories]
    .map((path) => {
      const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
      return stats === undefined ? 'missing' : `${stats.ino}:${stats.mtimeNs}:${stats.size}`
    })
    .join(' ')
}

function listed(index: StoreIndex, row: IndexRow, nowMs: number): CertificateRow {
  const { role, id, serial, fingerprint, revocation } = row
  return {
    role,
    id,
    serial,
    notBefore: new Date(row.notBeforeMs).toISOString(),
    notAfter: new Date(row.notAfterMs).toISOString(),
    fingerprint,
    status: statusOf(row, nowMs),
    issuer: issuerSerialOf(index, row),
    ...(revocation === undefined ? {} : { revocation }),
  }
}
