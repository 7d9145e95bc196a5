/** Where everything lies in `<state>/certs`. */

import { join, resolve } from 'node:path'

import type { PairPaths } from './pair-files.ts'
import type { CaRole, LeafRole } from './profile.ts'

export interface StoreLayout {
  readonly stateDir: string
  readonly directory: string
  /** Every authority in force, those that issue today first: what a client must trust. */
  readonly trust: string
  readonly crl: string
  readonly index: string
  readonly lock: string
  readonly caDirectory: string
  /** The authorities that issue today. A root that is kept offline has no key here. */
  readonly rootCertificate: string
  readonly rootKey: string
  readonly issuingCertificate: string
  readonly issuingKey: string
}

/** The name of the gateway's own certificate among those of role `server`. */
export const SERVER_ID = 'server'

export function layoutOfState(stateDir: string): StoreLayout {
  return storeLayout(stateDir, join(resolve(stateDir), 'certs'))
}

export function storeLayout(stateDir: string, directory: string): StoreLayout {
  const caDirectory = join(directory, 'ca')
  return {
    stateDir,
    directory,
    trust: join(directory, 'ca.pem'),
    crl: join(directory, 'crl.pem'),
    index: join(directory, 'index.json'),
    lock: join(directory, '.lock'),
    caDirectory,
    rootCertificate: join(caDirectory, 'root.pem'),
    rootKey: join(caDirectory, 'root.key'),
    issuingCertificate: join(caDirectory, 'issuing.pem'),
    issuingKey: join(caDirectory, 'issuing.key'),
  }
}

const CA_NAMES: Readonly<Record<CaRole, string>> = { 'root-ca': 'root', 'issuing-ca': 'issuing' }

export function currentPaths(layout: StoreLayout, role: CaRole): PairPaths {
  return role === 'root-ca'
    ? { key: layout.rootKey, certificate: layout.rootCertificate }
    : { key: layout.issuingKey, certificate: layout.issuingCertificate }
}

/** An authority by its serial: one that issues no more, or does not issue yet. */
export function authorityPaths(directory: string, role: CaRole, serial: string): PairPaths {
  const name = `${CA_NAMES[role]}-${serial}`
  return { key: join(directory, `${name}.key`), certificate: join(directory, `${name}.pem`) }
}

/** The role of an authority of which a file of this name holds the certificate. */
export function roleOfAuthorityFile(name: string): CaRole | undefined {
  const word = /^(root|issuing)-[0-9A-F]{2,40}\.pem$/.exec(name)?.[1]
  return word === undefined ? undefined : word === 'root' ? 'root-ca' : 'issuing-ca'
}

export function roleDirectory(layout: StoreLayout, role: LeafRole): string {
  return join(layout.directory, role)
}

export function certificatePath(layout: StoreLayout, role: LeafRole, id: string): string {
  return join(roleDirectory(layout, role), `${id}.pem`)
}

export function keyPath(layout: StoreLayout, role: LeafRole, id: string): string {
  return join(roleDirectory(layout, role), `${id}.key`)
}

export function pairPaths(layout: StoreLayout, role: LeafRole, id: string): PairPaths {
  return { key: keyPath(layout, role, id), certificate: certificatePath(layout, role, id) }
}
