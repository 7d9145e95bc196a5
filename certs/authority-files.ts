/** The authorities that a store knows: the two that issue today, and those before them until they expire. */

import type { X509Certificate } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import type { Authority } from './authority.ts'
import { validityOf } from './authority.ts'
import { createFile, removeFile } from './durable-file.ts'
import { CertificateError } from './errors.ts'
import { certificateIn, isNameTaken, readCertificate, readPrivateKey, readText } from './guarded-file.ts'
import { offlineKeyPaths } from './offline-root.ts'
import { nextKeyPath, readPair, type PairPaths } from './pair-files.ts'
import { pemBlocks } from './pem.ts'
import type { CaRole } from './profile.ts'
import { authorityPaths, currentPaths, roleOfAuthorityFile, type StoreLayout } from './store-layout.ts'

export interface KnownAuthority {
  readonly role: CaRole
  readonly certificate: X509Certificate
  readonly certificatePem: string
  readonly serial: string
  /** It signs what is issued from now on. */
  readonly isCurrent: boolean
  readonly paths: PairPaths
}

/** What an authority is to whoever does not sign with it. */
export interface AuthorityView {
  readonly role: CaRole
  readonly certificate: X509Certificate
  readonly certificatePem: string
  readonly isCurrent: boolean
  /** Its private key is in the state directory. */
  readonly hasKey: boolean
}

export type Signer =
  | { readonly kind: 'signer'; readonly authority: Authority; readonly isOffline: boolean }
  | { readonly kind: 'absent'; readonly advice: string }

/** The current issuing CA, the current root, then the others: issuing CAs before roots, younger before older. */
export function readAuthorities(layout: StoreLayout): readonly KnownAuthority[] {
  const current = (['issuing-ca', 'root-ca'] as const).map((role) =>
    readAuthority(role, currentPaths(layout, role), true),
  )
  const others = readdirSync(layout.caDirectory).flatMap((name) => {
    const role = roleOfAuthorityFile(name)
    if (role === undefined) return []
    const certificate = join(layout.caDirectory, name)
    return [readAuthority(role, { certificate, key: certificate.replace(/\.pem$/, '.key') }, false)]
  })
  // While an authority is being replaced it has two names.
  const distinct = others.filter(
    ({ role, serial }) => !current.some((one) => one.role === role && one.serial === serial),
  )
  return [...current, ...distinct.sort(byRoleAndAge)]
}

/** Those that have not expired, and the current ones in any case: what to trust and to keep lists of. */
export function inForce(authorities: readonly KnownAuthority[], nowMs: number): readonly KnownAuthority[] {
  return authorities.filter(
    ({ certificate, isCurrent }) => isCurrent || nowMs <= validityOf(certificate).notAfterMs,
  )
}

export function currentAuthority(authorities: readonly KnownAuthority[], role: CaRole): KnownAuthority {
  const found = authorities.find((one) => one.role === role && one.isCurrent)
  if (found === undefined)
    throw new CertificateError(`there is no ${role}: restore it from the backup`, { role })
  return found
}

export function hasKey({ paths, isCurrent }: KnownAuthority): boolean {
  return isNameTaken(paths.key) || (isCurrent && isNameTaken(nextKeyPath(paths)))
}

/** The authority with its key, from the state directory or from the medium of the root; or where to look for it. */
export function findSigner(known: KnownAuthority, offlineRootDir?: string): Signer {
  try {
    if (hasKey(known)) return { kind: 'signer', authority: withKeyHere(known), isOffline: false }
    if (known.role === 'issuing-ca') return { kind: 'absent', advice: absentIssuing(known) }
    const authority = offlineRootDir === undefined ? undefined : withKeyOn(offlineRootDir, known)
    if (authority !== undefined) return { kind: 'signer', authority, isOffline: true }
    return { kind: 'absent', advice: absentRoot(known, offlineRootDir) }
  } catch (error) {
    if (error instanceof CertificateError) return { kind: 'absent', advice: error.message }
    throw error
  }
}

