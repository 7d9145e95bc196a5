/** Exported files, opened by the programs that will open them. */

import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

import { isStrictDer } from '../../certs/der.ts'
import { CertificateError } from '../../certs/errors.ts'
import { exportPkcs12 } from '../../certs/export.ts'
import { pemBlocks } from '../../certs/pem.ts'
import { buildPkcs12 } from '../../certs/pkcs12.ts'
import { initStore, type CertificateStore } from '../../certs/store.ts'
import { run, suiteFor } from '../support/other-verifiers.ts'
import { tempDir } from '../support/temp-dir.ts'

const nowMs = Date.now()
const PASSPHRASE = 'four words, one line'

const temp = tempDir()
const stateDir = join(temp.path, 'state')
const passphrasePath = join(temp.path, 'passphrase')
const outPath = join(temp.path, 'pump-1.p12')
let store: CertificateStore

beforeAll(() => {
  store = initStore({ stateDir, site: 'wardgate', serverNames: ['localhost'], nowMs })
  store.issue({ role: 'device', id: 'pump-1', nowMs })
  writeFileSync(passphrasePath, `${PASSPHRASE}\n`, { mode: 0o600 })
  exportPkcs12({ stateDir, role: 'device', id: 'pump-1', outPath, passphrasePath })
})
afterAll(() => temp.remove())

describe('an exported file', () => {
  it('is for its owner alone, and strict DER', () => {
    expect(statSync(outPath).mode & 0o777).toBe(0o600)
    expect(isStrictDer(readFileSync(outPath))).toBe(true)
  })

  it('holds key and certificates in no readable form', () => {
    const bytes = readFileSync(outPath)
    const { key, cert } = store.clientMaterial('device', 'pump-1')
    const secrets = [
      createPrivateKey(key).export({ type: 'pkcs8', format: 'der' }),
      ...pemBlocks(cert).map(({ der }) => der),
    ]
    for (const secret of secrets) expect(bytes.includes(Buffer.from(secret).subarray(-32))).toBe(false)
  })

  it('is never overwritten', () => {
    const again = () => exportPkcs12({ stateDir, role: 'device', id: 'pump-1', outPath, passphrasePath })
    expect(again).toThrow(`cannot write ${outPath}: it exists already`)
  })

  it('is taken by node:tls', () => {
    const options = { pfx: readFileSync(outPath), passphrase: PASSPHRASE }
    expect(() => createSecureContext(options)).not.toThrow()
    expect(() => createSecureContext({ ...options, passphrase: 'another one, also long' })).toThrow(
      /mac verify/,
    )
  })

  it.each([
    ['too short', 'only eleven', 'at least 12 characters'],
    ['empty', '', 'at least 12 characters'],
    ['too long', 'x'.repeat(129), 'at most 128 characters'],
    ['on two lines', 'twelve characters\nand more', 'more than one line'],
    ['not ASCII', 'zwölf Zeichen und mehr', 'other than printable ASCII'],
  ])('is not made with a passphrase that is %s', (_what, text, message) => {
    const path = join(temp.path, 'bad')
    writeFileSync(path, text, { mode: 0o600 })
    const make = () =>
      exportPkcs12({
        stateDir,
        role: 'device',
        id: 'pump-1',
        outPath: `${outPath}.new`,
        passphrasePath: path,
      })
    expect(make).toThrow(CertificateError)
    expect(make).toThrow(message)
  })

  it('is not made with a passphrase that others can read', () => {
    const path = join(temp.path, 'open')
    writeFileSync(path, PASSPHRASE, { mode: 0o600 })
    chmodSync(path, 0o644)
    expect(() =>
      exportPkcs12({
        stateDir,
        role: 'device',
        id: 'pump-1',
        outPath: `${outPath}.new`,
        passphrasePath: path,
      }),
    ).toThrow('chmod 600')
  })

  it('is not made for an identity whose key is elsewhere', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    store.issue({ role: 'device', id: 'pump-2', publicKeyPem, nowMs })
    expect(() =>
      exportPkcs12({ stateDir, role: 'device', id: 'pump-2', outPath: `${outPath}.new`, passphrasePath }),
    ).toThrow('there is no private key')
  })
})

suiteFor('openssl')('openssl', () => {
  it('takes key, certificate and chain out again', () => {
    const { ok, output } = openssl(outPath, ['-nodes'])
    expect(ok).toBe(true)
    const blocks = pemBlocks(output)
    const { key, cert } = store.clientMaterial('device', 'pump-1')
    expect(blocks.map(({ label }) => label).sort()).toEqual([
      'CERTIFICATE',
      'CERTIFICATE',
      'CERTIFICATE',
      'PRIVATE KEY',
    ])
    const found = blocks.find(({ label }) => label === 'PRIVATE KEY')?.pem ?? ''
    expect(createPrivateKey(found).equals(createPrivateKey(key))).toBe(true)
    const leaf = blocks.find(({ label }) => label === 'CERTIFICATE')?.pem ?? ''
    expect(new X509Certificate(leaf).fingerprint256).toBe(new X509Certificate(cert).fingerprint256)
    expect(output).toContain('friendlyName: device pump-1')
  })

  it('finds nothing but AES-256 and SHA-256, each with its many rounds', () => {
    const { output } = openssl(outPath, ['-info', '-noout'])
    expect(output).toContain('MAC: sha256, Iteration 600000')
    expect(output.match(/PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256/g)).toHaveLength(2)
  })

  it('refuses another passphrase', () => {
    const { ok, output } = run('openssl', ['pkcs12', '-in', outPath, '-passin', 'pass:another', '-nodes'])
    expect([ok, output]).toEqual([false, expect.stringContaining('invalid password')])
  })

  it('takes an RSA key too', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const certificates = pemBlocks(store.clientMaterial('device', 'pump-1').cert).map(({ der }) => der)
    const path = join(temp.path, 'rsa.p12')
    writeFileSync(path, buildPkcs12({ name: 'rsa', key: privateKey, certificates, passphrase: PASSPHRASE }))
    const { output } = openssl(path, ['-nodes', '-nocerts'])
    expect(createPrivateKey(pemBlocks(output)[0]?.pem ?? '').equals(privateKey)).toBe(true)
  })
})

suiteFor('certtool')('certtool of GnuTLS', () => {
  it('opens it', () => {
    const { ok, output } = run('certtool', [
      '--p12-info',
      '--inder',
      '--password',
      PASSPHRASE,
      '--infile',
      outPath,
    ])
    expect(ok).toBe(true)
    expect(output).toContain('MAC info:')
    expect(output.match(/BEGIN CERTIFICATE/g)).toHaveLength(3)
    expect(output).toMatch(/BEGIN (?:ENCRYPTED )?PRIVATE KEY/)
  })
})

function openssl(path: string, more: readonly string[]) {
  return run('openssl', ['pkcs12', '-in', path, '-passin', `pass:${PASSPHRASE}`, ...more])
}
