/** What a forecast rests on, gathered from the store. */

import { hasKey, inForce, readAuthorities } from './authority-files.ts'
import { validityOf } from './authority.ts'
import { presentLists } from './crl-writer.ts'
import { CertificateError } from './errors.ts'
import { isNameTaken, readCertificate } from './guarded-file.ts'
import { isLeafRole } from './identity-uri.ts'
import { nextKeyPath } from './pair-files.ts'
import type { Validity } from './plan.ts'
import type { CaRole, LeafRole } from './profile.ts'
import { issuerSerialOf, type IndexRow, type StoreIndex } from './store-index.ts'
import { pairPaths, type StoreLayout } from './store-layout.ts'

/** The certificate that an identity uses. */
export interface CertificateFact extends Validity {
  readonly role: LeafRole
  readonly id: string
  readonly serial: string
  readonly isKeyHere: boolean
  /** Issued after the newest root was made: with it its owner got that root too. */
  readonly isSinceNewestRoot: boolean
}

export interface AuthorityFact extends Validity {
  readonly role: CaRole
  readonly serial: string
  readonly issuer: string | undefined
  readonly isCurrent: boolean
  readonly isKeyHere: boolean
  readonly isRevoked: boolean
  /** How many of the certificates in use it has issued. */
  readonly dependents: number
}

export interface ListFact {
  readonly role: CaRole
  /** Of the authority. */
  readonly serial: string
  readonly isKeyHere: boolean
  readonly authorityEndsMs: number
  readonly times: { readonly thisUpdateMs: number; readonly nextUpdateMs: number } | undefined
}

export interface ForecastFacts {
  readonly nowMs: number
  readonly certificates: readonly CertificateFact[]
  readonly authorities: readonly AuthorityFact[]
  readonly lists: readonly ListFact[]
}

export function forecastFacts(layout: StoreLayout, index: StoreIndex, nowMs: number): ForecastFacts {
  const known = inForce(readAuthorities(layout), nowMs)
  const root = known.find(({ role, isCurrent }) => role === 'root-ca' && isCurrent)
  // Their order in the index, since two may have been made within a second.
  const rootAt = index.certificates.findIndex(({ serial }) => serial === root?.serial)
  const sinceRoot = new Set(index.certificates.slice(rootAt + 1).map(({ serial }) => serial))
  const inUse = identitiesOf(index).flatMap((rows) =>
    certificateFact(layout, rows).map((fact) => ({
      ...fact,
      isSinceNewestRoot: sinceRoot.has(fact.serial),
    })),
  )
  const serialsInUse = new Set(inUse.map(({ serial }) => serial))
  const rowsInUse = index.certificates.filter(({ serial }) => serialsInUse.has(serial))
  const authorities = known.map((authority) => {
    const { role, serial, isCurrent, certificate } = authority
    const row = index.certificates.find((each) => each.serial === serial)
    return {
      role,
      serial,
      isCurrent,
      ...validityOf(certificate),
      issuer: row && issuerSerialOf(index, row),
      isKeyHere: hasKey(authority),
      isRevoked: row?.revocation !== undefined,
      dependents: rowsInUse.filter((each) => issuerSerialOf(index, each) === serial).length,
    }
  })
  const lists = presentLists(layout, known).map(({ authority, list }) => ({
    role: authority.role,
    serial: authority.serial,
    isKeyHere: hasKey(authority),
    authorityEndsMs: validityOf(authority.certificate).notAfterMs,
    times: list && { thisUpdateMs: list.thisUpdateMs, nextUpdateMs: list.nextUpdateMs },
  }))
  return { nowMs, certificates: inUse, authorities, lists }
}

function identitiesOf(index: StoreIndex): readonly (readonly IndexRow[])[] {
  const groups = new Map<string, IndexRow[]>()
  for (const row of index.certificates) {
    const name = `${row.role}/${row.id}`
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [row])
    else group.push(row)
  }
  return [...groups.values()]
}

/** The newest certificate that is not revoked; an identity without any is nobody's concern any more. */
function certificateFact(
  layout: StoreLayout,
  all: readonly IndexRow[],
): readonly Omit<CertificateFact, 'isSinceNewestRoot'>[] {
  const rows = all.filter(({ revocation }) => revocation === undefined)
  const newest = rows.at(-1)
  if (newest === undefined || !isLeafRole(newest.role)) return []
  const { role, id } = newest
  const paths = pairPaths(layout, role, id)
  const serialOnDisk = isNameTaken(paths.certificate) ? serialIn(paths.certificate) : undefined
  const onDisk = rows.find(({ serial }) => serial === serialOnDisk)
  // A renewal that died after its row and before its files leaves a newest row whose key never was on disk.
  const used = newest.isKeyHeld === true && onDisk?.isKeyHeld === true ? onDisk : newest
  const isKeyHere = used === onDisk && [paths.key, nextKeyPath(paths)].some(isNameTaken)
  const { serial, notBeforeMs, notAfterMs } = used
  return [{ role, id, serial, notBeforeMs, notAfterMs, isKeyHere }]
}

function serialIn(path: string): string | undefined {
  try {
    return readCertificate(path).serialNumber
  } catch (error) {
    if (error instanceof CertificateError) return undefined
    throw error
  }
}
