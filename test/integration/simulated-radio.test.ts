import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ATT_CHANNEL, encodeL2capFrame } from '../../devices/framing/l2cap.ts'
import { ConfigError } from '../../gateway/errors.ts'
import type { GattConnection, GattListener } from '../../gateway/transport/gatt-central.ts'
import { createSimulatedRadio } from '../../gateway/transport/simulated-radio.ts'
import type { ServiceDefinition } from '../../simulators/radio/gatt-database.ts'
import {
  startPeripheral,
  type Peripheral,
  type PeripheralOptions,
} from '../../simulators/radio/peripheral.ts'
import { fromHex } from '../support/attributes.ts'
import { signal } from '../support/event-log.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { startHostilePeripheral, type HostileBehaviour } from '../support/hostile-peripheral.ts'
import { tempDir } from '../support/temp-dir.ts'

const ADDRESS = 'C0:FF:EE:00:00:01'
const OTHER = 'C0:FF:EE:00:00:02'
const SERVICE: ServiceDefinition = {
  uuid: '180D',
  characteristics: [{ uuid: '2A37', properties: ['notify', 'read'], security: 'encrypted' }],
}

let dir = tempDir()
let clock = new FakeClock()
const running: { stop(): Promise<void> }[] = []

beforeEach(() => {
  dir = tempDir()
  clock = new FakeClock()
})

afterEach(async () => {
  for (const each of running.splice(0)) await each.stop()
  dir.remove()
})

async function peripheral(options: Partial<PeripheralOptions> = {}): Promise<Peripheral> {
  const started = await startPeripheral({
    airDir: dir.path,
    address: ADDRESS,
    name: 'Strap',
    services: [SERVICE],
    grants: 'encrypted',
    clock,
    ...options,
  })
  running.push(started)
  return started
}

async function hostile(behaviour: HostileBehaviour): Promise<void> {
  running.push(await startHostilePeripheral(dir.path, OTHER, behaviour))
}

const radio = () => createSimulatedRadio({ airDir: dir.path, clock })

function listener(): GattListener & { readonly closed: Promise<string> } {
  const closed = signal<string>()
  return { onValue: () => undefined, onSecurity: () => undefined, onClosed: closed.fire, closed: closed.done }
}

async function connect(address = ADDRESS, heard: GattListener = listener()): Promise<GattConnection> {
  const connected = await radio().connect(address, heard)
  if (!connected.ok) throw new Error(connected.reason)
  return connected.value
}

describe('scanning', () => {
  it('hears every peripheral that advertises, with what it advertises', async () => {
    await peripheral({ appearance: 0x0341, rssiDbm: -71 })
    await peripheral({ address: OTHER, name: 'Pump' })
    const scanned = await radio().scan()
    expect(scanned.ok && [...scanned.value].sort((a, b) => a.address.localeCompare(b.address))).toEqual([
      {
        address: ADDRESS,
        addressType: 'random',
        name: 'Strap',
        rssiDbm: -71,
        services: ['180D'],
        appearance: 0x0341,
      },
      { address: OTHER, addressType: 'random', name: 'Pump', rssiDbm: -60, services: ['180D'] },
    ])
  })

  it('does not hear a peripheral that is connected, and hears it again afterwards', async () => {
    const left = signal<string>()
    await peripheral({ onDisconnect: left.fire })
    const connection = await connect()
    await expect(radio().scan()).resolves.toEqual({ ok: true, value: [] })
    connection.disconnect()
    await left.done
    await expect(radio().scan()).resolves.toMatchObject({ ok: true, value: [{ address: ADDRESS }] })
  })

  it('passes over dead sockets, other files, and whoever speaks for another address', async () => {
    writeFileSync(join(dir.path, 'notes.txt'), '')
    writeFileSync(join(dir.path, 'c0ffee000009.air'), '')
    const advertisement = {
      address: 'AA:AA:AA:AA:AA:AA',
      addressType: 'random',
      name: 'x',
      rssiDbm: 0,
      services: [],
    } as const
    await hostile({
      onControl: (_message, it) => it.tell({ kind: 'advertisement', advertisement }),
    })
    await expect(radio().scan()).resolves.toEqual({ ok: true, value: [] })
  })

  it('does not wait for a peripheral that hangs', async () => {
    const asked = signal<unknown>()
    await hostile({ onControl: asked.fire })
    const scanned = radio().scan()
    await asked.done
    clock.advance(1_000)
    await expect(scanned).resolves.toEqual({ ok: true, value: [] })
  })

  it('says so when there is no air at all', async () => {
    const nowhere = createSimulatedRadio({ airDir: join(dir.path, 'missing'), clock })
    await expect(nowhere.scan()).resolves.toEqual({ ok: false, reason: 'no-air-dir' })
  })
})

