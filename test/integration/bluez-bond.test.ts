import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BluezRadioOptions } from '../../gateway/transport/bluez-radio.ts'
import { variant } from '../../gateway/transport/dbus-values.ts'
import { ADDRESS, bluezBench, bluezSuite, DEVICE, listener, WatchedClock } from '../support/bluez-bench.ts'
import { method, raises, startBluezMock, type BluezMock } from '../support/bluez-mock.ts'
import { tempDir } from '../support/temp-dir.ts'

const suite = bluezSuite('pairing and bonds of the radio of this machine')
const AGENT_MANAGER = '/org/bluez'

let mock: BluezMock
let device: string
const { radio, connected, closeAll } = bluezBench(() => mock)

const PAIRS = `self.UpdateProperties('${DEVICE}', {'Paired': dbus.Boolean(True)})`

/** Pairs only when the agent of whoever came last to the bus gives this answer. */
function asksAgent(member: string, signature: string, values: string, expected: string): string {
  return [
    "owner = max((n for n in self.connection.list_names() if n.startswith(':1.')), key=lambda n: int(n[3:]))",
    `given = self.connection.call_blocking(owner, '/org/wardgate/agent', 'org.bluez.Agent1', '${member}', '${signature}', [${values}])`,
    `if given != ${expected}: ${raises('AuthenticationFailed')}`,
    PAIRS,
  ].join('\n')
}

