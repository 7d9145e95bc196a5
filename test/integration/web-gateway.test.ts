/** The HTTPS side of a whole gateway: what it serves, and what ends there when somebody is revoked or locked out. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { X509Certificate } from 'node:crypto'
import { systemClock } from '../../gateway/clock.ts'
import { loadConfig } from '../../gateway/config/load-config.ts'
import { readInventory, writeInventory } from '../../gateway/inventory/inventory-file.ts'
import { silentLog } from '../../gateway/log.ts'
import { startGateway, type RunningGateway } from '../../gateway/main.ts'
import { createPasswordHasher } from '../../gateway/people/password-hash.ts'
import { changeUser } from '../../gateway/people/user-file.ts'
import type { CertificateStore } from '../../certs/store.ts'
import type { InventoryEntry } from '../../gateway/ports.ts'
import { RawClient } from '../support/broker-bench.ts'
import { tempDir } from '../support/temp-dir.ts'
import { makeWardFiles } from '../support/ward.ts'
import { ask } from '../support/web-bench.ts'
import { CONNACK, connectPacket, subscribePacket, upgradeStatus, WsClient } from '../support/ws-client.ts'

const PASSWORD = 'three words and a fish'
const NEIGHBOUR_COUNT = 10
const ENTRIES: readonly InventoryEntry[] = [
  { role: 'operator', id: 'anna', duties: ['nurse'], wards: ['icu'] },
  { role: 'consumer', id: 'stolen', wards: ['icu'] },
  ...Array.from({ length: NEIGHBOUR_COUNT }, (_, n): InventoryEntry => ({
    role: 'consumer',
    id: `station-${n}`,
    wards: ['icu'],
  })),
]

const dir = tempDir()
let gateway: RunningGateway
let stateDir: string
let store: CertificateStore
let ca: string

beforeAll(async () => {
  const web = { listen: [{ host: '127.0.0.1', port: 0 }] }
  const files = makeWardFiles(dir.path, ENTRIES, { config: { web } })
  stateDir = files.stateDir
  store = files.store
  ca = store.serverMaterial().ca
  // A password as strong as any, checked with less work, so that a busy machine is no part of the test.
  const password = await createPasswordHasher({ N: 2 ** 14, r: 8, p: 1 }).hash(PASSWORD)
  changeUser(stateDir, 'anna', () => ({ id: 'anna', password, setAtMs: Date.now() }))
  const config = loadConfig(files.configFile, { environment: {} })
  gateway = await startGateway(config, { software: 'test', clock: systemClock, log: silentLog })
})
afterAll(async () => {
  await gateway.stop()
  dir.remove()
})

const server = () => ({ addresses: gateway.webAddresses })
const own = () => `https://localhost:${gateway.webAddresses[0]?.port ?? 0}`
const credentials = (id: string) => {
  const { key, cert } = store.clientMaterial('consumer', id)
  return { key, cert, ca }
}

async function logIn(): Promise<string> {
  const answer = await ask(server(), {
    ca,
    method: 'POST',
    path: '/api/v1/session',
    headers: { 'content-type': 'application/json', origin: own(), host: new URL(own()).host },
    body: JSON.stringify({ id: 'anna', password: PASSWORD }),
  })
  expect(answer.status).toBe(204)
  const [cookie] = answer.headers['set-cookie'] ?? []
  return (cookie ?? '').split(';', 1)[0] ?? ''
}

/** A subscriber over WebSocket whose CONNECT was accepted. */
async function subscriber(options: ConstructorParameters<typeof WsClient>[1], id: string): Promise<WsClient> {
  const client = new WsClient(server(), options)
  await client.opened
  client.ws.send(connectPacket(id))
  expect((await client.receive(4)).toString('hex')).toBe(CONNACK)
  client.ws.send(subscribePacket('vitals/v1/icu/#', 1))
  // SUBACK: granted with QoS 1.
  expect((await client.receive(9)).subarray(4).toString('hex')).toBe('9003000101')
  return client
}

