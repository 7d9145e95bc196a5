/** Makes a store: all of it in a temporary directory that is moved into place when it is whole. */

import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'

import { createIssuing, createRoot, type Authority } from './authority.ts'
import { createFile, makeDirectory, moveDirectory } from './durable-file.ts'
import { saveIndex, writeLists } from './crl-writer.ts'
import { CertificateError } from './errors.ts'
import { isNameTaken } from './guarded-file.ts'
import { readHostNames } from './host-name.ts'
import { isSite } from './identity-uri.ts'
import { refuseInsideState, storeOfflineRoot } from './offline-root.ts'
import { indexRow, type StoreIndex } from './store-index.ts'
import { layoutOfState, SERVER_ID, storeLayout, type StoreLayout } from './store-layout.ts'
import { issueInto } from './store-writer.ts'

export interface InitOptions {
  readonly stateDir: string
  /** The SPIFFE trust domain of every identity. */
  readonly site: string
  /** The names clients dial: DNS or IP. */
  readonly serverNames: readonly string[]
  readonly nowMs: number
  /** How long the server certificate lasts. */
  readonly days?: number | undefined
  /** Where the key of the root goes instead of into the store: a medium that is taken away afterwards. */
  readonly offlineRootDir?: string | undefined
}

export function makeStore(options: InitOptions): void {
  const target = layoutOfState(options.stateDir)
  refuseBadOptions(options, target.directory)
  if (options.offlineRootDir !== undefined) refuseInsideState(options.offlineRootDir, options.stateDir)
  makeDirectory(options.stateDir)
  const temporary = join(options.stateDir, `.certs-${randomBytes(6).toString('hex')}.tmp`)
  try {
    fill(storeLayout(options.stateDir, temporary), options)
    moveDirectory(temporary, target.directory)
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    throw error
  }
}

function refuseBadOptions({ site, serverNames }: InitOptions, directory: string): void {
  if (!isSite(site))
    throw new CertificateError(
      `'${site}' cannot be a site: use 1 to 63 of the characters a-z, 0-9, - and ., beginning and ending with a letter or digit`,
      { site },
    )
  if (serverNames.length === 0)
    throw new CertificateError('the server needs at least one DNS name or IP address that clients dial')
  readHostNames(serverNames)
  if (isNameTaken(directory))
    throw new CertificateError(
      `${directory} exists already: nothing was changed; use it, or choose another --state`,
      { path: directory },
    )
}

function fill(layout: StoreLayout, options: InitOptions): void {
  const { site, serverNames, nowMs, days, offlineRootDir } = options
  const root = createRoot({ site, nowMs })
  const issuing = createIssuing(root, { site, nowMs })
  makeDirectory(layout.caDirectory)
  if (offlineRootDir === undefined) writeKey(layout.rootKey, root)
  writeKey(layout.issuingKey, issuing)
  createFile(layout.rootCertificate, root.certificatePem)
  createFile(layout.issuingCertificate, issuing.certificatePem)
  const index = firstIndex(root, issuing, site)
  saveIndex(layout, index)
  const onMedium = offlineRootDir === undefined ? undefined : storeOfflineRoot(offlineRootDir, root)
  try {
    writeLists({ layout, index, nowMs, offlineRootDir })
    issueInto(
      layout,
      { ...index, crlNumber: 1 },
      { role: 'server', id: SERVER_ID, names: serverNames, nowMs, days },
    )
  } catch (error) {
    // The key of a root that never was is no use on the medium.
    for (const path of Object.values(onMedium ?? {})) rmSync(path, { force: true })
    throw error
  }
}

function firstIndex(root: Authority, issuing: Authority, site: string): StoreIndex {
  const certificates = [root, issuing].map(({ role, certificatePem }) =>
    indexRow(role, role, certificatePem, root.certificate.serialNumber),
  )
  return { version: 1, site, crlNumber: 0, certificates }
}

function writeKey(path: string, { privateKey }: Authority): void {
  createFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
}