suite('the bond of a device', () => {
  const dir = tempDir()

  beforeAll(async () => {
    mock = await startBluezMock()
    await mock.startBluetoothd()
  }, 20_000)
  afterAll(async () => {
    dir.remove()
    await mock.stop()
  })
  beforeEach(async () => {
    await mock.reset()
    await mock.addAdapter('hci0')
    device = await mock.addDevice(ADDRESS)
    await mock.replace(device, DEVICE, method('Pair', PAIRS))
  })
  afterEach(closeAll)

  const bond = (isThere: boolean) => mock.set(device, DEVICE, { Paired: variant('b', isThere) })
  const notices = () => {
    const heard: unknown[] = []
    return {
      heard,
      onNotice: ((notice, detail) =>
        heard.push({ notice, ...detail })) satisfies BluezRadioOptions['onNotice'],
    }
  }

  it('that is not there proves nothing, and is told', async () => {
    const { heard, onNotice } = notices()
    const connection = await connected(listener(), { onNotice })
    expect(connection.security).toBe('none')
    await connection.discover()
    expect(heard).toEqual([{ notice: 'link-not-encrypted', address: ADDRESS }])
  })

  it('is never made without being asked for', async () => {
    const connection = await connected()
    await expect(connection.pair()).resolves.toEqual({ ok: false, reason: 'not-bonded' })
    expect(await mock.methodsCalled(device)).not.toContain('Pair')
    expect(await mock.methodsCalled(AGENT_MANAGER)).not.toContain('RegisterAgent')
  })

  it('proves encryption, and no more', async () => {
    await bond(true)
    const connection = await connected()
    expect(connection.security).toBe('encrypted')
    await expect(connection.pair()).resolves.toEqual({ ok: false, reason: 'bond-not-authenticated' })
  })

  it('counts as authenticated when the operator says so, and that is told', async () => {
    await bond(true)
    const { heard, onNotice } = notices()
    const connection = await connected(listener(), { isBondAuthenticated: true, onNotice })
    expect(connection.security).toBe('authenticated')
    await connection.discover()
    await connection.discover()
    expect(heard).toEqual([{ notice: 'bond-taken-as-authenticated', address: ADDRESS }])
  })

  it('cannot be stated for a device that has none', async () => {
    const connection = await connected(listener(), { isBondAuthenticated: true })
    expect(connection.security).toBe('none')
  })

  it('is that of `Bonded` where bluetoothd has it: paired for one connection is no bond', async () => {
    await bond(true)
    await mock.call(device, 'org.freedesktop.DBus.Mock', {
      name: 'AddProperty',
      signature: 'ssv',
      body: [DEVICE, 'Bonded', variant('b', false)],
    })
    expect((await connected()).security).toBe('none')
  })

  it('takes the protection of the link with it when it is removed', async () => {
    await bond(true)
    const to = listener()
    const connection = await connected(to)
    await bond(false)
    await mock.set(device, DEVICE, { Trusted: variant('b', true) })
    await connection.discover()
    expect(to.levels).toEqual(['none'])
    expect(connection.security).toBe('none')
  })

  it('made without proof encrypts, and is told', async () => {
    const { heard, onNotice } = notices()
    const connection = await connected(listener(), { pairing: { passkeyFile: undefined }, onNotice })
    await expect(connection.pair()).resolves.toEqual({ ok: true, value: 'encrypted' })
    expect(connection.security).toBe('encrypted')
    expect(heard.at(-1)).toEqual({ notice: 'paired', address: ADDRESS, proof: 'none' })
    expect(await mock.argumentsOf(AGENT_MANAGER, 'RegisterAgent')).toEqual([
      ['/org/wardgate/agent', 'NoInputNoOutput'],
    ])
    expect(await mock.methodsCalled(AGENT_MANAGER)).toContain('UnregisterAgent')
  })

  it.each([
    { error: 'AuthenticationFailed', reason: 'authentication-failure' },
    { error: 'AuthenticationRejected', reason: 'pairing-refused' },
    { error: 'AuthenticationTimeout', reason: 'pairing-timeout' },
    { error: 'Failed', reason: 'authentication-failure' },
  ])('is not there when pairing fails: $error', async ({ error, reason }) => {
    await mock.replace(device, DEVICE, method('Pair', raises(error)))
    const connection = await connected(listener(), { pairing: { passkeyFile: undefined } })
    await expect(connection.pair()).resolves.toEqual({ ok: false, reason })
    expect(connection.security).toBe('none')
  })

  it('is given up when the device keeps no keys', async () => {
    await mock.replace(device, DEVICE, method('Pair', 'pass'))
    const clock = new WatchedClock()
    const connection = await connected(listener(), { clock, pairing: { passkeyFile: undefined } })
    const pairing = connection.pair()
    await clock.passWhenSet(6_000)
    await expect(pairing).resolves.toEqual({ ok: false, reason: 'not-bonded' })
  })

  it.each([
    { name: 'there is no file', prepare: () => undefined, reason: 'passkey-file-missing' },
    {
      name: 'others may read it',
      prepare: (path: string) => write(path, '123456', 0o644),
      reason: 'passkey-file-open',
    },
    {
      name: 'it stands elsewhere',
      prepare: (path: string) => {
        write(`${path}-2`, '123456', 0o600)
        symlinkSync(`${path}-2`, path)
      },
      reason: 'passkey-file-open',
    },
    {
      name: 'it is too long',
      prepare: (path: string) => write(path, '1234567', 0o600),
      reason: 'passkey-file-malformed',
    },
    {
      name: 'it is no number',
      prepare: (path: string) => write(path, 'secret', 0o600),
      reason: 'passkey-file-malformed',
    },
  ])('is not made with a passkey when $name', async ({ prepare, reason }) => {
    const own = tempDir()
    const passkeyFile = join(own.path, 'passkey')
    prepare(passkeyFile)
    const connection = await connected(listener(), { pairing: { passkeyFile } })
    await expect(connection.pair()).resolves.toEqual({ ok: false, reason })
    expect(await mock.methodsCalled(device)).not.toContain('Pair')
    own.remove()
  })

  it('is not proven by a passkey that nobody asked for', async () => {
    const passkeyFile = join(dir.path, 'passkey')
    write(passkeyFile, '012345\n', 0o600)
    const connection = await connected(listener(), { pairing: { passkeyFile } })
    await expect(connection.pair()).resolves.toEqual({ ok: true, value: 'encrypted' })
    expect(await mock.argumentsOf(AGENT_MANAGER, 'RegisterAgent')).toEqual([
      ['/org/wardgate/agent', 'KeyboardOnly'],
    ])
  })

  it('made with the passkey is authenticated, also when the link is made again', async () => {
    const passkeyFile = join(dir.path, 'passkey')
    write(passkeyFile, '012345', 0o600)
    const code = asksAgent('RequestPasskey', 'o', `dbus.ObjectPath('${device}')`, '12345')
    await mock.replace(device, DEVICE, method('Pair', code))
    const { heard, onNotice } = notices()
    const central = radio({ pairing: { passkeyFile }, onNotice })
    const link = async () => {
      const result = await central.connect(ADDRESS, listener())
      if (!result.ok) throw new Error(result.reason)
      return result.value
    }
    const first = await link()
    await expect(first.pair()).resolves.toEqual({ ok: true, value: 'authenticated' })
    expect(heard.at(-1)).toEqual({ notice: 'paired', address: ADDRESS, proof: 'passkey' })
    first.disconnect()
    await mock.hasCalled(device, 'Disconnect')
    const second = await link()
    expect(second.security).toBe('authenticated')
    second.disconnect()
    await bond(false)
    const third = await link()
    // Whoever makes the bond anew, it is not us.
    await bond(true)
    await third.discover()
    expect(third.security).not.toBe('authenticated')
    third.disconnect()
  })

  it.each([
    { what: 'the passkey of another device', member: 'RequestPasskey', signature: 'o', suffix: '_2' },
    { what: 'a comparison that nobody makes', member: 'RequestConfirmation', signature: 'ou', suffix: '' },
    { what: 'a PIN', member: 'RequestPinCode', signature: 'o', suffix: '' },
    { what: 'a pairing without proof', member: 'RequestAuthorization', signature: 'o', suffix: '' },
  ])('is not made for $what', async ({ member, signature, suffix }) => {
    const passkeyFile = join(dir.path, 'passkey')
    write(passkeyFile, '012345', 0o600)
    const path = `dbus.ObjectPath('${device}${suffix}')`
    const values = signature === 'ou' ? `${path}, dbus.UInt32(1)` : path
    await mock.replace(device, DEVICE, method('Pair', asksAgent(member, signature, values, 'None')))
    const connection = await connected(listener(), { pairing: { passkeyFile } })
    await expect(connection.pair()).resolves.toMatchObject({ ok: false })
    expect(connection.security).toBe('none')
  })
})

function write(path: string, text: string, mode: number): void {
  writeFileSync(path, text)
  chmodSync(path, mode)
}