export function requireSigner(known: KnownAuthority, offlineRootDir?: string): Authority {
  const signer = findSigner(known, offlineRootDir)
  if (signer.kind === 'signer') return signer.authority
  throw new CertificateError(signer.advice, { role: known.role, serial: known.serial })
}

/** Refuses keys that others can read and keys of other certificates; a key that is not here is none of these. */
export function refuseUnfitKeys(authorities: readonly KnownAuthority[]): void {
  for (const known of authorities) if (hasKey(known)) withKeyHere(known)
}

/** Keeps an authority under its serial, the key first: with its certificate it is known. Repeating it is harmless. */
export function keepUnderSerial(
  layout: StoreLayout,
  authority: Omit<Authority, 'privateKey'> & Partial<Authority>,
) {
  const paths = authorityPaths(layout.caDirectory, authority.role, authority.certificate.serialNumber)
  const keyPem = authority.privateKey?.export({ type: 'pkcs8', format: 'pem' }).toString()
  if (keyPem !== undefined && !isNameTaken(paths.key)) createFile(paths.key, keyPem)
  if (!isNameTaken(paths.certificate)) createFile(paths.certificate, authority.certificatePem)
}

/** Drops keys whose certificate never came, because the writer died in between: nobody was ever told to trust them. */
export function discardStrayKeys(layout: StoreLayout): void {
  const names = readdirSync(layout.caDirectory)
  const trusted = pemBlocks(readText(layout.trust, 'trust file')).map(
    ({ pem }) => certificateIn(pem, layout.trust).serialNumber,
  )
  for (const name of names) {
    const certificate = name.replace(/\.key$/, '.pem')
    if (certificate === name || names.includes(certificate)) continue
    const isTrusted = trusted.some((serial) => name.includes(serial))
    if (roleOfAuthorityFile(certificate) !== undefined && !isTrusted)
      removeFile(join(layout.caDirectory, name))
  }
}

/** Drops the second name of an authority that has become the current one. */
export function dropSecondName(layout: StoreLayout, role: CaRole, serial: string): void {
  const paths = authorityPaths(layout.caDirectory, role, serial)
  rmSync(paths.certificate, { force: true })
  removeFile(paths.key)
}

function readAuthority(role: CaRole, paths: PairPaths, isCurrent: boolean): KnownAuthority {
  const certificate = readCertificate(paths.certificate)
  return {
    role,
    certificate,
    certificatePem: certificate.toString(),
    serial: certificate.serialNumber,
    isCurrent,
    paths,
  }
}

function withKeyHere({ role, certificatePem, paths }: KnownAuthority): Authority {
  const { key: privateKey, certificate } = readPair(paths)
  return { role, certificatePem, certificate, privateKey }
}

function withKeyOn(offlineRootDir: string, { role, serial, certificate, certificatePem }: KnownAuthority) {
  for (const path of offlineKeyPaths(offlineRootDir, serial).filter(isNameTaken)) {
    const privateKey = readPrivateKey(path)
    if (certificate.checkPrivateKey(privateKey)) return { role, certificatePem, certificate, privateKey }
  }
  return undefined
}

function absentIssuing({ paths }: KnownAuthority): string {
  return `the private key ${paths.key} is missing: restore it from the backup, or make a new issuing CA with \`wardgate certs renew issuing-ca\``
}

function absentRoot({ serial, paths }: KnownAuthority, offlineRootDir: string | undefined): string {
  return offlineRootDir === undefined
    ? `the key of the root CA ${serial} is not in this state directory: mount the medium that holds it and repeat the command with --offline-root DIR; if it was never taken offline, restore ${paths.key} from the backup`
    : `${offlineRootDir} does not hold the key of the root CA ${serial} (neither root-${serial}.key nor a root.key that belongs to it): mount the right medium`
}

function byRoleAndAge(a: KnownAuthority, b: KnownAuthority): number {
  if (a.role !== b.role) return a.role === 'issuing-ca' ? -1 : 1
  return (
    validityOf(b.certificate).notBeforeMs - validityOf(a.certificate).notBeforeMs ||
    (a.serial < b.serial ? -1 : 1)
  )
}
