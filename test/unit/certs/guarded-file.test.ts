import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createRoot } from '../../../certs/authority.ts'
import { CertificateError } from '../../../certs/errors.ts'
import {
  isNameTaken,
  readCertificate,
  readPrivateKey,
  readText,
  refuseForeignDirectory,
} from '../../../certs/guarded-file.ts'
import { tempDir } from '../../support/temp-dir.ts'

const STRANGER = 54_321
const MAKE_PIPE = 'mkfifo'
const isRoot = process.geteuid?.() === 0
const temp = tempDir()
const keyPath = join(temp.path, 'a.key')
const root = createRoot({ site: 'wardgate', nowMs: Date.UTC(2026, 8, 20) })
const keyPem = root.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

afterAll(() => temp.remove())
beforeEach(() => {
  rmSync(keyPath, { force: true })
  writeFileSync(keyPath, keyPem)
  chmodSync(keyPath, 0o600)
})

describe('a private key', () => {
  it.each([0o600, 0o400])('of mode %o is read', (mode) => {
    chmodSync(keyPath, mode)
    expect(readPrivateKey(keyPath).type).toBe('private')
  })

  it.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o666, 0o644])(
    'of mode %o is refused with the cure',
    (mode) => {
      chmodSync(keyPath, mode)
      expect(() => readPrivateKey(keyPath)).toThrow(CertificateError)
      expect(() => readPrivateKey(keyPath)).toThrow(
        `${keyPath} is open to other users (mode 0${mode.toString(8)}): \`chmod 600 ${keyPath}\``,
      )
    },
  )

  it('of another owner is refused with the cure', () => {
    // Who is not root cannot give a file away, but finds one of root's on every system.
    const path = isRoot ? keyPath : '/etc/passwd'
    if (isRoot) chownSync(keyPath, STRANGER, STRANGER)
    const [owner, user] = isRoot ? [STRANGER, 0] : [0, process.geteuid?.()]
    expect(() => readPrivateKey(path)).toThrow(
      `${path} belongs to user ${owner}, but wardgate runs as user ${user}: run it as the owner, or \`chown ${user} ${path}\``,
    )
    if (isRoot) chownSync(keyPath, 0, 0)
  })

  it('that is missing is named', () => {
    expect(() => readPrivateKey(join(temp.path, 'none.key'))).toThrow('none.key is missing: restore it')
    expect(() => readPrivateKey(join(keyPath, 'x'))).toThrow('a part of the path is a file')
  })

  it('that is a directory is named as such', () => {
    const path = join(temp.path, 'dir.key')
    mkdirSync(path, { mode: 0o700 })
    expect(() => readPrivateKey(path)).toThrow(`the private key ${path} is not a file`)
  })

  it('that is a named pipe is refused without waiting for a writer', () => {
    const path = join(temp.path, 'pipe.key')
    expect(spawnSync(MAKE_PIPE, ['-m', '600', path]).status).toBe(0)
    expect(() => readPrivateKey(path)).toThrow('is not a file')
  })

  const unreadable = isRoot ? it.skip : it
  unreadable('that may not be read is named as such', () => {
    chmodSync(keyPath, 0o000)
    expect(() => readPrivateKey(keyPath)).toThrow('cannot be read, permission denied')
  })

  it.each([
    ['nothing', ''],
    ['text', 'my key'],
    ['a certificate', root.certificatePem],
    ['half a key', keyPem.slice(0, 80)],
    ['two keys', keyPem + keyPem],
  ])('that holds %s is refused as no key', (_what, text) => {
    writeFileSync(keyPath, text)
    expect(() => readPrivateKey(keyPath)).toThrow('does not hold one PEM private key')
  })

  it('that is protected by a passphrase or damaged is refused without a word of it', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const encrypted = privateKey
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
      .toString()
    for (const text of [encrypted, '-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n']) {
      writeFileSync(keyPath, text)
      expect(() => readPrivateKey(keyPath)).toThrow('is damaged or protected by a passphrase')
    }
  })
})

describe('a certificate file', () => {
  const path = join(temp.path, 'b.pem')

  it('is read, the first certificate of it', () => {
    const other = createRoot({ site: 'elsewhere', nowMs: Date.UTC(2026, 8, 20) })
    writeFileSync(path, root.certificatePem + other.certificatePem)
    expect(readCertificate(path).fingerprint256).toBe(root.certificate.fingerprint256)
  })

  it.each([
    ['holds no PEM certificate', keyPem],
    ['is damaged', '-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n'],
  ])('is refused when it %s', (reason, text) => {
    writeFileSync(path, text)
    expect(() => readCertificate(path)).toThrow(reason)
    expect(() => readCertificate(path)).toThrow(CertificateError)
  })

  it('is refused when it is as large as no certificate is', () => {
    const large = join(temp.path, 'large')
    writeFileSync(large, '')
    truncateSync(large, 17 * 1024 * 1024)
    expect(() => readText(large, 'certificate')).toThrow('too large for a certificate')
  })
})

describe('a directory of keys', () => {
  it('is refused when others can look or reach into it', () => {
    const path = join(temp.path, 'keys')
    mkdirSync(path, { mode: 0o700 })
    refuseForeignDirectory(path, 'missing')
    for (const mode of [0o755, 0o770, 0o701]) {
      chmodSync(path, mode)
      expect(() => refuseForeignDirectory(path, 'missing')).toThrow(`\`chmod 700 ${path}\``)
    }
  })

  it('is refused when it is missing or a file', () => {
    expect(() => refuseForeignDirectory(join(temp.path, 'none'), 'make one')).toThrow('make one')
    expect(() => refuseForeignDirectory(keyPath, 'make one')).toThrow('a part of the path is a file')
  })
})

describe('a name', () => {
  it('is taken by anything, also by a link to nothing', () => {
    const link = join(temp.path, 'link')
    symlinkSync(join(temp.path, 'nowhere'), link)
    expect(isNameTaken(link)).toBe(true)
    expect(isNameTaken(keyPath)).toBe(true)
    expect(isNameTaken(join(temp.path, 'nowhere'))).toBe(false)
  })
})
