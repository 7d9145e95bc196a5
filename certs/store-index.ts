/** The record of everything issued and revoked: `index.json`. A certificate is in it before it leaves. */

import { X509Certificate } from 'node:crypto'

import { isRecord } from './is-record.ts'
import { validityOf } from './authority.ts'
import { CertificateError } from './errors.ts'
import { isLeafRole, isSite } from './identity-uri.ts'
import { PROFILES, type Role } from './profile.ts'
import { publicKeySha256 } from './public-key.ts'
import { REVOCATION_REASONS, type RevocationReason } from './revocation.ts'

export interface Revocation {
  readonly atMs: number
  readonly reason: RevocationReason
}

export interface IndexRow {
  readonly role: Role
  readonly id: string
  readonly serial: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly fingerprint: string
  readonly publicKeySha256: string
  /** Serial of the authority that issued it and whose list names it once it is revoked; absent in older rows. */
  readonly issuer?: string
  /** The store made its private key and keeps it. */
  readonly isKeyHeld?: true
  readonly revocation?: Revocation
}

export interface StoreIndex {
  readonly version: 1
  readonly site: string
  /** Of the newest CRL. Counted here, so that a crl.pem that lags behind is noticed. */
  readonly crlNumber: number
  readonly certificates: readonly IndexRow[]
}

export type CertificateStatus = 'valid' | 'not-yet-valid' | 'expired' | 'revoked'

export function indexRow(role: Role, id: string, certificatePem: string, issuer?: string): IndexRow {
  const certificate = new X509Certificate(certificatePem)
  return {
    role,
    id,
    serial: certificate.serialNumber,
    ...validityOf(certificate),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    publicKeySha256: publicKeySha256(certificate.publicKey),
    ...(issuer === undefined ? {} : { issuer }),
  }
}

/** Whose list names the certificate. Before rows said so there was one authority of each kind: the first one. */
export function issuerSerialOf(index: StoreIndex, row: IndexRow): string | undefined {
  if (row.issuer !== undefined) return row.issuer
  const { issuedBy } = PROFILES[row.role]
  return index.certificates.find(({ role }) => role === issuedBy)?.serial
}

/** In force, or about to be. */
export function isLive(row: IndexRow, nowMs: number): boolean {
  return row.revocation === undefined && nowMs <= row.notAfterMs
}

/** The certificates of one identity, the newest last. */
export function rowsOf(index: StoreIndex, role: Role, id: string): readonly IndexRow[] {
  return index.certificates.filter((row) => row.role === role && row.id === id)
}

export function statusOf(row: IndexRow, nowMs: number): CertificateStatus {
  if (row.revocation !== undefined) return 'revoked'
  if (nowMs < row.notBeforeMs) return 'not-yet-valid'
  return nowMs > row.notAfterMs ? 'expired' : 'valid'
}

/** Why this public key may not be certified for this identity, or undefined. One identity, one key. */
export function keyConflict(index: StoreIndex, row: IndexRow): string | undefined {
  const holder = index.certificates.find(
    (other) =>
      other.publicKeySha256 === row.publicKeySha256 &&
      (other.role !== row.role || other.id !== row.id || other.revocation?.reason === 'keyCompromise'),
  )
  if (holder === undefined) return undefined
  return holder.revocation?.reason === 'keyCompromise'
    ? `its key was revoked as compromised (serial ${holder.serial})`
    : `its key already belongs to ${holder.role} '${holder.id}'`
}

export function formatIndex(index: StoreIndex): string {
  return `${JSON.stringify(index, undefined, 2)}\n`
}

export function parseIndex(text: string, path: string): StoreIndex {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw damaged(path, error)
  }
  if (!isIndex(value)) throw damaged(path)
  return value
}

function damaged(path: string, cause?: unknown): CertificateError {
  return new CertificateError(
    `the index of issued certificates ${path} is damaged: restore it from the backup; nothing is issued or revoked without it`,
    { path },
    cause,
  )
}

function isIndex(value: unknown): value is StoreIndex {
  return (
    isRecord(value) &&
    value['version'] === 1 &&
    typeof value['site'] === 'string' &&
    isSite(value['site']) &&
    isInstant(value['crlNumber']) &&
    Array.isArray(value['certificates']) &&
    value['certificates'].every(isRow)
  )
}

function isRow(value: unknown): value is IndexRow {
  if (!isRecord(value)) return false
  const { role, id, serial, fingerprint, publicKeySha256, notBeforeMs, notAfterMs } = value
  const { issuer, isKeyHeld, revocation } = value
  return (
    typeof role === 'string' &&
    (isLeafRole(role) || role === 'root-ca' || role === 'issuing-ca') &&
    typeof id === 'string' &&
    isSerial(serial) &&
    (issuer === undefined || isSerial(issuer)) &&
    (isKeyHeld === undefined || isKeyHeld === true) &&
    typeof fingerprint === 'string' &&
    typeof publicKeySha256 === 'string' &&
    isInstant(notBeforeMs) &&
    isInstant(notAfterMs) &&
    (revocation === undefined || isRevocation(revocation))
  )
}

function isRevocation(value: unknown): value is Revocation {
  if (!isRecord(value)) return false
  const { atMs, reason } = value
  return isInstant(atMs) && typeof reason === 'string' && Object.hasOwn(REVOCATION_REASONS, reason)
}

function isSerial(value: unknown): boolean {
  return typeof value === 'string' && /^(?:[0-9A-F]{2}){1,20}$/.test(value)
}

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