describe('connecting', () => {
  it('is refused to a second central while the first keeps its link', async () => {
    await peripheral()
    const first = await connect()
    await expect(radio().connect(ADDRESS, listener())).resolves.toEqual({
      ok: false,
      reason: 'not-advertising',
    })
    await expect(first.pair()).resolves.toEqual({ ok: true, value: 'encrypted' })
  })

  it.each([
    { name: 'nobody has the address', address: OTHER, reason: 'not-in-range' },
    { name: 'the address is none', address: '../../etc', reason: 'bad-address' },
  ])('fails with a word when $name', async ({ address, reason }) => {
    await expect(radio().connect(address, listener())).resolves.toEqual({ ok: false, reason })
  })

  it('starts without protection, and has it after pairing', async () => {
    await peripheral({ grants: 'authenticated' })
    const connection = await connect()
    expect(connection.security).toBe('none')
    await expect(connection.pair()).resolves.toEqual({ ok: true, value: 'authenticated' })
    expect(connection.security).toBe('authenticated')
  })

  it('gives up a pairing that stands still, and the link with it', async () => {
    const asked = signal<unknown>()
    await hostile({
      onControl: (message, it) => {
        if (message.kind === 'connect') it.tell({ kind: 'connected' })
        else asked.fire(message)
      },
    })
    const heard = listener()
    const connection = await connect(OTHER, heard)
    const paired = connection.pair()
    await expect(connection.pair()).resolves.toEqual({ ok: false, reason: 'procedure-already-in-progress' })
    await asked.done
    clock.advance(30_000)
    await expect(paired).resolves.toEqual({ ok: false, reason: 'pairing-timeout' })
    await expect(heard.closed).resolves.toBe('pairing-timeout')
  })

  it('gives an answer to its asker before the value that came behind it in the same breath', async () => {
    const frame = (hex: string) => encodeL2capFrame({ channel: ATT_CHANNEL, payload: fromHex(hex) })
    await hostile({
      onAtt: (request, it) => {
        if (request.startsWith('12')) return '13'
        it.send(Uint8Array.of(...frame('0b01'), ...frame('1b030002')))
        return undefined
      },
    })
    const order: string[] = []
    const valued = signal<void>()
    const onValue = () => {
      order.push('notification')
      valued.fire()
    }
    const connection = await connect(OTHER, { ...listener(), onValue })
    const rate = { uuid: '2a37', handle: 3, properties: ['notify'], configurationHandle: 4 } as const
    await connection.subscribe(rate)
    await connection.read(rate).then(() => order.push('read'))
    await valued.done
    expect(order).toEqual(['read', 'notification'])
    connection.disconnect()
  })

  it('answers every request after the end with the reason of the end', async () => {
    const strap = await peripheral()
    const heard = listener()
    const connection = await connect(ADDRESS, heard)
    strap.disconnect('low-resources')
    await expect(heard.closed).resolves.toBe('low-resources')
    await expect(connection.discover()).resolves.toEqual({ ok: false, reason: 'low-resources' })
    await expect(connection.pair()).resolves.toEqual({ ok: false, reason: 'not-connected' })
  })
})

