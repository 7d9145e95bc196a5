/** The certificate store under `<state>/certs`: the authorities, what they issued, and the material for TLS. */

import { isNameTaken, readCertificate, readKeyOf, readText, refuseForeignDirectory } from './guarded-file.ts'
import type { Authority } from './authority.ts'
import { CertificateError } from './errors.ts'
import { identityOfAltNames, isIdentityId } from './identity-uri.ts'
import type { CaRole, ClientRole, LeafRole, Role } from './profile.ts'
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
import {
  certificatePath,
  keyPath,
  layoutOfState,
  roleDirectory,
  SERVER_ID,
  type StoreLayout,
} from './store-layout.ts'
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

interface ClientMaterial {
  readonly key: string
  readonly cert: string
  readonly ca: string
  readonly paths: { readonly key: string; readonly cert: string; readonly ca: string }
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
  }
}

function readIndex(layout: StoreLayout): StoreIndex {
  return parseIndex(readText(layout.index, 'index of issued certificates'), layout.index)
}

function readAuthority(role: CaRole, certificatePath: string, keyPath: string): Authority {
  const certificate = readCertificate(certificatePath)
  const privateKey = readKeyOf(certificate, keyPath, certificatePath)
  return { role, certificatePem: certificate.toString(), certificate, privateKey }
}

function readMaterial(layout: StoreLayout, role: LeafRole, id: string): ClientMaterial {
  if (!isIdentityId(id)) throw new CertificateError(`'${id}' cannot be an id`, { role, id })
  const directory = roleDirectory(layout, role)
  const paths = {
    key: keyPath(layout, role, id),
    cert: certificatePath(layout, role, id),
    ca: layout.trust,
  }
  const absent = `there is no certificate for ${role} '${id}' in ${layout.directory}: make one with \`wardgate certs issue ${role} ${id} --state ${layout.stateDir}\``
  if (!isNameTaken(paths.cert)) throw new CertificateError(absent, { role, id, path: paths.cert })
  refuseForeignDirectory(directory, absent)
  const certificate = readCertificate(paths.cert)
  const identity = identityOfAltNames(certificate.subjectAltName)
  if (identity?.role !== role || identity.id !== id)
    throw new CertificateError(
      `the certificate ${paths.cert} speaks for ${identity?.role ?? 'nobody'} '${identity?.id ?? ''}', not for ${role} '${id}': restore it from the backup`,
      { role, id, path: paths.cert },
    )
  if (!isNameTaken(paths.key))
    throw new CertificateError(
      `there is no private key ${paths.key}: a device that brought its own key keeps it; otherwise restore it from the backup`,
      { role, id, path: paths.key },
    )
  const key = readKeyOf(certificate, paths.key, paths.cert)
  return {
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: readText(paths.cert, 'certificate'),
    ca: readText(paths.ca, 'trust file'),
    paths,
  }
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
