/** The owner's side of enrolment on disk: a key that is made once, and a certificate that joins it only when it fits. */

import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'

import { newKeyPair } from './authority.ts'
import { createFile, discardAbandoned, makeDirectory, replaceFile } from './durable-file.ts'
import { CertificateError } from './errors.ts'
import { isNameTaken, readPrivateKey, readText, refuseForeignDirectory } from './guarded-file.ts'
import { readPair } from './pair-files.ts'
import { pemBlocks } from './pem.ts'
import type { ClientRole } from './profile.ts'
import { certificatePath, keyPath, layoutOfState, roleDirectory, type StoreLayout } from './store-layout.ts'

export interface OwnPlace {
  readonly stateDir: string
  readonly role: ClientRole
  readonly id: string
}

export interface OwnKey {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  readonly path: string
}

export interface OwnPaths {
  readonly certificate: string
  readonly key: string
  readonly trust: string
}

/** The certificate that is here already, proved to have its key; undefined without one. */
export function ownCertificate(place: OwnPlace): X509Certificate | undefined {
  const paths = ownPaths(place)
  return isNameTaken(paths.certificate) ? readPair(paths).certificate : undefined
}

/** The key of an earlier attempt, or a new one that is on disk before anybody hears of it. */
export function ownKey(place: OwnPlace): OwnKey {
  const layout = layoutOfState(place.stateDir)
  refuseAuthorities(layout)
  const directory = roleDirectory(layout, place.role)
  makeDirectory(directory)
  refuseForeignDirectory(layout.directory, `${layout.directory} is missing`)
  refuseForeignDirectory(directory, `${directory} is missing`)
  const { key: path } = ownPaths(place)
  if (!isNameTaken(path)) {
    discardAbandoned(directory)
    createFile(path, newKeyPair().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  }
  // Read back in any case: what is certified is the key that is on disk.
  const privateKey = readPrivateKey(path)
  return { privateKey, publicKey: createPublicKey(privateKey), path }
}

/** Whom this state directory trusts already; undefined when nobody yet. */
export function ownTrust(stateDir: string): string | undefined {
  const { trust } = layoutOfState(stateDir)
  return isNameTaken(trust) ? readText(trust, 'trust file') : undefined
}

/** Refuses authorities of which this state directory trusts none: one directory belongs to one gateway. */
export function refuseOtherTrust(stateDir: string, authorities: readonly X509Certificate[]): void {
  const kept = ownTrust(stateDir)
  if (kept === undefined) return
  const trusted = pemBlocks(kept)
  if (authorities.some(({ raw }) => trusted.some(({ der }) => raw.equals(der)))) return
  const { trust } = layoutOfState(stateDir)
  throw new CertificateError(
    `${trust} trusts another authority than this gateway's: choose another --state for it, or move that file away`,
    { path: trust },
  )
}

/** The trust file first: a certificate that is there can be used. */
export function keepIssued(place: OwnPlace, chainPem: string, authoritiesPem: string): OwnPaths {
  const paths = ownPaths(place)
  if (!new X509Certificate(chainPem).checkPrivateKey(readPrivateKey(paths.key)))
    throw new CertificateError(`the certificate that came does not fit ${paths.key}: it was not kept`, {
      path: paths.key,
    })
  replaceFile(paths.trust, authoritiesPem)
  replaceFile(paths.certificate, chainPem)
  return paths
}

function ownPaths({ stateDir, role, id }: OwnPlace): OwnPaths {
  const layout = layoutOfState(stateDir)
  return {
    certificate: certificatePath(layout, role, id),
    key: keyPath(layout, role, id),
    trust: layout.trust,
  }
}

function refuseAuthorities({ directory, index }: StoreLayout): void {
  if (isNameTaken(index))
    throw new CertificateError(
      `${directory} is the certificate store of the gateway itself: use \`wardgate certs issue\` there, or another --state`,
      { path: directory },
    )
}
