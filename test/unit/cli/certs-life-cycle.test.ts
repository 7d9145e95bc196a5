import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { CertificateError } from '../../../certs/errors.ts'
import { openStore } from '../../../certs/store.ts'
import { UsageError } from '../../../gateway/errors.ts'
import { runCerts } from '../../support/run-certs.ts'
import { tempDir } from '../../support/temp-dir.ts'

let temp: ReturnType<typeof tempDir>
let stateDir: string
let medium: string

beforeEach(async () => {
  temp = tempDir()
  stateDir = join(temp.path, 'state')
  medium = join(temp.path, 'medium')
  await runCerts(['init', '--state', stateDir, '--name', 'gw'])
})
afterEach(() => temp.remove())

describe('wardgate certs revoke', () => {
  it('revokes an identity and says when that bites', async () => {
    const { serial } = await issue('device', 'mon-1')
    const output = await certs('revoke', 'device', 'mon-1', '--reason', 'key-compromise')
    expect(output).toContain(`device 'mon-1' is revoked (key-compromise): serial ${serial}`)
    expect(output).toContain('notice within 2 seconds')
    expect(statusOf('device', 'mon-1')).toEqual(['revoked'])
  })

  it('takes the id alone when one role has it, and a reason as RFC 5280 writes it', async () => {
    await issue('device', 'mon-1')
    await certs('revoke', 'mon-1', '--reason', 'keyCompromise')
    expect(statusOf('device', 'mon-1')).toEqual(['revoked'])
  })

  it('asks which one when two roles have the id, and revokes none', async () => {
    await issue('device', 'x')
    await issue('bedside', 'x')
    const call = certs('revoke', 'x', '--reason', 'superseded')
    await expect(call).rejects.toBeInstanceOf(UsageError)
    await expect(call).rejects.toThrow(/revoke device x [^]*revoke bedside x /)
    expect([statusOf('device', 'x'), statusOf('bedside', 'x')]).toEqual([['valid'], ['valid']])
  })

  it('revokes every certificate of an identity, or the one with the serial', async () => {
    const { serial } = await issue('device', 'mon-1')
    await certs('renew', 'device', 'mon-1')
    await certs('revoke', '--serial', serial.toLowerCase(), '--reason', 'superseded')
    expect(statusOf('device', 'mon-1')).toEqual(['revoked', 'valid'])
    expect(await certs('revoke', 'device', 'mon-1', '--reason', 'cessation-of-operation')).toContain(
      'is revoked',
    )
    expect(statusOf('device', 'mon-1')).toEqual(['revoked', 'revoked'])
    expect(await certs('revoke', 'mon-1', '--reason', 'superseded')).toContain('was revoked before')
  })

  it('revokes an issuing CA, and asks which when there are several', async () => {
    await certs('renew', 'issuing-ca')
    await expect(certs('revoke', 'issuing-ca', '--reason', 'ca-compromise')).rejects.toThrow(
      /which issuing-ca with --serial:\n {2}[0-9A-F]+ {2}valid/,
    )
    const [, old] = openStore(stateDir).list(0)
    await certs('revoke', '--serial', old?.serial ?? '', '--reason', 'ca-compromise')
    expect(statusOf('issuing-ca', 'issuing-ca')).toEqual(['revoked', 'valid'])
  })

  it.each([
    ['no identity', [], 'say whom to revoke'],
    ['three words', ['device', 'a', 'b'], 'say whom to revoke'],
    ['an unknown id', ['ghost'], "no certificate was ever issued here to 'ghost'"],
    ['an unknown role', ['nurse', 'server'], "no certificate was ever issued here to 'nurse' 'server'"],
    ['an unknown serial', ['--serial', 'AB'], 'no certificate with serial AB'],
    ['a serial and an identity', ['server', '--serial', 'AB'], 'leave role and id out'],
    ['the root', ['root-ca'], 'cannot revoke itself'],
  ])('refuses %s', async (_what, words, message) => {
    await expect(certs('revoke', ...words, '--reason', 'superseded')).rejects.toThrow(message)
  })

  it.each(['because', 'constructor', '', 'KEYCOMPROMISE'])(
    'refuses the reason %j and lists the known ones',
    async (reason) => {
      const call = certs('revoke', 'server', 'server', '--reason', reason)
      await expect(call).rejects.toThrow(
        'known are unspecified, key-compromise, ca-compromise, affiliation-changed',
      )
      await expect(call).rejects.toBeInstanceOf(UsageError)
    },
  )
})

