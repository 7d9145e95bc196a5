import { generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { AuthorityView } from '../../../certs/authority-files.ts'
import { crlOf } from '../../../certs/crl-reading.ts'
import { identityOfAltNames } from '../../../certs/identity-uri.ts'
import { initStore, openStore, type CertificateStore } from '../../../certs/store.ts'
import { tempDir } from '../../support/temp-dir.ts'

const nowMs = Date.UTC(2026, 8, 20, 10, 15, 2)
const DAY_MS = 86_400_000

let temp: ReturnType<typeof tempDir>
let stateDir: string
let store: CertificateStore

beforeEach(() => {
  temp = tempDir()
  stateDir = join(temp.path, 'state')
  store = initStore({ stateDir, site: 'icu-3', serverNames: ['gw', '10.0.0.7', '::1'], nowMs })
})
afterEach(() => temp.remove())

describe('renewing', () => {
  it('puts a new key and certificate in the place of the old, which stays valid', () => {
    const first = store.issue({ role: 'bedside', id: 'box-1', nowMs })
    const before = store.clientMaterial('bedside', 'box-1')
    const second = store.renew('bedside', 'box-1', nowMs)
    const after = store.clientMaterial('bedside', 'box-1')
    expect(second).toMatchObject({ certificatePath: first.certificatePath, keyPath: first.keyPath })
    expect(after.key).not.toBe(before.key)
    expect(after.paths).toEqual(before.paths)
    expect(statusesOf('bedside')).toEqual(['valid', 'valid'])
    expect(readdirSync(at('bedside')).sort()).toEqual(['box-1.key', 'box-1.pem'])
  })

  it('keeps the names of the server, or gives it others', () => {
    const namesOf = () => new X509Certificate(store.serverMaterial().cert).subjectAltName
    const before = namesOf()
    store.renew('server', 'server', nowMs)
    expect(namesOf()).toBe(before)
    store.renew('server', 'server', nowMs, ['gw-2'])
    expect(namesOf()).toBe('URI:spiffe://icu-3/server/server, DNS:gw-2')
  })

  it('works long after the end, for a gateway that was switched off', () => {
    const lateMs = nowMs + 900 * DAY_MS
    store.renew('server', 'server', lateMs)
    expect(Date.parse(new X509Certificate(store.serverMaterial().cert).validTo)).toBeGreaterThan(lateMs)
  })

  it('never lets in again who was revoked', () => {
    store.issue({ role: 'bedside', id: 'box-1', nowMs })
    store.revokeIdentity('bedside', 'box-1', 'privilegeWithdrawn', nowMs)
    expect(() => store.renew('bedside', 'box-1', nowMs)).toThrow('is revoked (privilegeWithdrawn')
    expect(statusesOf('bedside')).toEqual(['revoked'])
  })

  it('never lets in again who was revoked after the certificate here had ended', () => {
    store.issue({ role: 'bedside', id: 'box-1', days: 1, nowMs })
    store.certify({ role: 'bedside', id: 'box-1', publicKeyPem: newPublicKey(), nowMs, renews: true })
    const lateMs = nowMs + 2 * DAY_MS
    store.revokeIdentity('bedside', 'box-1', 'keyCompromise', lateMs)
    expect(() => store.renew('bedside', 'box-1', lateMs)).toThrow('is revoked (keyCompromise')
  })

  it('gives the server another key when the one it had is compromised', () => {
    const before = store.serverMaterial().key
    store.revokeIdentity('server', 'server', 'keyCompromise', nowMs)
    store.renew('server', 'server', nowMs)
    expect(store.serverMaterial().key).not.toBe(before)
  })

  it('refuses an identity that has no certificate, no key here, or no id', () => {
    expect(() => store.renew('device', 'mon-1', nowMs)).toThrow('`wardgate certs issue device mon-1`')
    store.issue({ role: 'device', id: 'mon-1', publicKeyPem: newPublicKey(), nowMs })
    expect(() => store.renew('device', 'mon-1', nowMs)).toThrow('its owner keeps it and renews')
    expect(() => store.renew('device', '../x', nowMs)).toThrow('cannot be an id')
  })
})

describe('certifying a key that stays with its owner', () => {
  it('answers the certificate and its chain, and keeps a copy without a key', () => {
    const answer = store.certify({ role: 'device', id: 'mon-1', publicKeyPem: newPublicKey(), nowMs })
    const certificate = new X509Certificate(answer.certificatePem)
    expect(identityOfAltNames(certificate.subjectAltName)).toEqual({
      site: 'icu-3',
      role: 'device',
      id: 'mon-1',
    })
    expect(answer).toMatchObject({ serial: certificate.serialNumber, notAfter: '2027-10-22T10:15:02.000Z' })
    expect(answer.chainPem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
    expect(readFileSync(at('device/mon-1.pem'), 'utf8')).toBe(answer.chainPem)
    expect(readdirSync(at('device'))).toEqual(['mon-1.pem'])
  })

  it('refuses a second certificate, unless it renews the first', () => {
    const request = { role: 'device', id: 'mon-1', nowMs } as const
    store.certify({ ...request, publicKeyPem: newPublicKey() })
    expect(() => store.certify({ ...request, publicKeyPem: newPublicKey() })).toThrow(
      'already has a certificate',
    )
    store.certify({ ...request, publicKeyPem: newPublicKey(), renews: true })
    expect(statusesOf('device')).toEqual(['valid', 'valid'])
  })

  it('takes the same key again for the same identity, but not for another, and never once it is compromised', () => {
    const publicKeyPem = newPublicKey()
    const request = { role: 'device', id: 'mon-1', publicKeyPem, nowMs } as const
    store.certify(request)
    store.certify({ ...request, renews: true })
    expect(() => store.certify({ ...request, id: 'mon-2', renews: true })).toThrow('already belongs to')
    store.revokeIdentity('device', 'mon-1', 'keyCompromise', nowMs)
    expect(() => store.certify({ ...request, renews: true })).toThrow('revoked as compromised')
  })

  it('lets an identity in anew with another key after it was revoked, without anyone moving files', () => {
    store.certify({ role: 'device', id: 'mon-1', publicKeyPem: newPublicKey(), nowMs })
    store.revokeIdentity('device', 'mon-1', 'superseded', nowMs)
    store.certify({ role: 'device', id: 'mon-1', publicKeyPem: newPublicKey(), nowMs })
    expect(statusesOf('device')).toEqual(['revoked', 'valid'])
  })

  it('never tears a pair of this host apart', () => {
    store.issue({ role: 'bedside', id: 'box-1', nowMs })
    const before = store.clientMaterial('bedside', 'box-1')
    store.certify({ role: 'bedside', id: 'box-1', publicKeyPem: newPublicKey(), nowMs, renews: true })
    expect(store.clientMaterial('bedside', 'box-1')).toEqual(before)
  })

  it('puts the certificate beside a key that its owner made here', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    mkdirSync(at('device'), { mode: 0o700 })
    writeFileSync(at('device/mon-1.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
      mode: 0o600,
    })
    store.certify({ role: 'device', id: 'mon-1', publicKeyPem: pemOf(publicKey), nowMs })
    expect(store.clientMaterial('device', 'mon-1').cert).toMatch(/BEGIN CERTIFICATE/)
  })
})

describe('revoking an identity', () => {
  it('revokes every certificate of it that is in force, and answers their serials', () => {
    const first = store.issue({ role: 'device', id: 'mon-1', nowMs })
    const second = store.renew('device', 'mon-1', nowMs)
    store.issue({ role: 'device', id: 'mon-2', nowMs })
    expect(store.revokeIdentity('device', 'mon-1', 'superseded', nowMs)).toEqual([
      first.serial,
      second.serial,
    ])
    expect(statusesOf('device')).toEqual(['revoked', 'revoked', 'valid'])
    expect(store.revokeIdentity('device', 'mon-1', 'superseded', nowMs)).toEqual([])
  })

  it('puts one that ended long ago out of the forecast', () => {
    store.issue({ role: 'device', id: 'mon-1', days: 1, nowMs })
    const lateMs = nowMs + 100 * DAY_MS
    const isForeseen = () => store.forecast(lateMs).some(({ id }) => id === 'mon-1')
    expect(isForeseen()).toBe(true)
    store.revokeIdentity('device', 'mon-1', 'cessationOfOperation', lateMs)
    expect(isForeseen()).toBe(false)
  })

  it('refuses one that never had any', () => {
    expect(() => store.revokeIdentity('device', 'ghost', 'superseded', nowMs)).toThrow(
      "no certificate was ever issued here to device 'ghost'",
    )
  })
})

describe('a store without the key of an authority', () => {
  it('opens, and issues everything else, without the key of the root', () => {
    rmSync(at('ca/root.key'))
    const opened = openStore(stateDir)
    expect(opened.issue({ role: 'device', id: 'mon-1', nowMs }).id).toBe('mon-1')
    expect(opened.authorities().map(({ role, hasKey }) => [role, hasKey])).toEqual([
      ['issuing-ca', true],
      ['root-ca', false],
    ])
  })

  it('opens without the key of the issuing CA, and only then refuses to issue, saying what to do', () => {
    rmSync(at('ca/issuing.key'))
    const opened = openStore(stateDir)
    expect(opened.serverMaterial().crl).toHaveLength(2)
    for (const attempt of [
      () => opened.issue({ role: 'device', id: 'mon-1', nowMs }),
      () => opened.renew('server', 'server', nowMs),
      () => opened.certify({ role: 'device', id: 'mon-1', publicKeyPem: newPublicKey(), nowMs }),
    ])
      expect(attempt).toThrow('issuing.key is missing: restore it')
  })

  it('revokes for itself, and says that others will not hear of it', () => {
    store.issue({ role: 'device', id: 'mon-1', nowMs })
    rmSync(at('ca/issuing.key'))
    const opened = openStore(stateDir)
    expect(() => opened.revokeIdentity('device', 'mon-1', 'keyCompromise', nowMs)).toThrow(
      /is revoked for the gateway of this state directory, but not for others.*issuing\.key is missing/,
    )
    expect(opened.revokedFingerprints().size).toBe(1)
  })

  it('makes itself another issuing CA', () => {
    rmSync(at('ca/issuing.key'))
    const opened = openStore(stateDir)
    opened.renewAuthority('issuing-ca', nowMs)
    expect(opened.issue({ role: 'device', id: 'mon-1', nowMs }).id).toBe('mon-1')
    expect(opened.refreshCrl(nowMs).notRenewed).toEqual([
      expect.objectContaining({
        role: 'issuing-ca',
        isDue: false,
        advice: expect.stringContaining('is missing'),
      }),
    ])
  })
})

describe('lists', () => {
  it('are renewed where the key is, whatever is wrong with the others', () => {
    renameSync(at('ca/root.key'), join(temp.path, 'root.key'))
    const lateMs = nowMs + 40 * DAY_MS
    expect(store.isCrlDue(lateMs)).toBe(true)
    const { renewed, notRenewed } = store.refreshCrl(lateMs)
    expect(renewed.map(({ role }) => role)).toEqual(['issuing-ca'])
    expect(notRenewed).toEqual([
      expect.objectContaining({
        role: 'root-ca',
        isDue: true,
        nextUpdateMs: nowMs + 30 * DAY_MS,
        advice: expect.stringContaining('--offline-root DIR'),
      }),
    ])
    // What cannot be renewed here does not make the store ask for renewal for ever.
    expect(store.isCrlDue(lateMs)).toBe(false)
  })

  it('are renewed as well when a key has become readable by others, which is said', () => {
    chmodSync(at('ca/root.key'), 0o644)
    const { renewed, notRenewed } = store.refreshCrl(nowMs)
    expect(renewed).toHaveLength(1)
    expect(notRenewed).toEqual([expect.objectContaining({ advice: expect.stringContaining('chmod 600') })])
  })

  it('are made anew when their file is gone or damaged', () => {
    for (const harm of [() => rmSync(at('crl.pem')), () => writeFileSync(at('crl.pem'), 'x')]) {
      harm()
      expect(store.isCrlDue(nowMs)).toBe(true)
      expect(store.refreshCrl(nowMs).renewed).toHaveLength(2)
      expect(store.serverMaterial().crl).toHaveLength(2)
    }
  })

  it('that were signed by another are made anew', () => {
    const other = initStore({ stateDir: join(temp.path, 'b'), site: 'icu-3', serverNames: ['gw'], nowMs })
    writeFileSync(at('crl.pem'), other.serverMaterial().crl.join(''))
    expect(store.isCrlDue(nowMs)).toBe(true)
    store.refreshCrl(nowMs)
    for (const { certificate } of store.authorities())
      expect(crlOf(readFileSync(at('crl.pem'), 'utf8'), certificate)).toBeDefined()
  })
})

describe('the stamp of a store', () => {
  it.each([
    ['an issue', () => store.issue({ role: 'device', id: 'mon-1', nowMs })],
    ['a renewal', () => store.renew('server', 'server', nowMs)],
    ['a revocation', () => store.revokeIdentity('server', 'server', 'superseded', nowMs)],
    ['a roll-over', () => store.renewAuthority('root-ca', nowMs)],
    ['new lists', () => store.refreshCrl(nowMs)],
  ])('is another after %s, also for who opened the store before', (_what, change) => {
    const watching = openStore(stateDir)
    const before = watching.stamp()
    expect(watching.stamp()).toBe(before)
    change()
    expect(watching.stamp()).not.toBe(before)
  })
})

describe('an authority that was replaced', () => {
  it('stays in the trust, with its list, until it expires', () => {
    const [old] = store.authorities()
    const endMs = Date.parse(old?.certificate.validTo ?? '')
    store.renewAuthority('issuing-ca', nowMs + DAY_MS)
    expect(store.authorities()).toHaveLength(3)
    store.refreshCrl(endMs)
    expect(store.authorities()).toHaveLength(3)
    expect(store.serverMaterial().crl).toHaveLength(3)
    store.refreshCrl(endMs + 1)
    expect(store.authorities()).toHaveLength(2)
    expect(store.serverMaterial().crl).toHaveLength(2)
    expect(store.serverMaterial().ca).not.toContain(old?.certificatePem)
    // A clock that was wrong for a moment has destroyed nothing.
    store.refreshCrl(nowMs)
    expect(store.authorities()).toHaveLength(3)
  })

  it('is no longer needed to issue, and what it issued can still be revoked', () => {
    const { serial } = store.issue({ role: 'device', id: 'mon-1', nowMs })
    store.renewAuthority('issuing-ca', nowMs)
    store.revoke(serial, 'keyCompromise', nowMs)
    const [current, root, old] = store.authorities()
    const names = (of: AuthorityView | undefined): boolean => {
      const list = of && crlOf(readFileSync(at('crl.pem'), 'utf8'), of.certificate)
      return Buffer.from(list?.toBeSigned ?? [])
        .toString('hex')
        .includes(serial.toLowerCase())
    }
    // In the list of the authority that issued it, and in no other.
    expect([old, current, root].map(names)).toEqual([true, false, false])
  })

  it('that is revoked refuses nothing but itself: its successor issues', () => {
    const [old] = store.authorities()
    store.revoke(old?.certificate.serialNumber ?? '', 'cACompromise', nowMs)
    expect(() => store.issue({ role: 'device', id: 'mon-1', nowMs })).toThrow('certs renew issuing-ca')
    store.renewAuthority('issuing-ca', nowMs)
    expect(store.issue({ role: 'device', id: 'mon-1', nowMs }).id).toBe('mon-1')
  })
})

function statusesOf(role: string): readonly string[] {
  return store
    .list(nowMs)
    .filter((row) => row.role === role)
    .map(({ status }) => status)
}

function newPublicKey(): string {
  return pemOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey)
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

function at(path: string): string {
  return join(stateDir, 'certs', path)
}
