/** What the store issues, judged by implementations nobody here wrote: the openssl and gnutls command lines. */

import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it } from '@jest/globals'

import { CLIENT_ROLES, type LeafRole } from '../../certs/profile.ts'
import { initStore, type CertificateStore } from '../../certs/store.ts'
import { opensslVerify, run, suiteFor } from '../support/other-verifiers.ts'
import { tempDir } from '../support/temp-dir.ts'

const nowMs = Date.now()
const DAY_MS = 86_400_000

const withOpenssl = suiteFor('openssl')
const withCerttool = suiteFor('certtool')

const BROUGHT_KEYS = [
  { name: 'RSA 2048', id: 'rsa-2048', key: () => rsaKey(2048) },
  { name: 'RSA 3072', id: 'rsa-3072', key: () => rsaKey(3072) },
  { name: 'EC P-256', id: 'ec-p256', key: () => ecKey('prime256v1') },
  { name: 'EC P-384', id: 'ec-p384', key: () => ecKey('secp384r1') },
] as const

const state = tempDir()
const stateDir = state.path
let store: CertificateStore

beforeAll(() => {
  store = initStore({ stateDir, site: 'wardgate', serverNames: ['localhost', '127.0.0.1', '::1'], nowMs })
})
afterAll(() => state.remove())

withOpenssl('openssl', () => {
  it.each(CLIENT_ROLES)('accepts a %s certificate as a TLS client and as nothing else', (role) => {
    const { certificatePath } = store.issue({ role, id: `${role}-1`, nowMs })
    expect(verify(certificatePath, 'sslclient')).toEqual({ ok: true, output: `${certificatePath}: OK\n` })
    expect(verify(certificatePath, 'sslserver')).toMatchObject({ ok: false })
  })

  it('accepts the server certificate as a TLS server under each of its names and as nothing else', () => {
    const path = join(stateDir, 'certs/server/server.pem')
    for (const name of [
      ['-verify_hostname', 'localhost'],
      ['-verify_ip', '127.0.0.1'],
      ['-verify_ip', '::1'],
    ])
      expect(verify(path, 'sslserver', name)).toMatchObject({ ok: true })
    expect(verify(path, 'sslserver', ['-verify_hostname', 'elsewhere'])).toMatchObject({ ok: false })
    expect(verify(path, 'sslserver', ['-verify_ip', '127.0.0.2'])).toMatchObject({ ok: false })
    expect(verify(path, 'sslclient')).toMatchObject({ ok: false })
  })

  it.each(BROUGHT_KEYS)('accepts a certificate for a key the device brought: $name', ({ id, key }) => {
    const issued = store.issue({ role: 'device', id, publicKeyPem: key(), nowMs })
    expect(issued.keyPath).toBeUndefined()
    expect(verify(issued.certificatePath, 'sslclient')).toMatchObject({ ok: true })
  })

  it('shows identity, purpose and constraints where the standards want them', () => {
    const { certificatePath } = store.issue({ role: 'bedside', id: 'bed-text', nowMs })
    const text = openssl(['x509', '-in', certificatePath, '-noout', '-text']).output
    expect(text).toMatch(/X509v3 Subject Alternative Name: *\n *URI:spiffe:\/\/wardgate\/bedside\/bed-text\n/)
    expect(text).toMatch(/X509v3 Extended Key Usage: *\n *TLS Web Client Authentication\n/)
    expect(text).toMatch(/X509v3 Key Usage: critical\n *Digital Signature\n/)
    expect(text).toMatch(/X509v3 Basic Constraints: critical\n *CA:FALSE\n/)
    expect(text).toMatch(/X509v3 Authority Key Identifier: *\n/)
    expect(text).toMatch(/Subject: O = wardgate, CN = bed-text\n/)
  })

  it('writes dates past 2049 that openssl reads as we do', () => {
    const far = Date.UTC(2048, 0, 1)
    const elsewhere = tempDir()
    const dir = elsewhere.path
    initStore({ stateDir: dir, site: 'wardgate', serverNames: ['localhost'], nowMs: far })
    const dates = openssl(['x509', '-in', join(dir, 'certs/ca/root.pem'), '-noout', '-enddate']).output
    elsewhere.remove()
    expect(dates).toBe('notAfter=Dec 27 00:00:00 2067 GMT\n')
  })

  it('refuses a certificate once it is revoked, names the reason in the list, and accepts its neighbours', () => {
    const revoked = store.issue({ role: 'device', id: 'stolen', nowMs })
    const neighbour = store.issue({ role: 'device', id: 'honest', nowMs })
    expect(verify(revoked.certificatePath, 'sslclient')).toMatchObject({ ok: true })
    store.revoke(revoked.serial, 'keyCompromise', nowMs)
    expect(verify(revoked.certificatePath, 'sslclient')).toMatchObject({
      ok: false,
      output: expect.stringContaining('certificate revoked'),
    })
    expect(verify(neighbour.certificatePath, 'sslclient')).toMatchObject({ ok: true })
    const list = openssl(['crl', '-in', join(stateDir, 'certs/crl.pem'), '-noout', '-text']).output
    expect(list).toContain(`Serial Number: ${revoked.serial}`)
    expect(list).toMatch(/X509v3 CRL Reason Code: *\n *Key Compromise/)
    expect(list).toMatch(/X509v3 CRL Number: *\n *2\n/)
    expect(list).toContain('Version 2 (0x1)')
  })

  it('refuses everything once the issuing CA is revoked by the root', () => {
    const elsewhere = tempDir()
    const dir = elsewhere.path
    const other = initStore({ stateDir: dir, site: 'wardgate', serverNames: ['localhost'], nowMs })
    const serial = other.list(nowMs).find(({ role }) => role === 'issuing-ca')?.serial ?? ''
    other.revoke(serial, 'cACompromise', nowMs)
    const verdict = verify(join(dir, 'certs/server/server.pem'), 'sslserver', [], dir)
    elsewhere.remove()
    expect(verdict).toMatchObject({ ok: false, output: expect.stringContaining('certificate revoked') })
  })

  it('refuses lists that were not renewed for 31 days and accepts them when they were', () => {
    const later = nowMs + 31 * DAY_MS
    const path = join(stateDir, 'certs/server/server.pem')
    const at = ['-attime', String(Math.floor(later / 1000))]
    expect(verify(path, 'sslserver', at)).toMatchObject({
      ok: false,
      output: expect.stringContaining('CRL has expired'),
    })
    store.refreshCrl(later)
    expect(verify(path, 'sslserver', at)).toMatchObject({ ok: true })
    store.refreshCrl(nowMs)
  })

  it('refuses a certificate of another site', () => {
    const elsewhere = tempDir()
    const dir = elsewhere.path
    const foreign = initStore({ stateDir: dir, site: 'wardgate', serverNames: ['localhost'], nowMs })
    const { certificatePath } = foreign.issue({ role: 'device', id: 'mon-1', nowMs })
    const verdict = verify(certificatePath, 'sslclient')
    elsewhere.remove()
    expect(verdict).toMatchObject({ ok: false })
  })
})