describe('a peripheral', () => {
  it.each([
    { isBonded: true, kept: 'sent' },
    { isBonded: false, kept: 'not-subscribed' },
  ])('keeps the configuration of a bonded central only (bonded: $isBonded)', async ({ isBonded, kept }) => {
    const open: ServiceDefinition = {
      uuid: '180D',
      characteristics: [{ uuid: '2A37', properties: ['notify'] }],
    }
    const left = signal<string>()
    const strap = await peripheral({ services: [open], isBonded, onDisconnect: left.fire })
    const first = await connect()
    const discovered = await first.discover()
    const rate = discovered.ok ? discovered.value[0]?.characteristics[0] : undefined
    if (rate === undefined) throw new Error('no characteristic was discovered')
    await expect(first.subscribe(rate)).resolves.toEqual({ ok: true, value: undefined })
    first.disconnect()
    await left.done
    await connect()
    expect(strap.notify('2A37', fromHex('0048'))).toBe(kept)
  })

  it('sends nothing protected before the link is', async () => {
    const strap = await peripheral({ isBonded: true })
    const connection = await connect()
    await connection.pair()
    const discovered = await connection.discover()
    const rate = discovered.ok ? discovered.value[0]?.characteristics[0] : undefined
    if (rate === undefined) throw new Error('no characteristic was discovered')
    await connection.subscribe(rate)
    expect(strap.notify('2A37', fromHex('0048'))).toBe('sent')
    strap.changeSecurity('none')
    expect(strap.notify('2A37', fromHex('0048'))).toBe('not-subscribed')
    await expect(connection.read(rate)).resolves.toEqual({ ok: false, reason: 'insufficient-encryption' })
  })

  it('leaves an indication unconfirmed when the central goes', async () => {
    const service: ServiceDefinition = {
      uuid: '1809',
      characteristics: [{ uuid: '2A1C', properties: ['indicate'] }],
    }
    const heard = signal<string>()
    const thermometer = await peripheral({ services: [service], onSubscribe: heard.fire })
    const connection = await connect()
    const discovered = await connection.discover()
    const value = discovered.ok ? discovered.value[0]?.characteristics[0] : undefined
    if (value === undefined) throw new Error('no characteristic was discovered')
    await connection.subscribe(value)
    connection.disconnect()
    await expect(thermometer.indicate('2A1C', fromHex('00'))).resolves.toBe('disconnected')
    await expect(heard.done).resolves.toBe('2A1C')
  })

  it('makes its directory for the owner alone, and takes its socket away when it stops', async () => {
    const airDir = join(dir.path, 'air')
    const strap = await peripheral({ airDir })
    expect(statSync(airDir).mode & 0o777).toBe(0o700)
    expect(existsSync(join(airDir, 'c0ffee000001.air'))).toBe(true)
    await strap.stop()
    expect(existsSync(join(airDir, 'c0ffee000001.air'))).toBe(false)
  })

  it('does not start where others could listen', async () => {
    chmodSync(dir.path, 0o755)
    await expect(peripheral()).rejects.toThrow(/open to other users: run `chmod 700/)
  })

  it('does not start twice with one address', async () => {
    await peripheral()
    await expect(peripheral()).rejects.toThrow(/C0:FF:EE:00:00:01 is already on the air/)
  })

  it('takes the place of one that was killed', async () => {
    const path = join(dir.path, 'c0ffee000001.air')
    const script =
      'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))'
    const killed = spawn(process.execPath, ['-e', script, path], { stdio: 'ignore' })
    await once(killed, 'exit')
    expect(existsSync(path)).toBe(true)
    await peripheral()
    await connect()
  })

  it('does not start with an address that is none, or a directory that is too deep', async () => {
    await expect(peripheral({ address: 'strap' })).rejects.toThrow(/'strap' is not a Bluetooth address/)
    await expect(peripheral({ airDir: join(dir.path, 'd'.repeat(100)) })).rejects.toThrow(/107 bytes/)
  })

  it('knows its own characteristics only', async () => {
    const strap = await peripheral()
    await connect()
    expect(() => strap.notify('2A5F', fromHex('00'))).toThrow(/Strap has no characteristic 2A5F/)
  })
})

describe('a simulated radio', () => {
  it('refuses a directory whose sockets could not be named', () => {
    const airDir = `/tmp/${'d'.repeat(100)}`
    expect(() => createSimulatedRadio({ airDir, clock })).toThrow(ConfigError)
    expect(() => createSimulatedRadio({ airDir, clock })).toThrow(/107 bytes/)
  })
})
