import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { CertificateError } from '../../../certs/errors.ts'
import { identityOfAltNames } from '../../../certs/identity-uri.ts'
import { readCrls } from '../../../certs/crl-reading.ts'
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
  store = initStore({ stateDir, site: 'icu-3', serverNames: ['gw', '10.0.0.7'], nowMs })
})
afterEach(() => temp.remove())

describe('a new store', () => {
  it('holds what the layout promises, for its owner alone', () => {
    store.issue({ role: 'device', id: 'mon-1', nowMs })
    expect(tree(stateDir)).toEqual({
      '.': '700',
      certs: '700',
      'certs/ca': '700',
      'certs/ca.pem': '600',
      'certs/ca/issuing.key': '600',
      'certs/ca/issuing.pem': '600',
      'certs/ca/root.key': '600',
      'certs/ca/root.pem': '600',
      'certs/crl.pem': '600',
      'certs/device': '700',
      'certs/device/mon-1.key': '600',
      'certs/device/mon-1.pem': '600',
      'certs/index.json': '600',
      'certs/server': '700',
      'certs/server/server.key': '600',
      'certs/server/server.pem': '600',
    })
  })

  it('lists the authorities and the server', () => {
    expect(store.site).toBe('icu-3')
    expect(store.list(nowMs).map(({ role, id, status }) => [role, id, status])).toEqual([
      ['root-ca', 'root-ca', 'valid'],
      ['issuing-ca', 'issuing-ca', 'valid'],
      ['server', 'server', 'valid'],
    ])
  })

  it('is refused where there is one, and nothing is changed', () => {
    const before = readFileSync(join(stateDir, 'certs/ca/root.key'), 'utf8')
    expect(() => initStore({ stateDir, site: 'wardgate', serverNames: ['gw'], nowMs })).toThrow(
      `${join(stateDir, 'certs')} exists already: nothing was changed`,
    )
    expect(readFileSync(join(stateDir, 'certs/ca/root.key'), 'utf8')).toBe(before)
    expect(readdirSync(stateDir)).toEqual(['certs'])
  })

  it.each([
    ['a bad site', { site: 'ICU 3' }, "'ICU 3' cannot be a site"],
    ['no server name', { serverNames: [] }, 'at least one DNS name or IP address'],
    ['a wildcard', { serverNames: ['gw', '*.org'] }, "'*.org' cannot be a server name"],
    ['a server certificate without a day', { days: 0 }, 'it would have ended already'],
    ['a server certificate of a century', { days: 36_500 }, 'lasts at most 825 days'],
  ])('with %s is refused and leaves nothing behind', (_what, change, message) => {
    const other = join(temp.path, 'other')
    const options = { stateDir: other, site: 'wardgate', serverNames: ['gw'], nowMs, ...change }
    expect(() => initStore(options)).toThrow(message)
    expect(() => initStore(options)).toThrow(CertificateError)
    if (existsSync(other)) expect(readdirSync(other)).toEqual([])
  })

  it('is refused where the state directory is a file', () => {
    const file = join(temp.path, 'file')
    writeFileSync(file, '')
    const options = { stateDir: file, site: 'wardgate', serverNames: ['gw'], nowMs }
    expect(() => initStore(options)).toThrow(CertificateError)
    expect(() => initStore(options)).toThrow(/a part of the path is a file|is a file/)
  })

  it('shares no key and no name with another', () => {
    const other = initStore({ stateDir: join(temp.path, 'b'), site: 'icu-3', serverNames: ['gw'], nowMs })
    const subject = (each: CertificateStore): string => new X509Certificate(each.serverMaterial().ca).subject
    expect(subject(other)).not.toBe(subject(store))
    expect(other.serverMaterial().key).not.toBe(store.serverMaterial().key)
  })
})