describe('wardgate certs renew', () => {
  it('gives the server a new key under the names it had', async () => {
    const before = openStore(stateDir).serverMaterial()
    const output = await certs('renew', 'server')
    const after = openStore(stateDir).serverMaterial()
    expect(output).toContain("server 'server' has a new key and certificate until")
    expect(after.key).not.toBe(before.key)
    expect(statusOf('server', 'server')).toEqual(['valid', 'valid'])
  })

  it('certifies the new public key of a device and prints the chain', async () => {
    const path = join(temp.path, 'pump.pub')
    writePublicKey(path)
    await certs('issue', 'device', 'pump-1', '--public-key', path)
    writePublicKey(path)
    const output = await certs('renew', 'device', 'pump-1', '--public-key', path)
    expect(output.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
    expect(statusOf('device', 'pump-1')).toEqual(['valid', 'valid'])
  })

  it('renews the lists, and is content when the root is away as long as its list is good', async () => {
    expect(await certs('renew', 'crl')).toMatch(/^renewed +issuing-ca [0-9A-F]+\nrenewed +root-ca/)
    const other = join(temp.path, 'other')
    await runCerts(['init', '--state', other, '--name', 'gw', '--offline-root', medium])
    const { output } = await runCerts(['renew', 'crl', '--state', other])
    expect(output).toMatch(/^renewed +issuing-ca [0-9A-F]+\nnot renewed +root-ca [0-9A-F]+: good until 2/)
    const { output: all } = await runCerts(['renew', 'crl', '--state', other, '--offline-root', medium])
    expect(all).toMatch(/renewed +root-ca/)
  })

  it('fails when the medium that was given does not hold the root', async () => {
    const other = join(temp.path, 'other')
    await runCerts(['init', '--state', other, '--name', 'gw', '--offline-root', medium])
    const wrong = join(temp.path, 'wrong')
    await runCerts(['init', '--state', join(temp.path, 'third'), '--name', 'gw', '--offline-root', wrong])
    await expect(runCerts(['renew', 'crl', '--state', other, '--offline-root', wrong])).rejects.toThrow(
      'mount the right medium',
    )
    await expect(runCerts(['renew', 'issuing-ca', '--state', other])).rejects.toThrow(
      'mount the medium that holds it and repeat the command with --offline-root DIR',
    )
  })

  it('refuses the second step of a new root while clients do not know it, and goes on when they do', async () => {
    await issue('device', 'mon-1')
    expect(await certs('renew', 'root-ca')).toContain('clients learn it when they renew')
    const call = certs('renew', 'issuing-ca')
    await expect(call).rejects.toThrow(/1 of the clients have not learnt yet[^]*\n {2}device mon-1\n/)
    await expect(call).rejects.toBeInstanceOf(CertificateError)
    expect(statusOf('issuing-ca', 'issuing-ca')).toEqual(['valid'])
    expect(await certs('renew', 'issuing-ca', '--trust-delivered')).toContain('new issuing-ca')
    expect(await certs('list')).toMatch(/^issuing-ca +issuing-ca +replaced/m)
  })

  it.each([
    ['an unknown role', ['nurse', 'a'], "unknown role 'nurse'"],
    ['a role without id', ['device'], 'say which device'],
    ['an authority with an id', ['issuing-ca', 'a'], 'there is no id to issuing-ca'],
    ['a name for a device', ['device', 'a', '--name', 'x'], '--name is for servers'],
    ['the offline root for a device', ['device', 'a', '--offline-root', 'x'], '--offline-root is for'],
    ['a public key for an authority', ['root-ca', '--public-key', 'x'], '--public-key is for devices'],
    ['trust for a list', ['crl', '--trust-delivered'], '--trust-delivered is for issuing-ca'],
    ['an empty directory name', ['crl', '--offline-root', ''], '--offline-root needs a path'],
    ['an identity that has none', ['device', 'ghost'], 'no certificate of device'],
  ])('refuses %s', async (_what, words, message) => {
    await expect(certs('renew', ...words)).rejects.toThrow(message)
  })
})

describe('wardgate certs init --offline-root', () => {
  it('leaves no key of the root in the state directory', async () => {
    const other = join(temp.path, 'other')
    const { output } = await runCerts(['init', '--state', other, '--name', 'gw', '--offline-root', medium])
    expect(output).toContain(`the key of the root is in ${medium} alone`)
    expect(readdirSync(join(other, 'certs/ca')).sort()).toEqual(['issuing.key', 'issuing.pem', 'root.pem'])
    expect(readdirSync(medium)).toEqual([
      expect.stringMatching(/^root-[0-9A-F]+\.key$/),
      expect.stringMatching(/^root-[0-9A-F]+\.pem$/),
    ])
  })

  it('refuses a directory in the state directory and makes nothing', async () => {
    const other = join(temp.path, 'other')
    const call = runCerts(['init', '--state', other, '--name', 'gw', '--offline-root', join(other, 'root')])
    await expect(call).rejects.toThrow('lies in the state directory')
    expect(existsSync(other)).toBe(false)
  })
})

describe('wardgate certs forecast', () => {
  it('shows a table, the most urgent first', async () => {
    expect(await certs('forecast')).toMatch(/^LEVEL +WHAT +ROLE +ID +ENDS +RENEWED BY [^]*\n- +crl +root-ca/)
  })

  it('prints rows with stable fields for a program', async () => {
    const rows: unknown = JSON.parse(await certs('forecast', '--json'))
    expect(rows).toContainEqual({
      what: 'certificate',
      role: 'server',
      id: 'server',
      serial: expect.stringMatching(/^[0-9A-F]{32}$/),
      expiresAtMs: expect.any(Number),
      renewsAtMs: expect.any(Number),
      renews: 'gateway',
      action: expect.stringContaining('renewed by the gateway'),
    })
  })

  it('shows only what happens within the days', async () => {
    expect(await certs('forecast', '--days', '1')).toBe('nothing ends or renews itself within 1 days\n')
    expect(await certs('forecast', '--days', '20')).toMatch(/crl/)
    await expect(certs('forecast', '--days', 'soon')).rejects.toBeInstanceOf(UsageError)
  })
})

describe('wardgate certs show', () => {
  it('shows every certificate of an identity with what became of it', async () => {
    await issue('device', 'mon-1')
    await certs('renew', 'device', 'mon-1')
    const first = openStore(stateDir)
      .list(0)
      .find(({ role }) => role === 'device')
    await certs('revoke', '--serial', first?.serial ?? '', '--reason', 'superseded')
    const output = await certs('show', 'device', 'mon-1')
    expect(output).toMatch(/status +revoked .*: superseded\n[^]*\n\n[^]*status +valid\n/)
    expect(JSON.parse(await certs('show', 'issuing-ca', '--json'))).toHaveLength(1)
    await expect(certs('show', 'device', 'ghost')).rejects.toBeInstanceOf(UsageError)
  })
})

describe('wardgate certs export', () => {
  it('writes one file for its owner, and says nothing of the passphrase', async () => {
    await issue('device', 'pump-1')
    const passphrase = join(temp.path, 'passphrase')
    const out = join(temp.path, 'pump-1.p12')
    writeFileSync(passphrase, 'a long enough line\n', { mode: 0o600 })
    const output = await certs('export', 'device', 'pump-1', '--out', out, '--passphrase-file', passphrase)
    expect(output).toContain(`${out} holds key, certificate and chain of device 'pump-1'`)
    expect(output).not.toContain('a long enough line')
    expect(statSync(out).mode & 0o777).toBe(0o600)
    expect(readFileSync(out)[0]).toBe(0x30)
  })
})

async function certs(...words: readonly string[]): Promise<string> {
  return (await runCerts([...words, '--state', stateDir])).output
}

async function issue(role: string, id: string): Promise<{ readonly serial: string }> {
  return JSON.parse(await certs('issue', role, id, '--json'))
}

function statusOf(role: string, id: string): readonly string[] {
  return openStore(stateDir)
    .list(Date.now())
    .filter((row) => row.role === role && row.id === id)
    .map(({ status }) => status)
}

function writePublicKey(path: string): void {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  writeFileSync(path, publicKey.export({ type: 'spki', format: 'pem' }))
}
