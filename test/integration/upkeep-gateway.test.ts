import { X509Certificate, generateKeyPairSync } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { connectAsync, type MqttClient } from 'mqtt'
import { stringify } from 'yaml'
import { initStore, openStore, type CertificateStore } from '../../certs/store.ts'
import type { Clock, Uptime } from '../../gateway/clock.ts'
import { loadConfig } from '../../gateway/config/load-config.ts'
import { ConfigError } from '../../gateway/errors.ts'
import { writeInventory } from '../../gateway/inventory/inventory-file.ts'
import { silentLog, type Log } from '../../gateway/log.ts'
import { startGateway, type RunningGateway } from '../../gateway/main.ts'
import { confirmClock } from '../../gateway/security/confirm-clock.ts'
import { renewAtMs } from '../../gateway/upkeep/upkeep-due.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { FakeUptime } from '../support/fake-uptime.ts'
import { df2Packet } from '../support/nonin-frames.ts'
import { ShiftedClock } from '../support/shifted-clock.ts'
import { tempDir } from '../support/temp-dir.ts'

const DAY_MS = 86_400_000
/** Old enough to be due whatever is drawn, young enough to be valid. */
const AGE_MS = 266 * DAY_MS

let dir: ReturnType<typeof tempDir>
const undo: (() => unknown)[] = []

beforeEach(() => {
  dir = tempDir()
})
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
  dir.remove()
})

function certificateAt(path: string): X509Certificate {
  return new X509Certificate(readFileSync(path))
}

function dueAtMs(path: string): number {
  const { validFrom, validTo, fingerprint256 } = certificateAt(path)
  return renewAtMs({
    notBeforeMs: Date.parse(validFrom),
    notAfterMs: Date.parse(validTo),
    fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
  })
}

