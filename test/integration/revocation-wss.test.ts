/** A revocation bites over HTTPS and MQTT over WebSocket as it does over MQTT: the same record, the same two seconds. */

import { Agent, request } from 'node:https'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { connectAsync, type MqttClient } from 'mqtt'
import { systemClock } from '../../gateway/clock.ts'
import type { InventoryEntry } from '../../gateway/ports.ts'
import { startWebPart, type WebPart } from '../../gateway/web-part.ts'
import { CounterRecord } from '../support/broker-bench.ts'
import { believed } from '../support/fake-time.ts'
import { startLiveWard, type LiveWard } from '../support/live-ward.ts'

const INVENTORY: readonly InventoryEntry[] = ['station-1', 'stolen'].map((id) => ({
  role: 'consumer',
  id,
  wards: ['icu'],
}))

let ward: LiveWard
let web: WebPart
const clients: MqttClient[] = []
const agents: Agent[] = []
beforeEach(async () => {
  ward = await startLiveWard(INVENTORY)
  web = await startWebPart({
    web: { listen: [{ host: '127.0.0.1', port: 0 }], origins: [] },
    state: ward.stateDir,
    ward: ward.gateway,
    store: ward.store,
    events: ward.events,
    counters: new CounterRecord(),
    clock: systemClock,
    time: believed(systemClock),
  })
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.end(true)
  for (const agent of agents.splice(0)) agent.destroy()
  await web.stop()
  await ward.stop()
})

const port = (): number => web.addresses[0]?.port ?? 0

function credentials(id: string) {
  const { key, cert, ca } = ward.store.clientMaterial('consumer', id)
  return { key, cert, ca }
}

async function overWebSocket(id: string): Promise<MqttClient> {
  const client = await connectAsync(`wss://127.0.0.1:${port()}/mqtt`, {
    ...credentials(id),
    clientId: id,
    reconnectPeriod: 0,
    protocolVersion: 4,
  })
  client.on('error', () => undefined)
  clients.push(client)
  return client
}

/** The status of a request over a connection that is kept open, or the code of the error. */
async function ask(agent: Agent): Promise<number | string> {
  return new Promise((resolve) => {
    request(
      { agent, host: '127.0.0.1', port: port(), path: '/schema/v1/observation-set.json' },
      (response) => {
        response.resume()
        response.once('end', () => resolve(response.statusCode ?? 0))
      },
    )
      .once('error', (error) => resolve('code' in error ? String(error.code) : error.message))
      .end()
  })
}

function keptOpen(id: string): Agent {
  const agent = new Agent({ ...credentials(id), keepAlive: true, maxSockets: 1 })
  agents.push(agent)
  return agent
}

async function closed(client: MqttClient): Promise<number> {
  await new Promise<void>((resolve) => {
    client.once('close', () => resolve())
  })
  return systemClock.monotonicMs()
}

describe('a certificate that is revoked', () => {
  it('loses its session over WebSocket within two seconds and every way back; the other station stays', async () => {
    const other = await overWebSocket('station-1')
    await other.subscribeAsync('vitals/v1/icu/#', { qos: 1 })
    const stolen = await overWebSocket('stolen')
    const ended = closed(stolen)
    const row = ward.store.list(systemClock.nowMs()).find(({ id }) => id === 'stolen')
    const revokedAtMs = systemClock.monotonicMs()
    ward.store.revoke(row?.serial ?? '', 'keyCompromise', systemClock.nowMs())
    await expect(overWebSocket('stolen')).rejects.toThrow()
    expect((await ended) - revokedAtMs).toBeLessThan(2_000)
    expect(await ward.events.first('session-ended')).toMatchObject({
      id: 'stolen',
      reason: 'certificate-revoked',
    })
    const arrived = new Promise<string>((resolve) => {
      other.once('message', (topic) => resolve(topic))
    })
    const topic = 'vitals/v1/icu/b01/mon-1/numeric'
    await ward.gateway.broker.publish({ topic, payload: Buffer.from('x'), qos: 1, retain: false })
    expect(await arrived).toBe(topic)
    expect(ward.gateway.broker.connectionCount).toBe(1)
  })

  it('is let in by no HTTPS connection any more, new or kept open', async () => {
    const kept = keptOpen('stolen')
    const good = keptOpen('station-1')
    expect([await ask(kept), await ask(good)]).toEqual([200, 200])
    const row = ward.store.list(systemClock.nowMs()).find(({ id }) => id === 'stolen')
    ward.store.revoke(row?.serial ?? '', 'keyCompromise', systemClock.nowMs())
    expect(typeof (await ask(keptOpen('stolen')))).toBe('string')
    expect(typeof (await ask(kept))).toBe('string')
    expect(await ask(good)).toBe(200)
  })
})

describe('an index that cannot be read', () => {
  it('ends no WebSocket session, also when the certificates of the gateway change meanwhile', async () => {
    const station = await overWebSocket('station-1')
    ward.breakIndex()
    await ward.events.first('revocations-unreadable')
    expect(await ward.attempt('consumer', 'stolen')).toBe('closed')
    await ward.gateway.reload()
    await station.subscribeAsync('vitals/v1/icu/#', { qos: 1 })
    expect(ward.events.named('session-ended')).toEqual([])
  })
})