describe('issuing', () => {
  it('answers with what was made, and the certificate speaks for that identity', () => {
    const issued = store.issue({ role: 'consumer', id: 'station-1', days: 30, nowMs })
    const certificate = new X509Certificate(readFileSync(issued.certificatePath))
    expect(identityOfAltNames(certificate.subjectAltName)).toEqual({
      site: 'icu-3',
      role: 'consumer',
      id: 'station-1',
    })
    expect(issued).toMatchObject({
      certificatePath: join(stateDir, 'certs/consumer/station-1.pem'),
      keyPath: join(stateDir, 'certs/consumer/station-1.key'),
      serial: certificate.serialNumber,
      fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
      notAfter: '2026-10-20T10:15:02.000Z',
    })
    expect(store.list(nowMs).at(-1)).toMatchObject({
      id: 'station-1',
      serial: issued.serial,
      status: 'valid',
    })
  })

  it('gives a client the chain, the trust and the key of its certificate', () => {
    store.issue({ role: 'bedside', id: 'bed-3', nowMs })
    const { cert, ca, key, paths } = store.clientMaterial('bedside', 'bed-3')
    expect(cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
    expect(ca.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
    expect(readFileSync(paths.key, 'utf8')).toBe(key)
    expect(paths.ca).toBe(join(stateDir, 'certs/ca.pem'))
  })

  it('keeps no private key of a device that brought its own', () => {
    const publicKeyPem = publicPem()
    const issued = store.issue({ role: 'device', id: 'pump-1', publicKeyPem, nowMs })
    expect(issued).not.toHaveProperty('keyPath')
    expect(existsSync(join(stateDir, 'certs/device/pump-1.key'))).toBe(false)
    expect(() => store.clientMaterial('device', 'pump-1')).toThrow(
      'a device that brought its own key keeps it',
    )
  })

  it('lets one key stand for one identity only', () => {
    const publicKeyPem = publicPem()
    store.issue({ role: 'device', id: 'pump-1', publicKeyPem, nowMs })
    expect(() => store.issue({ role: 'device', id: 'pump-2', publicKeyPem, nowMs })).toThrow(
      "its key already belongs to device 'pump-1'",
    )
    expect(existsSync(join(stateDir, 'certs/device/pump-2.pem'))).toBe(false)
  })

  it('refuses a second certificate for an identity while the first is valid', () => {
    const { serial } = store.issue({ role: 'device', id: 'mon-1', nowMs })
    const key = readFileSync(join(stateDir, 'certs/device/mon-1.key'), 'utf8')
    expect(() => store.issue({ role: 'device', id: 'mon-1', nowMs })).toThrow(
      `device 'mon-1' already has a certificate, valid until 2027-10-22T10:15:02.000Z (serial ${serial})`,
    )
    expect(readFileSync(join(stateDir, 'certs/device/mon-1.key'), 'utf8')).toBe(key)
    expect(store.issue({ role: 'operator', id: 'mon-1', nowMs }).id).toBe('mon-1')
  })

  it('never overwrites the files of an expired or revoked certificate, and goes on once they are moved', () => {
    const { serial, certificatePath, keyPath } = store.issue({ role: 'device', id: 'mon-1', nowMs })
    store.revoke(serial, 'superseded', nowMs)
    expect(() => store.issue({ role: 'device', id: 'mon-1', nowMs })).toThrow(
      `${certificatePath} is left from an earlier`,
    )
    renameSync(certificatePath, `${certificatePath}.old`)
    expect(() => store.issue({ role: 'device', id: 'mon-1', nowMs })).toThrow(`${keyPath} is left from an`)
    renameSync(keyPath ?? '', `${keyPath}.old`)
    expect(store.issue({ role: 'device', id: 'mon-1', nowMs }).serial).not.toBe(serial)
  })

  it('clears away what a killed writer left in the directory', () => {
    store.issue({ role: 'device', id: 'mon-1', nowMs })
    writeFileSync(at('device/.mon-2.key.0123456789ab.tmp'), 'half a key')
    store.issue({ role: 'device', id: 'mon-2', nowMs })
    expect(readdirSync(at('device')).sort()).toEqual(['mon-1.key', 'mon-1.pem', 'mon-2.key', 'mon-2.pem'])
  })

  it.each(['', 'Mon-1', '../ca/root', 'a/b', 'a'.repeat(33), 'a\n'])('refuses the id %j', (id) => {
    expect(() => store.issue({ role: 'device', id, nowMs })).toThrow('cannot be an id')
    expect(() => store.clientMaterial('device', id)).toThrow('cannot be an id')
  })

  it.each([
    ['host names on a client', { role: 'device', names: ['mon-1'] }, 'carries no host name'],
    ['a server without names', { role: 'server' }, 'at least one DNS name or IP address'],
    ['a bad server name', { role: 'server', names: ['0.0.0.0'] }, "'0.0.0.0' cannot be a server name"],
    ['too many days', { role: 'operator', days: 398 }, 'lasts at most 397 days'],
    ['days that are no number', { role: 'device', days: Number.NaN }, 'whole seconds'],
    ['a public key that is none', { role: 'device', publicKeyPem: 'x' }, 'must be one PEM block'],
    ['a weak key', { role: 'device', publicKeyPem: publicPem(1024) }, 'its 1024 bits are not within'],
  ] as const)('refuses %s and writes nothing', (_what, change, message) => {
    const before = tree(stateDir)
    expect(() => store.issue({ id: 'x', nowMs, ...change })).toThrow(message)
    expect(store.list(nowMs)).toHaveLength(3)
    expect(tree(stateDir)).toEqual(before)
  })

  it('refuses when the clock stands before the authority', () => {
    expect(() => store.issue({ role: 'device', id: 'mon-1', nowMs: nowMs - DAY_MS })).toThrow(
      'the clock is behind the CA certificate',
    )
  })

  it('never outlasts the issuing authority', () => {
    const late = nowMs + 3600 * DAY_MS
    const { notAfter } = store.issue({ role: 'device', id: 'mon-1', nowMs: late })
    expect(notAfter).toBe(store.list(late).find(({ role }) => role === 'issuing-ca')?.notAfter)
    expect(() => store.issue({ role: 'device', id: 'mon-2', nowMs: nowMs + 3651 * DAY_MS })).toThrow(
      'renew the CA',
    )
  })
})

describe('revoking', () => {
  it('shows in the list and in both files, once', () => {
    const { serial } = store.issue({ role: 'device', id: 'mon-1', nowMs })
    store.revoke(serial, 'keyCompromise', nowMs)
    expect(store.list(nowMs).at(-1)?.status).toBe('revoked')
    expect(openStore(stateDir).list(nowMs).at(-1)?.status).toBe('revoked')
    store.revoke(serial.toLowerCase(), 'superseded', nowMs + 1000)
    const index = readFileSync(join(stateDir, 'certs/index.json'), 'utf8')
    expect(index).toContain('"keyCompromise"')
    expect(index).not.toContain('"superseded"')
    expect(readCrls(store.serverMaterial().crl.join('')).map((list) => list?.number)).toEqual([3, 3])
  })

  it('refuses a serial that was never issued here, and the root', () => {
    const rootSerial = store.list(nowMs)[0]?.serial ?? ''
    expect(() => store.revoke('4A'.repeat(16), 'superseded', nowMs)).toThrow('no certificate with serial')
    expect(() => store.revoke(rootSerial, 'superseded', nowMs)).toThrow('the root CA cannot revoke itself')
  })

  it('that was cut short between index and list makes the list due', () => {
    const stale = join(temp.path, 'crl.pem')
    copyFileSync(join(stateDir, 'certs/crl.pem'), stale)
    const { serial } = store.issue({ role: 'device', id: 'mon-1', nowMs })
    store.revoke(serial, 'keyCompromise', nowMs)
    expect(store.isCrlDue(nowMs)).toBe(false)
    copyFileSync(stale, join(stateDir, 'certs/crl.pem'))
    expect(store.isCrlDue(nowMs)).toBe(true)
    store.refreshCrl(nowMs)
    expect(store.isCrlDue(nowMs)).toBe(false)
  })

  it('is renewed in good time', () => {
    expect(store.isCrlDue(nowMs + 14 * DAY_MS)).toBe(false)
    expect(store.isCrlDue(nowMs + 15 * DAY_MS)).toBe(true)
    store.refreshCrl(nowMs + 15 * DAY_MS)
    expect(store.isCrlDue(nowMs + 16 * DAY_MS)).toBe(false)
    expect(store.isCrlDue(nowMs)).toBe(true)
  })
})

describe('opening a store', () => {
  it('says how to make one where there is none', () => {
    const none = join(temp.path, 'none')
    expect(() => openStore(none)).toThrow(
      `there is no certificate store in ${none}: make one with \`wardgate certs init --state ${none}\``,
    )
  })

  it.each([
    ['an open key', () => chmodSync(at('ca/root.key'), 0o640), 'chmod 600'],
    ['an open server key', () => chmodSync(at('server/server.key'), 0o604), 'chmod 600'],
    ['an open directory', () => chmodSync(at('ca'), 0o750), 'chmod 700'],
    ['an open store', () => chmodSync(at('.'), 0o711), 'chmod 700'],
    ['a missing directory', () => rmSync(at('ca'), { recursive: true }), 'ca is missing'],
    ['a missing server certificate', () => rmSync(at('server/server.pem')), 'no certificate for server'],
    [
      'a key that is no key',
      () => writeFileSync(at('ca/root.key'), 'x'),
      'does not hold one PEM private key',
    ],
    ['a certificate that is none', () => writeFileSync(at('ca/root.pem'), 'x'), 'holds no PEM certificate'],
    [
      'a key of another certificate',
      () => copyFileSync(at('ca/root.key'), at('server/server.key')),
      'does not belong to the certificate',
    ],
    ['a key that is a directory', swapForDirectory, 'is not a file'],
    ['a damaged index', () => writeFileSync(at('index.json'), '{}'), 'is damaged'],
    ['a missing index', () => rmSync(at('index.json')), 'index.json is missing'],
  ])('refuses %s', (_what, harm, message) => {
    harm()
    expect(() => openStore(stateDir)).toThrow(CertificateError)
    expect(() => openStore(stateDir)).toThrow(message)
  })

  it('refuses the certificate of one identity in the place of another', () => {
    store.issue({ role: 'device', id: 'mon-1', nowMs })
    store.issue({ role: 'device', id: 'mon-2', nowMs })
    for (const ending of ['pem', 'key'])
      copyFileSync(at(`device/mon-1.${ending}`), at(`device/mon-2.${ending}`))
    expect(() => store.clientMaterial('device', 'mon-2')).toThrow(
      "speaks for device 'mon-1', not for device 'mon-2'",
    )
  })

  it('says how to issue what is asked for and not there', () => {
    expect(() => store.clientMaterial('consumer', 'station-9')).toThrow(
      `\`wardgate certs issue consumer station-9 --state ${stateDir}\``,
    )
  })

  it('refuses to open a directory of client keys that others can enter', () => {
    store.issue({ role: 'device', id: 'mon-1', nowMs })
    chmodSync(at('device'), 0o755)
    expect(() => store.clientMaterial('device', 'mon-1')).toThrow(`\`chmod 700 ${at('device')}\``)
  })
})

function at(path: string): string {
  return join(stateDir, 'certs', path)
}

function swapForDirectory(): void {
  rmSync(at('server/server.key'))
  mkdirSync(at('server/server.key'), { mode: 0o700 })
}

function publicPem(rsaBits?: number): string {
  const { publicKey } =
    rsaBits === undefined
      ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      : generateKeyPairSync('rsa', { modulusLength: rsaBits })
  return publicKey.export({ type: 'spki', format: 'pem' }).toString()
}

/** Every name below the directory with its mode. */
function tree(directory: string): Readonly<Record<string, string>> {
  const names = ['.', ...readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()]
  return Object.fromEntries(
    names.map((name) => [name, (statSync(join(directory, name)).mode & 0o777).toString(8)]),
  )
}