/** An oximeter behind a device server: a packet every 100 ms for whoever connects. */
async function oximeter(): Promise<number> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    const timer = setInterval(() => socket.write(df2Packet()), 100)
    socket.on('error', () => undefined).once('close', () => clearInterval(timer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  undo.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Events of the gateway, as they go to its log. */
class Events {
  readonly seen: { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[] = []
  readonly log: Log
  #wake: () => void = () => undefined

  constructor() {
    const note = (event: string, fields = {}): void => {
      this.seen.push({ event, fields })
      this.#wake()
    }
    this.log = { ...silentLog, debug: note, info: note, warn: note, error: note, child: () => this.log }
  }

  named(event: string) {
    return this.seen.filter((each) => each.event === event).map(({ fields }) => fields)
  }

  async until(event: string): Promise<Readonly<Record<string, unknown>>> {
    for (;;) {
      const found = this.named(event)[0]
      if (found !== undefined) return found
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

interface Process {
  readonly gateway: RunningGateway
  readonly events: Events
  /** As SIGHUP does, and as the hour does. */
  readonly look: () => Promise<void>
}

async function run(
  file: string,
  config: object,
  clock: Clock,
  uptime: Uptime | undefined = clock instanceof ShiftedClock ? clock.uptime : undefined,
): Promise<Process> {
  writeFileSync(file, stringify(config))
  const events = new Events()
  const gateway = await startGateway(loadConfig(file), {
    software: 'test',
    clock,
    ...(uptime === undefined ? {} : { uptime }),
    log: events.log,
  })
  undo.push(() => gateway.stop())
  return { gateway, events, look: () => gateway.reload() }
}

function makeStore(ageMs: number): CertificateStore {
  const nowMs = Date.now() - ageMs
  const stateDir = join(dir.path, 'state')
  const store = initStore({ stateDir, site: 'wardgate', serverNames: ['localhost', '127.0.0.1'], nowMs })
  store.issue({ role: 'bedside', id: 'box-1', nowMs })
  store.issue({ role: 'consumer', id: 'station-1', nowMs: Date.now() - 60 * DAY_MS })
  writeInventory(stateDir, [
    { role: 'bedside', id: 'box-1' },
    { role: 'bedside', id: 'box-2' },
    { role: 'consumer', id: 'station-1', wards: ['icu'] },
    {
      role: 'device',
      id: 'ox-1',
      ward: 'icu',
      bed: 'b01',
      assoc: 'a1',
      protocol: 'nonin-df2',
      bedside: 'box-1',
    },
    {
      role: 'device',
      id: 'ox-2',
      ward: 'icu',
      bed: 'b02',
      assoc: 'a2',
      protocol: 'nonin-df2',
      bedside: 'box-2',
    },
  ])
  return store
}

interface Seen {
  readonly client: MqttClient
  readonly states: string[]
  readonly numbers: number[]
  closes: number
  numeric(): Promise<void>
}

/** A station that was there before and must not notice. */
async function station(store: CertificateStore, port: number): Promise<Seen> {
  const { key, cert, ca } = store.clientMaterial('consumer', 'station-1')
  const client = await connectAsync(`mqtts://127.0.0.1:${port}`, {
    key,
    cert,
    ca,
    clientId: 'station-1',
    protocolVersion: 4,
    reconnectPeriod: 0,
  })
  undo.push(() => client.endAsync(true))
  let wake: () => void = () => undefined
  const seen: Seen = {
    client,
    states: [],
    numbers: [],
    closes: 0,
    async numeric() {
      const before = seen.numbers.length
      while (seen.numbers.length === before)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    },
  }
  client.on('close', () => {
    seen.closes += 1
  })
  client.on('message', (topic, payload) => {
    if (topic.endsWith('/state')) seen.states.push(JSON.parse(payload.toString()).state)
    if (topic.endsWith('/numeric')) {
      seen.numbers.push(JSON.parse(payload.toString()).seq)
      wake()
    }
  })
  await client.subscribeAsync('vitals/v1/icu/#', { qos: 1 })
  return seen
}

async function serialShown(store: CertificateStore, port: number): Promise<string> {
  const { key, cert, ca } = store.clientMaterial('consumer', 'station-1')
  const socket = connectTls({ host: '127.0.0.1', port, servername: 'localhost', key, cert, ca })
  await once(socket, 'secureConnect')
  const serial = socket.getPeerX509Certificate()?.serialNumber ?? ''
  socket.destroy()
  return serial
}

function contiguous(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number === (numbers[index - 1] ?? 0) + 1)
}

describe('a running ward gateway', () => {
  it('renews its server certificate and its bedside part, and nobody on the ward notices', async () => {
    const store = makeStore(AGE_MS)
    const certs = join(dir.path, 'state/certs')
    const serverFile = join(certs, 'server/server.pem')
    const boxFile = join(certs, 'bedside/box-1.pem')
    const before = { server: certificateAt(serverFile), box: certificateAt(boxFile) }
    const startMs = Math.min(dueAtMs(serverFile), dueAtMs(boxFile)) - 3_600_000
    const clock = new ShiftedClock(startMs - Date.now())
    const config = {
      gateway: 'gw-1',
      state: './state',
      broker: { listen: [{ host: '127.0.0.1', port: 0 }] },
      bedside: {
        id: 'box-1',
        devices: [
          { id: 'ox-1', protocol: 'nonin-df2', link: 'tcp', host: '127.0.0.1', port: await oximeter() },
        ],
      },
    }
    const { gateway, events, look } = await run(join(dir.path, 'ward.yaml'), config, clock)
    const port = gateway.addresses[0]?.port ?? 0
    const seen = await station(store, port)
    await seen.numeric()
    await look()
    expect(certificateAt(serverFile).serialNumber).toBe(before.server.serialNumber)
    expect(events.named('certificate-renewed')).toEqual([])

    clock.offsetMs = 0
    await look()
    expect(events.named('certificate-renewed')).toMatchObject([
      { role: 'server', id: 'server', serial: certificateAt(serverFile).serialNumber },
      { role: 'bedside', id: 'box-1', serial: certificateAt(boxFile).serialNumber },
    ])
    expect(certificateAt(serverFile).serialNumber).not.toBe(before.server.serialNumber)
    expect(await serialShown(store, port)).toBe(certificateAt(serverFile).serialNumber)
    expect(events.named('certificate-in-use')).toMatchObject([{ role: 'bedside', id: 'box-1' }])
    for (let more = 0; more < 3; more += 1) await seen.numeric()

    expect(seen.closes).toBe(0)
    expect(contiguous(seen.numbers)).toBe(true)
    expect(new Set(seen.states)).not.toContain('lost')
    expect(events.named('certificate-not-in-use')).toEqual([])
    expect(await gateway.counters.expose()).toMatch(
      /wardgate_certificate_expiry_timestamp_seconds\{role="server"\} \d{10}/,
    )
  })

  it('goes on, and says why it cannot renew, when its store is damaged', async () => {
    const store = makeStore(AGE_MS)
    const clock = new ShiftedClock()
    const config = { gateway: 'gw-1', state: './state', broker: { listen: [{ host: '127.0.0.1', port: 0 }] } }
    const { gateway, events, look } = await run(join(dir.path, 'ward.yaml'), config, clock)
    const seen = await station(store, gateway.addresses[0]?.port ?? 0)
    writeFileSync(join(dir.path, 'state/certs/index.json'), '{')
    await look()
    expect(events.named('upkeep-failed')[0]).toMatchObject({ step: 'upkeep' })
    expect(String(events.named('upkeep-failed')[0]?.['reason'])).toContain('index.json is damaged')
    expect(seen.client.connected).toBe(true)
  })

  it('starts and goes on with what it has while its store cannot be written, and renews once it can', async () => {
    const store = makeStore(AGE_MS)
    const lock = join(dir.path, 'state/certs/.lock')
    // Another process that holds the store and does not let go.
    const holder = spawn('sleep', ['60'])
    await once(holder, 'spawn')
    undo.push(() => holder.kill())
    const stat = readFileSync(`/proc/${holder.pid ?? 0}/stat`, 'utf8')
    const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
    writeFileSync(lock, `${holder.pid ?? 0} ${startedAt} ${'0'.repeat(16)}`)
    const config = { gateway: 'gw-1', state: './state', broker: { listen: [{ host: '127.0.0.1', port: 0 }] } }
    const clock = new ShiftedClock()
    const { events, gateway, look } = await run(join(dir.path, 'ward.yaml'), config, clock)
    expect(events.named('certificate-not-renewed')).toMatchObject([
      {
        role: 'server',
        id: 'server',
        reason: expect.stringContaining(`in use by process ${holder.pid ?? 0}`),
      },
    ])
    const seen = await station(store, gateway.addresses[0]?.port ?? 0)
    holder.kill()
    await once(holder, 'exit')
    clock.passedMs = 3_600_000
    await look()
    expect(events.named('certificate-renewed')).toMatchObject([{ role: 'server' }])
    expect(seen.closes).toBe(0)
    expect(seen.client.connected).toBe(true)
  })
})

describe('a gateway that was off for a year', () => {
  it('makes its own certificates and lists anew before it serves anybody, and says so', async () => {
    const store = makeStore(420 * DAY_MS)
    const config = {
      gateway: 'gw-1',
      state: './state',
      broker: { listen: [{ host: '127.0.0.1', port: 0 }] },
      bedside: {
        id: 'box-1',
        devices: [
          { id: 'ox-1', protocol: 'nonin-df2', link: 'tcp', host: '127.0.0.1', port: await oximeter() },
        ],
      },
    }
    const { gateway, events } = await run(join(dir.path, 'ward.yaml'), config, new ShiftedClock())
    expect(events.named('certificate-renewed')).toMatchObject([{ role: 'server' }, { role: 'bedside' }])
    expect(events.named('crl-renewed')).toHaveLength(1)
    const seen = await station(store, gateway.addresses[0]?.port ?? 0)
    await seen.numeric()
    expect(seen.states).not.toContain('lost')
  })

  it('waits for a person’s word that the clock is right before it dates anything by it', async () => {
    const store = makeStore(420 * DAY_MS)
    const clock = new FakeClock(Date.now() - 420 * DAY_MS)
    const uptime = new FakeUptime(clock)
    const stateDir = join(dir.path, 'state')
    const config = { gateway: 'gw-1', state: './state', broker: { listen: [{ host: '127.0.0.1', port: 0 }] } }
    const first = await run(join(dir.path, 'ward.yaml'), config, clock, uptime)
    await first.gateway.stop()
    const serials = (): readonly string[] => store.list(clock.nowMs()).map(({ serial }) => serial)
    const before = serials()

    clock.step(420 * DAY_MS)
    uptime.boot()
    const { events, look } = await run(join(dir.path, 'ward.yaml'), config, clock, uptime)
    expect(events.named('clock-implausible')).toHaveLength(1)
    expect(String(events.named('upkeep-failed')[0]?.['reason'])).toContain('while the clock is implausible')
    expect(serials()).toEqual(before)

    confirmClock({ stateDir, saidMs: clock.nowMs(), wallMs: clock.nowMs(), uptime })
    clock.advance(10_000)
    await look()
    expect(events.named('certificate-renewed')).toMatchObject([{ role: 'server' }])
    expect(serials()).toHaveLength(before.length + 1)
  })

  it('does not give itself back what was revoked', async () => {
    const store = makeStore(AGE_MS)
    const row = store.list(Date.now()).find(({ role }) => role === 'server')
    store.revoke(row?.serial ?? '', 'keyCompromise', Date.now())
    const config = { gateway: 'gw-1', state: './state', broker: { listen: [{ host: '127.0.0.1', port: 0 }] } }
    await expect(run(join(dir.path, 'ward.yaml'), config, new ShiftedClock())).rejects.toThrow(
      /server\/server .* is revoked/,
    )
  })
})

/** A box on another machine: it brought its own key, and was given its certificate and whom to trust. */
function makeBox(store: CertificateStore, atMs: number): string {
  const box = join(dir.path, 'box')
  const bedside = join(box, 'state/certs/bedside')
  mkdirSync(bedside, { recursive: true, mode: 0o700 })
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const { chainPem } = store.certify({ role: 'bedside', id: 'box-2', publicKeyPem, nowMs: atMs })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  writeFileSync(join(bedside, 'box-2.key'), key, { mode: 0o600 })
  writeFileSync(join(bedside, 'box-2.pem'), chainPem)
  writeFileSync(join(box, 'state/certs/ca.pem'), store.serverMaterial().ca)
  return box
}

describe('a bedside box without an authority', () => {
  it('renews its certificate over EST with a key that stays with it, and loses and repeats nothing', async () => {
    const store = makeStore(AGE_MS)
    const atMs = Date.now() - AGE_MS
    const box = makeBox(store, atMs)
    const file = join(box, 'state/certs/bedside/box-2.pem')
    const before = certificateAt(file)
    const oldKey = readFileSync(join(box, 'state/certs/bedside/box-2.key'), 'utf8')
    const clock = new ShiftedClock(dueAtMs(file) - 3_600_000 - Date.now())
    const ward = await run(
      join(dir.path, 'ward.yaml'),
      {
        gateway: 'gw-1',
        state: './state',
        broker: { listen: [{ host: '127.0.0.1', port: 0 }] },
        web: { listen: [{ host: '127.0.0.1', port: 0 }] },
      },
      clock,
    )
    const port = ward.gateway.addresses[0]?.port ?? 0
    const bedside = {
      id: 'box-2',
      broker: `mqtts://127.0.0.1:${port}`,
      renewAt: `https://127.0.0.1:${ward.gateway.webAddresses[0]?.port ?? 0}`,
      devices: [
        { id: 'ox-2', protocol: 'nonin-df2', link: 'tcp', host: '127.0.0.1', port: await oximeter() },
      ],
    }
    const { events, look } = await run(
      join(box, 'box.yaml'),
      { gateway: 'box-2', state: './state', bedside },
      clock,
    )
    const seen = await station(store, port)
    await seen.numeric()
    await look()
    expect(certificateAt(file).serialNumber).toBe(before.serialNumber)

    clock.offsetMs = 0
    await look()
    expect(events.named('certificate-not-renewed')).toEqual([])
    expect(events.named('certificate-renewed')).toMatchObject([{ role: 'bedside', id: 'box-2' }])
    await events.until('certificate-in-use')
    for (let more = 0; more < 3; more += 1) await seen.numeric()

    const after = certificateAt(file)
    expect(after.serialNumber).not.toBe(before.serialNumber)
    expect(readFileSync(join(box, 'state/certs/bedside/box-2.key'), 'utf8')).not.toBe(oldKey)
    const rows = openStore(join(dir.path, 'state')).list(Date.now())
    expect(
      rows.filter(({ id }) => id === 'box-2').map(({ serial, status }) => `${serial} ${status}`),
    ).toEqual([`${before.serialNumber} valid`, `${after.serialNumber} valid`])
    expect(contiguous(seen.numbers)).toBe(true)
    expect(new Set(seen.states)).not.toContain('lost')
  })

  it('tries again, and keeps what it has, while the enrolment service cannot be reached', async () => {
    const store = makeStore(AGE_MS)
    const box = makeBox(store, Date.now() - AGE_MS)
    const file = join(box, 'state/certs/bedside/box-2.pem')
    const before = readFileSync(file, 'utf8')
    const config = {
      gateway: 'box-2',
      state: './state',
      bedside: {
        id: 'box-2',
        broker: 'mqtts://127.0.0.1:9',
        renewAt: 'https://127.0.0.1:9',
        devices: [
          { id: 'ox-2', protocol: 'nonin-df2', link: 'tcp', host: '127.0.0.1', port: await oximeter() },
        ],
      },
    }
    const { events, look } = await run(join(box, 'box.yaml'), config, new ShiftedClock())
    await look()
    expect(await events.until('certificate-not-renewed')).toMatchObject({
      role: 'bedside',
      id: 'box-2',
      reason: expect.stringContaining('connect-failed'),
    })
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it('does not start with a certificate that has ended, and says what to do', async () => {
    const box = makeBox(makeStore(420 * DAY_MS), Date.now() - 420 * DAY_MS)
    const config = {
      gateway: 'box-2',
      state: './state',
      bedside: {
        id: 'box-2',
        broker: 'mqtts://127.0.0.1:9',
        devices: [{ id: 'ox-2', protocol: 'nonin-df2', link: 'tcp', host: '127.0.0.1', port: 9 }],
      },
    }
    const starting = run(join(box, 'box.yaml'), config, new ShiftedClock())
    await expect(starting).rejects.toBeInstanceOf(ConfigError)
    await expect(starting).rejects.toThrow(
      /bedside\/box-2 .* is expired .* new code .*certs enroll bedside box-2/,
    )
  })
})
