/** Roll-over of the authorities, judged by openssl and gnutls before, during and after: nobody is ever cut off. */

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { initStore, openStore, type CertificateStore } from '../../certs/store.ts'
import {
  certtoolVerify,
  certtoolVerifyChain,
  opensslVerify,
  run,
  suiteFor,
} from '../support/other-verifiers.ts'
import { tempDir } from '../support/temp-dir.ts'

const nowMs = Date.now()
const DAY_MS = 86_400_000
const YEAR_MS = 365 * DAY_MS

const withOpenssl = suiteFor('openssl')
const withCerttool = suiteFor('certtool')

let temp: ReturnType<typeof tempDir>
let stateDir: string
let medium: string
let store: CertificateStore

beforeEach(() => {
  temp = tempDir()
  stateDir = join(temp.path, 'state')
  medium = join(temp.path, 'medium')
})
afterEach(() => temp.remove())

const judges = [
  { name: 'openssl', suite: withOpenssl, isAccepted: acceptedByOpenssl },
  { name: 'gnutls', suite: withCerttool, isAccepted: acceptedByCerttool },
] as const

describe.each([
  { root: 'in the store', isOffline: false },
  { root: 'kept offline', isOffline: true },
])('with the root $root', ({ isOffline }) => {
  beforeEach(() => {
    store = initStore({
      stateDir,
      site: 'wardgate',
      serverNames: ['localhost'],
      nowMs,
      ...(isOffline ? { offlineRootDir: medium } : {}),
    })
  })

  for (const { name, suite, isAccepted } of judges)
    suite(`${name} accepts every leaf`, () => {
      it('before, during and after the roll-over of the issuing CA and of the root', () => {
        const accepted = (): void => {
          for (const path of leaves) expect([path, isAccepted(path)]).toEqual([path, true])
        }
        const leaves = [server(), issue('first')]
        accepted()

        renewAuthority('issuing-ca', isOffline)
        accepted()
        leaves.push(issue('second'))
        store.renew('server', 'server', nowMs)
        accepted()

        renewAuthority('root-ca', isOffline)
        accepted()
        leaves.push(issue('third'))
        accepted()

        renewAuthority('issuing-ca', isOffline)
        accepted()
        leaves.push(issue('fourth'))
        store.renew('server', 'server', nowMs)
        accepted()
        expect(store.authorities().map(({ role, isCurrent }) => [role, isCurrent])).toEqual([
          ['issuing-ca', true],
          ['root-ca', true],
          ['issuing-ca', false],
          ['issuing-ca', false],
          ['root-ca', false],
        ])
      })
    })

  withOpenssl('openssl', () => {
    it('goes on to see what each authority has revoked, before and after it was replaced', () => {
      const old = [issue('old-thief'), issue('old-honest')] as const
      renewAuthority('issuing-ca', isOffline)
      const young = [issue('thief'), issue('honest')] as const
      store.revokeIdentity('device', 'old-thief', 'keyCompromise', nowMs)
      store.revokeIdentity('device', 'thief', 'keyCompromise', nowMs)
      for (const [thief, honest] of [old, young]) {
        expect(opensslVerify(stateDir, thief, { purpose: 'sslclient' })).toMatchObject({
          ok: false,
          output: expect.stringContaining('certificate revoked'),
        })
        expect(acceptedByOpenssl(honest)).toBe(true)
      }
    })

    it('refuses what a revoked issuing CA has issued and accepts what its successor issues', () => {
      const doomed = issue('doomed')
      const serial = store.authorities()[0]?.certificate.serialNumber ?? ''
      renewAuthority('issuing-ca', isOffline)
      store.revoke(serial, 'cACompromise', nowMs, ...(isOffline ? [medium] : []))
      expect(opensslVerify(stateDir, doomed, { purpose: 'sslclient' })).toMatchObject({
        ok: false,
        output: expect.stringContaining('certificate revoked'),
      })
      expect(acceptedByOpenssl(issue('saved'))).toBe(true)
    })

    it('accepts the server of the second step with the trust that clients learnt in the first', () => {
      const before = trustAsOfNow('before')
      renewAuthority('root-ca', isOffline)
      const learnt = trustAsOfNow('learnt')
      renewAuthority('issuing-ca', isOffline)
      store.renew('server', 'server', nowMs)
      expect(withTrust(learnt)).toMatchObject({ ok: true })
      // Whoever has not learnt the new root by then is cut off: that is why there are two steps.
      expect(withTrust(before)).toMatchObject({ ok: false })
    })

    it('still accepts everything after a year in which nobody had the key of the root', () => {
      const path = issue('first')
      renewAuthority('issuing-ca', isOffline)
      const laterMs = nowMs + YEAR_MS
      openStore(stateDir).refreshCrl(laterMs)
      const more = ['-attime', String(Math.floor(laterMs / 1000))]
      expect(opensslVerify(stateDir, path, { purpose: 'sslclient', more })).toMatchObject({ ok: true })
    })
  })
})

function renewAuthority(role: 'issuing-ca' | 'root-ca', isOffline: boolean): void {
  store.renewAuthority(role, nowMs, ...(isOffline ? [medium] : []))
}

function issue(id: string): string {
  return store.issue({ role: 'device', id, nowMs }).certificatePath
}

function server(): string {
  return join(stateDir, 'certs/server/server.pem')
}

function acceptedByOpenssl(path: string): boolean {
  const purpose = path === server() ? 'sslserver' : 'sslclient'
  return opensslVerify(stateDir, path, { purpose }).ok
}

function acceptedByCerttool(path: string): boolean {
  return certtoolVerifyChain(stateDir, path).ok && certtoolVerify(stateDir, path).ok
}

function trustAsOfNow(name: string): string {
  mkdirSync(join(temp.path, name))
  const path = join(temp.path, name, 'ca.pem')
  copyFileSync(join(stateDir, 'certs/ca.pem'), path)
  return path
}

/** The server as it presents itself: its leaf, and its issuing CA as an untrusted companion. */
function withTrust(ca: string) {
  const crl = join(stateDir, 'certs/crl.pem')
  const { cert } = store.serverMaterial()
  const chain = join(temp.path, 'presented.pem')
  writeFileSync(chain, cert)
  const options = ['-x509_strict', '-crl_check_all', '-purpose', 'sslserver', '-CAfile', ca, '-CRLfile', crl]
  return run('openssl', ['verify', ...options, '-untrusted', chain, chain])
}