withCerttool('certtool of GnuTLS', () => {
  it.each<LeafRole>(['server', 'device', 'consumer'])('accepts the chain of a %s certificate', (role) => {
    const path =
      role === 'server'
        ? join(stateDir, 'certs/server/server.pem')
        : store.issue({ role, id: `gnu-${role}`, nowMs }).certificatePath
    const chain = join(stateDir, `${role}-chain.pem`)
    writeFileSync(
      chain,
      readFileSync(path, 'utf8') + readFileSync(join(stateDir, 'certs/ca/root.pem'), 'utf8'),
    )
    const verdict = run('certtool', ['--verify-chain', '--infile', chain])
    expect(verdict.output).toContain('Chain verification output: Verified. The certificate is trusted.')
    expect(verdict.ok).toBe(true)
  })

  it('reads both revocation lists', () => {
    const verdict = run('certtool', ['--crl-info', '--infile', join(stateDir, 'certs/crl.pem')])
    expect(verdict).toMatchObject({ ok: true, output: expect.stringContaining('CRL Number') })
  })
})

function verify(
  path: string,
  purpose: 'sslclient' | 'sslserver',
  more: readonly string[] = [],
  dir = stateDir,
) {
  return opensslVerify(dir, path, { purpose, more })
}

function openssl(options: readonly string[]) {
  return run('openssl', options)
}

function rsaKey(modulusLength: number): string {
  return generateKeyPairSync('rsa', { modulusLength })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString()
}

function ecKey(namedCurve: string): string {
  return generateKeyPairSync('ec', { namedCurve })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString()
}
