/** What a process holds that can run out: read from its store, or, on a box without one, from the files it was given. */

import { isNameTaken, readCertificate } from '../../certs/guarded-file.ts'
import type { LeafRole } from '../../certs/profile.ts'
import type { CertificateStore } from '../../certs/store.ts'
import { certificatePath, type StoreLayout } from '../../certs/store-layout.ts'
import type { AuthorityHeld, CertificateHeld, Holding } from './upkeep-due.ts'

/** A certificate that this process shows to others. */
export interface OwnCertificate {
  readonly role: LeafRole
  readonly id: string
  /** Where its next one is asked for when no store here can make it. */
  readonly renewAt?: string | undefined
}

export interface ProcessCertificates {
  readonly layout: StoreLayout
  /** Undefined on a box that has no authority. */
  readonly store: CertificateStore | undefined
  readonly own: readonly OwnCertificate[]
}

export function readHoldings({ layout, store, own }: ProcessCertificates, nowMs: number): readonly Holding[] {
  const known = store?.list(nowMs) ?? []
  const certificates = own.flatMap((one): readonly CertificateHeld[] => {
    const held = readOwn(layout, one)
    if (held === undefined) return []
    const row = known.find(({ fingerprint }) => fingerprint === held.fingerprint)
    return [{ ...held, renewedBy: renewerOf(row?.status, one) }]
  })
  if (store === undefined) return certificates
  return [...authoritiesOf(store), { kind: 'lists', isDue: store.isCrlDue(nowMs) }, ...certificates]
}

/** The certificate in its file, or undefined when there is none. */
export function readOwn(
  layout: StoreLayout,
  { role, id }: OwnCertificate,
): Omit<CertificateHeld, 'renewedBy'> | undefined {
  const path = certificatePath(layout, role, id)
  if (!isNameTaken(path)) return undefined
  const certificate = readCertificate(path)
  return {
    kind: 'certificate',
    role,
    id,
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  }
}

function renewerOf(
  status: ReturnType<CertificateStore['list']>[number]['status'] | undefined,
  { renewAt }: OwnCertificate,
): CertificateHeld['renewedBy'] {
  // Revoked is revoked for good: whoever lost its rights does not give itself new ones.
  if (status === 'revoked') return 'nobody'
  if (status !== undefined) return 'store'
  // Not made here, so its authority is elsewhere.
  return renewAt === undefined ? 'nobody' : 'enrolment'
}

function authoritiesOf(store: CertificateStore): readonly AuthorityHeld[] {
  const current = store.authorities().filter(({ isCurrent }) => isCurrent)
  const hasRootKey = current.some(({ role, hasKey }) => role === 'root-ca' && hasKey)
  return current.map(({ role, certificate }) => ({
    kind: 'authority',
    role,
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
    canRenew: hasRootKey,
  }))
}
