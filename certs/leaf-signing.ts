/** From a request for a certificate to the signed certificate and its row of the index. Nothing is written here. */

import { issueCertificate, newKeyPair, validityOf, type Authority } from './authority.ts'
import { CertificateError } from './errors.ts'
import { readHostNames } from './host-name.ts'
import { isIdentityId } from './identity-uri.ts'
import { planLeaf } from './plan.ts'
import type { LeafRole } from './profile.ts'
import { readPublicKey } from './public-key.ts'
import { indexRow, isLive, keyConflict, rowsOf, type IndexRow, type StoreIndex } from './store-index.ts'

export interface LeafRequest {
  readonly role: LeafRole
  readonly id: string
  readonly nowMs: number
  readonly days?: number | undefined
  /** DNS names and IP addresses; servers only. */
  readonly names?: readonly string[] | undefined
}

export interface SignedLeaf {
  readonly row: IndexRow
  readonly certificatePem: string
  /** The certificate and that of the authority that issued it. */
  readonly chainPem: string
}

/** Signs for a key that its owner keeps. */
export function signBrought(
  issuing: Authority,
  index: StoreIndex,
  request: LeafRequest & { readonly publicKeyPem: string },
): SignedLeaf {
  return sign(issuing, index, request, readPublicKey(request.publicKeyPem))
}

/** Makes a key, and signs for it. */
export function signOwn(
  issuing: Authority,
  index: StoreIndex,
  request: LeafRequest,
): SignedLeaf & { readonly keyPem: string } {
  const { publicKey, privateKey } = newKeyPair()
  const leaf = sign(issuing, index, request, publicKey)
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { ...leaf, row: { ...leaf.row, isKeyHeld: true }, keyPem }
}

/** Before any path is made from it. */
export function refuseBadId({ role, id }: Pick<LeafRequest, 'role' | 'id'>): void {
  if (isIdentityId(id)) return
  throw new CertificateError(
    `'${id}' cannot be an id: use 1 to 32 of the characters a-z, 0-9 and -, for example mon-12`,
    { role, id },
  )
}

/** One identity has one certificate, unless its owner renews it. */
export function refuseHolder(index: StoreIndex, { role, id, nowMs }: LeafRequest): void {
  const holder = rowsOf(index, role, id).find((row) => isLive(row, nowMs))
  if (holder === undefined) return
  throw new CertificateError(
    `${role} '${id}' already has a certificate, valid until ${new Date(holder.notAfterMs).toISOString()} (serial ${holder.serial}): choose another id, or revoke that one first`,
    { role, id, serial: holder.serial },
  )
}

function sign(
  issuing: Authority,
  index: StoreIndex,
  { role, id, nowMs, days, names }: LeafRequest,
  publicKey: ReturnType<typeof readPublicKey>,
): SignedLeaf {
  refuseRevokedAuthority(issuing, index)
  const plan = planLeaf({
    role,
    id,
    publicKey,
    nowMs,
    days,
    site: index.site,
    issuer: validityOf(issuing.certificate),
    ...readHostNames(names ?? []),
  })
  const certificatePem = issueCertificate(issuing, plan, nowMs)
  const row = indexRow(role, id, certificatePem, issuing.certificate.serialNumber)
  const conflict = keyConflict(index, row)
  if (conflict !== undefined)
    throw new CertificateError(
      `no certificate for ${role} '${id}': ${conflict}; make a new key on the device`,
      { role, id },
    )
  return { row, certificatePem, chainPem: certificatePem + issuing.certificatePem }
}

function refuseRevokedAuthority({ certificate }: Authority, index: StoreIndex): void {
  const row = index.certificates.find(({ serial }) => serial === certificate.serialNumber)
  if (row?.revocation === undefined) return
  throw new CertificateError(
    `the issuing CA ${row.serial} is revoked, and nobody would accept what it issues: make a new one with \`wardgate certs renew issuing-ca\``,
    { serial: row.serial },
  )
}