describe('the HTTPS side of a gateway', () => {
  it('serves the schemas, the CA certificates for enrolment, and the list of the authority', async () => {
    expect(await ask(server(), { ca, path: '/schema/v1/state.json' })).toMatchObject({ status: 200 })
    expect(await ask(server(), { ca, path: '/.well-known/est/cacerts' })).toMatchObject({ status: 200 })
    const certificate = new X509Certificate(store.serverMaterial().cert)
    const address = /https:\/\/localhost:8443(\/crl\/[0-9a-f]{40}\.crl)/.exec(
      certificate.raw.toString('latin1'),
    )
    expect(await ask(server(), { ca, path: address?.[1] ?? '/' })).toMatchObject({ status: 200 })
  })

  it('serves no metrics, no health and no state', async () => {
    for (const path of ['/', '/metrics', '/healthz', '/readyz', '/inventory.json', '/certs/ca.pem'])
      expect(await ask(server(), { ca, path })).toMatchObject({ status: 404 })
  })
})

describe('a person who logs in', () => {
  it('hears their ward over WebSocket, and nothing more from the moment they log out', async () => {
    const cookie = await logIn()
    const nurse = await subscriber({ ca, headers: { cookie }, origin: own() }, 'anna')
    const out = { ca, method: 'DELETE', path: '/api/v1/session', headers: { cookie, origin: own() } }
    expect(
      await ask(server(), { ...out, headers: { ...out.headers, host: new URL(own()).host } }),
    ).toMatchObject({
      status: 204,
    })
    await nurse.closed
    expect(await upgradeStatus(server(), { ca, headers: { cookie }, origin: own() })).toBe(401)
  })

  it('is out within two seconds when somebody locks them', async () => {
    const cookie = await logIn()
    const nurse = await subscriber({ ca, headers: { cookie }, origin: own() }, 'anna')
    const begunMs = performance.now()
    const rows = readInventory(stateDir)
    writeInventory(
      stateDir,
      rows.map((row) => (row.role === 'operator' ? { ...row, locked: true } : row)),
    )
    await nurse.closed
    expect(performance.now() - begunMs).toBeLessThan(2_000)
    // The cookie may live on for a moment; the rules of MQTT do not let it in any more.
    const again = new WsClient(server(), { ca, headers: { cookie }, origin: own() })
    again.ws.once('open', () => again.ws.send(connectPacket('anna')))
    await again.closed
    expect(again.received.toString('hex')).not.toBe(CONNACK)
    writeInventory(stateDir, rows)
  })
})

describe('a revocation', () => {
  it('ends WebSocket and HTTPS of that certificate within two seconds, and nobody else notices', async () => {
    const neighbours: WsClient[] = []
    for (let n = 0; n < NEIGHBOUR_COUNT; n += 1)
      neighbours.push(await subscriber(credentials(`station-${n}`), `station-${n}`))
    const stolen = await subscriber(credentials('stolen'), 'stolen')
    const waiting = new RawClient(gateway.webAddresses[0]?.port ?? 0, credentials('stolen'))
    waiting.socket.write('GET /schema/v1/state.json HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await waiting.receive(1)
    const begunMs = performance.now()
    store.revokeIdentity('consumer', 'stolen', 'keyCompromise', Date.now())
    await Promise.all([stolen.closed, waiting.closed])
    expect(performance.now() - begunMs).toBeLessThan(2_000)
    const again = new RawClient(gateway.webAddresses[0]?.port ?? 0, credentials('stolen'))
    again.socket.write('GET /schema/v1/state.json HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await again.closed
    expect(again.received).toHaveLength(0)
    for (const { ws } of neighbours) {
      const pong = new Promise((resolve) => ws.once('pong', resolve))
      ws.ping()
      await pong
      ws.terminate()
    }
  })
})
