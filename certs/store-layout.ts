/** Where everything lies in `<state>/certs`. */

import { join, resolve } from 'node:path'

import type { LeafRole } from './profile.ts'

export interface StoreLayout {
  readonly stateDir: string
  readonly directory: string
  /** Issuing and root CA: what a client must trust. */
  readonly trust: string
  readonly crl: string
  readonly index: string
  readonly lock: string
  readonly caDirectory: string
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

export function roleDirectory(layout: StoreLayout, role: LeafRole): string {
  return join(layout.directory, role)
}

export function certificatePath(layout: StoreLayout, role: LeafRole, id: string): string {
  return join(roleDirectory(layout, role), `${id}.pem`)
}

export function keyPath(layout: StoreLayout, role: LeafRole, id: string): string {
  return join(roleDirectory(layout, role), `${id}.key`)
}
