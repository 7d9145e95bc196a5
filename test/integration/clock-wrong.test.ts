/**
 * A whole gateway on a machine whose clock is wrong by years, in both directions. The clock of the machine is what it is;
 * so the certificates are made six years before, or after, the time it shows. OpenSSL takes them all for expired, or for
 * not yet valid.
 */

import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { connectAsync, type MqttClient } from 'mqtt'
import { systemClock, systemUptime } from '../../gateway/clock.ts'
import { loadConfig } from '../../gateway/config/load-config.ts'
import { silentLog, type Log } from '../../gateway/log.ts'
import { startGateway, type RunningGateway } from '../../gateway/main.ts'
import type { InventoryEntry } from '../../gateway/ports.ts'
import { readTime } from '../../gateway/security/keep-time.ts'
import { timeFileOf, writeTimeFile } from '../../gateway/security/time-file.ts'
import { guardedDial } from '../../gateway/uplink/dial.ts'
import { RawClient } from '../support/broker-bench.ts'
import { tempDir } from '../support/temp-dir.ts'
import { makeWardFiles, type WardFiles } from '../support/ward.ts'

const YEARS_MS = 6 * 365 * 86_400_000

const INVENTORY: readonly InventoryEntry[] = [
  { role: 'device', id: 'mon-1', ward: 'icu', bed: 'b01', assoc: 'a1', protocol: 'nonin-df2' },
  { role: 'device', id: 'mon-2', ward: 'icu', bed: 'b02', assoc: 'a2', protocol: 'nonin-df2' },
  { role: 'consumer', id: 'station-icu', wards: ['icu'] },
]

let dir: ReturnType<typeof tempDir>
let events: { readonly event: string; readonly detail: Readonly<Record<string, unknown>> }[]
let gateway: RunningGateway | undefined
const clients: MqttClient[] = []
const sockets: TLSSocket[] = []

beforeEach(() => {
  dir = tempDir()
  events = []
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.end(true)
  for (const socket of sockets.splice(0)) socket.destroy()
  await gateway?.stop()
  gateway = undefined
  dir.remove()
})

const log: Log = {
  ...silentLog,
  child: () => log,
  warn: (event, detail = {}) => {
    events.push({ event, detail })
  },
}

async function start(madeAtMs: number): Promise<WardFiles> {
  const health = { host: '127.0.0.1', port: 0 }
  const ward = makeWardFiles(dir.path, INVENTORY, { nowMs: madeAtMs, config: { health } })
  // What a gateway that ran then has left behind; another boot of the machine.
  if (madeAtMs < Date.now())
    writeTimeFile(timeFileOf(ward.stateDir), { version: 1, goodMs: madeAtMs, uptimeMs: 0, boot: 'before' })
  gateway = await startGateway(loadConfig(ward.configFile), {
    software: 'wardgate@test',
    clock: systemClock,
    uptime: systemUptime,
    log,
  })
  return ward
}

const port = (): number => gateway?.addresses[0]?.port ?? 0

async function connect(ward: WardFiles, role: 'device', id: string): Promise<MqttClient> {
  const { key, cert, ca } = ward.store.clientMaterial(role, id)
  const client = await connectAsync(`mqtts://127.0.0.1:${port()}`, {
    key,
    cert,
    ca,
    clientId: id,
    reconnectPeriod: 0,
    // A device with a clock of its own would find the gateway's certificate valid; this one shares ours.
    rejectUnauthorized: false,
  })
  client.on('error', () => undefined)
  clients.push(client)
  return client
}

const cases = [
  { name: 'years ahead', madeAtMs: Date.now() - YEARS_MS, reason: 'ahead' },
  {
    name: 'years behind, before the authority was made',
    madeAtMs: Date.now() + YEARS_MS,
    reason: 'before-authority',
  },
]

describe.each(cases)('a gateway whose clock is $name', ({ madeAtMs, reason }) => {
  it('starts, lets its devices in, and says that its clock is wrong', async () => {
    const ward = await start(madeAtMs)
    const device = await connect(ward, 'device', 'mon-1')
    await device.publishAsync('ingest/v1/mon-1/state', '{}', { qos: 1 })
    expect(device.connected).toBe(true)
    expect(events.filter(({ event }) => event === 'clock-implausible')).toMatchObject([
      { detail: { reason } },
    ])
    const ready = await fetch(`http://127.0.0.1:${gateway?.healthPort ?? 0}/readyz`)
    expect([ready.status, await ready.text()]).toEqual([
      503,
      expect.stringMatching(/^clock: .* is not believed/m),
    ])
  })

  it('is reached by its stations, whose clock is the same', async () => {
    const ward = await start(madeAtMs)
    const time = readTime({ stateDir: ward.stateDir, clock: systemClock, uptime: systemUptime })
    const dialling = { tls: ward.store.clientMaterial('consumer', 'station-icu'), clock: systemClock }
    const url = `mqtts://127.0.0.1:${port()}`
    const socket = await guardedDial({ url, ...dialling, dates: { time, server: 'ours' }, environment: {} })
    sockets.push(socket)
    // [MQTT-3.2.2]: CONNACK, accepted.
    socket.write(
      Buffer.from(`101700044d5154540402003c000b${Buffer.from('station-icu').toString('hex')}`, 'hex'),
    )
    const [answer] = await once(socket, 'data')
    expect(answer).toEqual(Buffer.from('20020000', 'hex'))
    await expect(guardedDial({ url, ...dialling, environment: {} })).rejects.toThrow('tls-failed')
  })

  it('still refuses whom it has revoked, a moment after it was done by another process', async () => {
    const ward = await start(madeAtMs)
    const stolen = ward.store.list(madeAtMs).find(({ id }) => id === 'mon-2')
    ward.store.revoke(stolen?.serial ?? '', 'keyCompromise', madeAtMs)
    const { key, cert, ca } = ward.store.clientMaterial('device', 'mon-2')
    const thief = new RawClient(port(), { key, cert, ca, rejectUnauthorized: false })
    await thief.closed
    expect(thief.received).toHaveLength(0)
    expect(events.filter(({ event }) => event === 'handshake-refused')).toMatchObject([
      { detail: { reason: 'revoked', altName: 'URI:spiffe://wardgate/device/mon-2' } },
    ])
    expect((await connect(ward, 'device', 'mon-1')).connected).toBe(true)
  })
})
