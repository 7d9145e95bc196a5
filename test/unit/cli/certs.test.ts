import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { CommanderError } from 'commander'
import { CertificateError } from '../../../certs/errors.ts'
import { openStore } from '../../../certs/store.ts'
import { UsageError } from '../../../gateway/errors.ts'
import { runCerts as wardgate } from '../../support/run-certs.ts'
import { tempDir } from '../../support/temp-dir.ts'

let temp: ReturnType<typeof tempDir>
let stateDir: string

beforeEach(async () => {
  temp = tempDir()
  stateDir = join(temp.path, 'state')
  await wardgate(['init', '--state', stateDir, '--name', 'gw'])
})
afterEach(() => temp.remove())

describe('wardgate certs init', () => {
  it('makes a store and says where the trust file is', async () => {
    const other = join(temp.path, 'other')
    const { output } = await wardgate(['init', '--state', other, '--site', 'icu-3'])
    expect(output).toContain(`clients trust ${other}/certs/ca.pem`)
    expect(openStore(other).site).toBe('icu-3')
  })

  it('refuses where there is a store', async () => {
    await expect(wardgate(['init', '--state', stateDir])).rejects.toThrow(
      'exists already: nothing was changed',
    )
  })

  it.each([
    ['--site', 'ICU', "'ICU' cannot be a site"],
    ['--name', '*.org', "'*.org' cannot be a server name"],
  ])('refuses %s %s and makes nothing', async (option, value, message) => {
    const other = join(temp.path, 'other')
    await expect(wardgate(['init', '--state', other, option, value])).rejects.toThrow(message)
    expect(existsSync(other)).toBe(false)
  })
})

