/** `wardgate certs renew`: the next certificate of an identity, the next authority, or new revocation lists. */

import { Command } from 'commander'
import { readText } from '../certs/guarded-file.ts'
import type { CaRole } from '../certs/profile.ts'
import { openStore, type CertificateStore } from '../certs/store.ts'
import { SERVER_ID } from '../certs/store-layout.ts'
import { systemClock } from '../gateway/clock.ts'
import { UsageError } from '../gateway/errors.ts'
import { renewLists } from './certs-renew-lists.ts'
import { refuseCutOff } from './certs-renew-trust.ts'
import { collect, leafRole, print, refuseBadId, refuseEmpty } from './certs-options.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'

interface RenewOptions {
  readonly state: string
  readonly name: readonly string[]
  readonly publicKey?: string
  readonly offlineRoot?: string
  readonly trustDelivered?: boolean
  readonly json?: boolean
}

interface Renewal {
  readonly store: CertificateStore
  readonly nowMs: number
  readonly options: RenewOptions
}

export function renewCommand(): Command {
  return new Command('renew')
    .description('the next certificate of an identity, the next authority, or new revocation lists')
    .argument('<what>', 'a role, issuing-ca, root-ca or crl')
    .argument('[id]', `id; for the server left out: ${SERVER_ID}`)
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option(
      '--name <dns-or-ip>',
      'names of a server from now on; repeatable (default: as before)',
      collect,
      [],
    )
    .option('--public-key <file>', 'PEM public key of a device that keeps its private key to itself')
    .option('--offline-root <dir>', 'where the key of the root is; for issuing-ca, root-ca and crl')
    .option(
      '--trust-delivered',
      'for issuing-ca: the clients that have not learnt the new root were given the new ca.pem by hand',
    )
    .option('--json', 'print one JSON object')
    .action(renew)
}

function renew(what: string, id: string | undefined, options: RenewOptions): void {
  refuseMisplaced(what, id, options)
  const renewal = { store: openStore(options.state), nowMs: systemClock.nowMs(), options }
  if (what === 'crl') renewLists(renewal)
  else if (what === 'issuing-ca' || what === 'root-ca') renewAuthority(what, renewal)
  else renewIdentity(what, id ?? SERVER_ID, renewal)
}

function renewIdentity(roleText: string, id: string, { store, nowMs, options }: Renewal): void {
  const role = leafRole(roleText)
  refuseBadId(id)
  const { publicKey, name, json } = options
  if (publicKey !== undefined) {
    const publicKeyPem = readText(publicKey, 'public key')
    const names = role === 'server' ? name : undefined
    const certified = store.certify({ role, id, publicKeyPem, nowMs, names, renews: true })
    const { serial, fingerprint, notAfter } = certified
    print(
      json,
      { role, id, serial, fingerprint, notAfter },
      `${role} '${id}' has a new certificate until ${notAfter}\n${certified.chainPem}`,
    )
    return
  }
  const issued = store.renew(role, id, nowMs, name)
  print(
    json,
    issued,
    `${role} '${id}' has a new key and certificate until ${issued.notAfter}\n` +
      `certificate  ${issued.certificatePath}\nkey          ${issued.keyPath ?? ''}\nserial       ${issued.serial}\n` +
      `the one before stays valid until its end; if its key may be known to others: wardgate certs list, then wardgate certs revoke --serial SERIAL --reason superseded`,
  )
}

function renewAuthority(role: CaRole, { store, nowMs, options }: Renewal): void {
  const { offlineRoot, trustDelivered, json } = options
  if (role === 'issuing-ca' && trustDelivered !== true) refuseCutOff(store, nowMs)
  const { serial, lists } = store.renewAuthority(role, nowMs, offlineRoot)
  const next: Readonly<Record<CaRole, string>> = {
    'issuing-ca':
      'everything issued from now on comes from it; what was issued before stays valid until its own end',
    'root-ca':
      'it is trusted beside the one before; clients learn it when they renew.\n' +
      'wardgate certs forecast names those that have not; when none is left: wardgate certs renew issuing-ca',
  }
  const unlisted = lists.notRenewed.filter(({ isDue }) => isDue).map(({ advice }) => `\nmind: ${advice}`)
  print(json, { role, serial, lists }, `new ${role} ${serial}: ${next[role]}${unlisted.join('')}`)
}

function refuseMisplaced(what: string, id: string | undefined, options: RenewOptions): void {
  const { name, publicKey, offlineRoot, trustDelivered } = options
  const isOfRoot = ['crl', 'issuing-ca', 'root-ca'].includes(what)
  if (isOfRoot && id !== undefined) throw new UsageError(`there is no id to ${what}`)
  if (!isOfRoot) leafRole(what)
  if (!isOfRoot && id === undefined && what !== 'server')
    throw new UsageError(`say which ${what}: wardgate certs renew ${what} ID`)
  if (!isOfRoot && offlineRoot !== undefined)
    throw new UsageError('--offline-root is for issuing-ca, root-ca and crl')
  if (what !== 'server' && name.length > 0) throw new UsageError('--name is for servers')
  if (isOfRoot && publicKey !== undefined) throw new UsageError('--public-key is for devices')
  if (what !== 'issuing-ca' && trustDelivered === true)
    throw new UsageError('--trust-delivered is for issuing-ca')
  refuseEmpty('--offline-root', offlineRoot)
  refuseEmpty('--public-key', publicKey)
}