describe('wardgate certs issue', () => {
  it('issues, tells the hook and shows what it answers', async () => {
    const { output, issued } = await wardgate(
      ['issue', 'consumer', 'station-1', '--state', stateDir, '--ward', 'icu', '--ward', 'hdu'],
      () => 'a hint',
    )
    expect(issued).toEqual([
      { stateDir, role: 'consumer', id: 'station-1', wards: ['icu', 'hdu'], duties: [] },
    ])
    expect(output).toContain(join(stateDir, 'certs/consumer/station-1.key'))
    expect(output).toMatch(/a hint\n$/)
  })

  it('prints one JSON object for a program', async () => {
    const { output } = await wardgate(
      ['issue', 'device', 'mon-1', '--state', stateDir, '--days', '7', '--json'],
      () => 'a hint',
    )
    expect(output.trim().split('\n')).toHaveLength(1)
    expect(JSON.parse(output)).toMatchObject({
      role: 'device',
      id: 'mon-1',
      certificatePath: join(stateDir, 'certs/device/mon-1.pem'),
      hint: 'a hint',
    })
  })

  it('takes the public key of a device and says that the private one stays there', async () => {
    const path = join(temp.path, 'pump.pub')
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    writeFileSync(path, publicKey.export({ type: 'spki', format: 'pem' }))
    const { output } = await wardgate([
      'issue',
      'device',
      'pump-1',
      '--state',
      stateDir,
      '--public-key',
      path,
    ])
    expect(output).toContain('stays on the device')
    expect(readdirSync(join(stateDir, 'certs/device'))).toEqual(['pump-1.pem'])
  })

  it('passes the duties and wards of a person on', async () => {
    const options = ['--duty', 'nurse', '--duty', 'auditor', '--ward', 'icu']
    const { issued } = await wardgate(['issue', 'operator', 'anna', '--state', stateDir, ...options])
    expect(issued).toEqual([
      { stateDir, role: 'operator', id: 'anna', wards: ['icu'], duties: ['nurse', 'auditor'] },
    ])
  })

  it('issues a further server certificate, which is nobody in the inventory', async () => {
    const { issued } = await wardgate(['issue', 'server', 'gw-2', '--state', stateDir, '--name', '10.0.0.7'])
    expect(issued).toEqual([])
    expect(readdirSync(join(stateDir, 'certs/server')).sort()).toEqual([
      'gw-2.key',
      'gw-2.pem',
      'server.key',
      'server.pem',
    ])
  })

  it.each([
    ['an unknown role', ['admin', 'a'], "unknown role 'admin'; known are server, device"],
    ['a role of a CA', ['root-ca', 'a'], "unknown role 'root-ca'"],
    ['a bad id', ['device', 'Mon_1'], "id 'Mon_1' is not an id"],
    ['a path as id', ['device', '../a'], "id '../a' is not an id"],
    [
      'a word for days',
      ['device', 'a', '--days', 'many'],
      '--days many: a device certificate lasts 1 to 825',
    ],
    ['no days', ['device', 'a', '--days', '0'], '--days 0'],
    ['half a day', ['device', 'a', '--days', '0.5'], '--days 0.5'],
    ['too many days', ['operator', 'a', '--days', '398'], 'lasts 1 to 397 whole days'],
    ['a ward for a device', ['device', 'a', '--ward', 'icu'], '--ward is for consumers'],
    ['a ward for an engineer', ['operator', 'a', '--ward', 'icu'], 'not for this operator'],
    ['a nurse without a ward', ['operator', 'a', '--duty', 'nurse'], 'is done in a ward'],
    ['an unknown duty', ['operator', 'a', '--duty', 'king'], "unknown duty 'king'"],
    ['a duty for a device', ['device', 'a', '--duty', 'nurse'], '--duty is for operators'],
    ['a bad ward', ['consumer', 'a', '--ward', 'icu/#'], "ward 'icu/#' is not an id"],
    ['a name for a client', ['device', 'a', '--name', 'x'], '--name is for servers'],
    ['a server without a name', ['server', 'a'], 'needs --name'],
  ])('calls %s a fault of usage', async (_what, options, message) => {
    const call = wardgate(['issue', ...options, '--state', stateDir])
    await expect(call).rejects.toThrow(message)
    await expect(call).rejects.toBeInstanceOf(UsageError)
    expect(readdirSync(join(stateDir, 'certs'))).not.toContain(options[0] === 'server' ? 'a.pem' : options[0])
  })

  it.each([
    ['a missing argument', ['device']],
    ['an unknown option', ['device', 'a', '--force']],
    ['one argument too many', ['device', 'a', 'b']],
  ])('calls %s a fault of usage too', async (_what, options) => {
    await expect(wardgate(['issue', ...options, '--state', stateDir])).rejects.toBeInstanceOf(CommanderError)
  })

  it('refuses a missing store and a missing public key, each with its path', async () => {
    const none = join(temp.path, 'none')
    await expect(wardgate(['issue', 'device', 'a', '--state', none])).rejects.toThrow(
      `wardgate certs init --state ${none}`,
    )
    await expect(
      wardgate(['issue', 'device', 'a', '--state', stateDir, '--public-key', none]),
    ).rejects.toThrow(`the public key ${none} is missing`)
  })

  it('says that the certificate is out when only its record failed', async () => {
    const call = wardgate(['issue', 'device', 'mon-1', '--state', stateDir], () => {
      throw new Error('disk full')
    })
    await expect(call).rejects.toThrow(
      "the certificate of device 'mon-1' was issued, but its inventory row could not be written: disk full",
    )
    await expect(call).rejects.toBeInstanceOf(CertificateError)
  })
})

describe('wardgate certs list', () => {
  it('shows a table of all certificates', async () => {
    const { output } = await wardgate(['list', '--state', stateDir])
    expect(output).toMatch(/^ROLE +ID +STATUS +NOT AFTER +SERIAL\nroot-ca +root-ca +valid +2/)
    expect(output.trim().split('\n')).toHaveLength(4)
  })

  it('prints one JSON array for a program', async () => {
    const { output } = await wardgate(['list', '--state', stateDir, '--json'])
    expect(JSON.parse(output)).toHaveLength(3)
    expect(JSON.parse(output)[2]).toMatchObject({ role: 'server', id: 'server', status: 'valid' })
  })
})
