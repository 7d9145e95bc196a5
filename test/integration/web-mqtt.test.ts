/** MQTT over WebSocket: the same broker, the same rules, by certificate or by the session of a person. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import type { Identity, OutboundMessage } from '../../gateway/ports.ts'
import type { WebServer } from '../../gateway/web/web-server.ts'
import { wardRules } from '../support/broker-bench.ts'
import { ask, createWebBench, sendRaw, webPort, type WebBench } from '../support/web-bench.ts'
import {
  CONNACK,
  CONNACK_IDENTIFIER_REJECTED,
  connectPacket,
  puback,
  publishPacket,
  subscribePacket,
  upgradeStatus,
  WsClient,
} from '../support/ws-client.ts'

let bench: WebBench
const clients: MqttClient[] = []
beforeAll(() => {
  bench = createWebBench()
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.end(true)
  await bench.reset()
})
afterAll(() => bench.remove())

const NUMERIC = 'vitals/v1/icu/b01/mon-1/numeric'
const INGEST = 'ingest/v1/mon-1/numeric'
const ENGINEER: Identity = {
  role: 'operator',
  id: 'engineer',
  fingerprint: 'session-1',
  notAfterMs: Number.MAX_SAFE_INTEGER,
}
const sessionOf = (cookie: string | undefined) => (cookie === 's=good' ? ENGINEER : undefined)

async function mqttOver(web: WebServer, options: IClientOptions): Promise<MqttClient> {
  const client = await connectAsync(`wss://127.0.0.1:${webPort(web)}/mqtt`, {
    reconnectPeriod: 0,
    protocolVersion: 4,
    ...options,
  })
  client.on('error', () => undefined)
  clients.push(client)
  return client
}

describe('a client with a certificate', () => {
  it('publishes and is acknowledged, and a station hears of it, both over WebSocket', async () => {
    const web = await bench.startWeb()
    const station = await mqttOver(web, {
      ...bench.credentials('consumer', 'station-icu'),
      clientId: 'station-icu',
    })
    await station.subscribeAsync('vitals/v1/icu/#', { qos: 1 })
    const heard = new Promise<[string, string]>((resolve) => {
      station.once('message', (topic, payload) => resolve([topic, payload.toString()]))
    })
    const device = await mqttOver(web, { ...bench.credentials('device', 'mon-1'), clientId: 'mon-1' })
    await device.publishAsync(INGEST, 'x'.repeat(100_000), { qos: 1 })
    expect(await heard).toEqual([NUMERIC, 'x'.repeat(100_000)])
  })

  it('may take no other client id, and no topic that is not its own', async () => {
    const web = await bench.startWeb()
    const client = new WsClient(web, bench.credentials('device', 'mon-1'))
    await client.opened
    client.ws.send(connectPacket('mon-2'))
    await client.closed
    expect(client.received.toString('hex')).toBe(CONNACK_IDENTIFIER_REJECTED)
    expect(await bench.events.first('identity-mismatch')).toMatchObject({ clientId: 'mon-2', id: 'mon-1' })
    const device = await mqttOver(web, { ...bench.credentials('device', 'mon-1'), clientId: 'mon-1' })
    await device.publishAsync('ingest/v1/mon-2/numeric', 'x', { qos: 1 })
    expect(await bench.events.first('publish-denied')).toMatchObject({ id: 'mon-1' })
  })

  it('is given the subprotocol mqtt, no compression, and the strict headers', async () => {
    const web = await bench.startWeb()
    const client = new WsClient(web, bench.credentials('device', 'mon-1'), ['mqttv3.1', 'mqtt'])
    const upgrade = await new Promise<Record<string, unknown>>((resolve) => {
      client.ws.once('upgrade', ({ headers }) => resolve(headers))
    })
    expect(upgrade).toMatchObject({ 'sec-websocket-protocol': 'mqtt', 'cache-control': 'no-store' })
    expect(upgrade).not.toHaveProperty('sec-websocket-extensions')
    await client.opened
    client.ws.close()
    await client.closed
  })

  it('is shown to the broker with its address and the TLS it came over', async () => {
    const broker = await bench.start()
    const web = await bench.startWeb({ broker })
    await mqttOver(web, { ...bench.credentials('device', 'mon-1'), clientId: 'mon-1' })
    expect(broker.sessions()).toMatchObject([
      {
        identity: { role: 'device', id: 'mon-1' },
        address: expect.stringMatching(/^127\.0\.0\.1:/),
        listener: '127.0.0.1:0',
        protocol: 'TLSv1.3',
        cipher: 'TLS_AES_256_GCM_SHA384',
      },
    ])
  })
})

describe('a person', () => {
  const own = (web: WebServer) => `https://localhost:${webPort(web)}`

  it('with a session from a page of this server is who they are', async () => {
    const web = await bench.startWeb({ sessionOf })
    const client = new WsClient(web, { ca: bench.ca, headers: { cookie: 's=good' }, origin: own(web) })
    await client.opened
    client.ws.send(connectPacket('engineer'))
    expect((await client.receive(4)).toString('hex')).toBe(CONNACK)
    client.ws.terminate()
  })

  it('with a session on a machine with a certificate of its own acts as the person', async () => {
    const broker = await bench.start()
    const web = await bench.startWeb({ broker, sessionOf })
    const machine = bench.credentials('consumer', 'station-icu')
    const client = new WsClient(web, { ...machine, headers: { cookie: 's=good' }, origin: own(web) })
    await client.opened
    client.ws.send(connectPacket('engineer'))
    await client.receive(4)
    expect(broker.sessions()).toMatchObject([{ identity: ENGINEER }])
    client.ws.terminate()
  })

  it.each([
    { name: 'a session that is none', headers: { cookie: 's=bad' } },
    { name: 'no session', headers: {} },
  ])('with $name and no certificate is answered 401, and it is told', async ({ headers }) => {
    const web = await bench.startWeb({ sessionOf })
    expect(await upgradeStatus(web, { ca: bench.ca, headers, origin: own(web) })).toBe(401)
    expect(await bench.events.first('websocket-refused')).toMatchObject({
      reason: 'neither-certificate-nor-session',
      address: expect.stringMatching(/^127\.0\.0\.1:/),
    })
  })

  it.each([
    { name: 'of another site', origin: 'https://evil.example' },
    { name: 'of this host without TLS', origin: 'http://localhost' },
    { name: 'without a name', origin: 'null' },
  ])('cannot be used by a page $name', async ({ origin }) => {
    const web = await bench.startWeb({ sessionOf })
    const refused = { ca: bench.ca, headers: { cookie: 's=good' }, origin }
    expect(await upgradeStatus(web, refused)).toBe(403)
    expect(await upgradeStatus(web, { ...refused, ...bench.credentials('operator', 'engineer') })).toBe(403)
    expect(await bench.events.first('websocket-refused')).toMatchObject({ reason: 'origin-not-ours' })
    expect(bench.events.named('websocket-refused')[1]?.detail).toMatchObject({
      altName: expect.stringContaining('/operator/engineer'),
    })
  })

  it('may use a page that the configuration allows', async () => {
    const web = await bench.startWeb({ sessionOf, allowedOrigins: ['https://station.ward.test'] })
    const origin = 'https://station.ward.test'
    expect(await upgradeStatus(web, { ca: bench.ca, headers: { cookie: 's=good' }, origin })).toBe(101)
  })
})

describe('an upgrade', () => {
  const lines = [
    'GET /mqtt HTTP/1.1',
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Protocol: mqtt',
  ]
  const changed = (from: string, to: string) =>
    `${lines
      .map((line) => (line.startsWith(from) ? to : line))
      .filter(Boolean)
      .join('\r\n')}\r\n\r\n`

  it.each([
    {
      name: 'without a subprotocol',
      from: 'Sec-WebSocket-Protocol',
      to: '',
      status: 400,
      reason: 'subprotocol-not-mqtt',
    },
    {
      name: 'with another subprotocol',
      from: 'Sec-WebSocket-Protocol',
      to: 'Sec-WebSocket-Protocol: mqttv3.1, MQTT',
      status: 400,
      reason: 'subprotocol-not-mqtt',
    },
    { name: 'to another path', from: 'GET', to: 'GET /other HTTP/1.1', status: 404, reason: 'no-such-path' },
    { name: 'by POST', from: 'GET', to: 'POST /mqtt HTTP/1.1', status: 405, reason: 'method-not-allowed' },
    { name: 'to HTTP/2', from: 'Upgrade', to: 'Upgrade: h2c', status: 400, reason: 'not-websocket' },
    {
      name: 'of an older draft',
      from: 'Sec-WebSocket-Version',
      to: 'Sec-WebSocket-Version: 8',
      status: 426,
      reason: 'websocket-version',
    },
    {
      name: 'with a key that is none',
      from: 'Sec-WebSocket-Key',
      to: 'Sec-WebSocket-Key: short',
      status: 400,
      reason: 'websocket-key',
    },
    { name: 'at another host', from: 'Host', to: 'Host: evil.example', status: 421, reason: 'host-not-ours' },
    { name: 'by nobody', from: 'nothing', to: '', status: 401, reason: 'neither-certificate-nor-session' },
  ])('$name is answered $status and told', async ({ from, to, status, reason }) => {
    const web = await bench.startWeb()
    const answer = await sendRaw(bench, web, changed(from, to))
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*\r\nx-content-type-options: nosniff\r\n`))
    expect(bench.events.seen).toMatchObject([{ event: 'websocket-refused', detail: { reason } }])
  })

  it('is what /mqtt is for, as a page that asks for it is told', async () => {
    const web = await bench.startWeb()
    expect(await ask(web, { ca: bench.ca, path: '/mqtt' })).toMatchObject({
      status: 426,
      headers: { upgrade: 'websocket' },
    })
  })
})

describe('a frame', () => {
  it('of text ends the connection with the code for it, and it is told', async () => {
    const web = await bench.startWeb()
    const client = await connected(web)
    client.ws.send('hello')
    expect(await client.closed).toBe(1003)
    expect(await bench.events.first('websocket-fault')).toMatchObject({ reason: 'text-frame', id: 'mon-1' })
  })

  it('longer than the largest packet ends the connection with the code for it, and it is told', async () => {
    const web = await bench.startWeb({ limits: { packetBytes: 1_000 } })
    const client = await connected(web)
    client.ws.send(Buffer.alloc(1_006))
    expect(await client.closed).toBe(1009)
    expect(await bench.events.first('websocket-fault')).toMatchObject({
      reason: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
    })
  })

  it('that announces a packet that is too large ends the connection before the packet comes', async () => {
    const web = await bench.startWeb()
    const client = await connected(web)
    client.ws.send(Buffer.from('30ffffff7f', 'hex'))
    await client.closed
    expect(await bench.events.first('packet-too-large')).toMatchObject({ announcedBytes: 268_435_455 })
  })

  it('may hold any part of a packet, or several packets, and the CONNECT is answered first', async () => {
    const web = await bench.startWeb()
    const stream = Buffer.concat([
      connectPacket('mon-1'),
      publishPacket(INGEST, 1, 'first'),
      publishPacket(INGEST, 2, 'second'),
    ])
    const cuts = fc.uniqueArray(fc.integer({ min: 0, max: stream.length }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(cuts, async (unordered) => {
        const client = new WsClient(web, bench.credentials('device', 'mon-1'))
        await client.opened
        const ends = [...unordered, stream.length].sort((a, b) => a - b)
        ends.reduce((from, to) => {
          client.ws.send(stream.subarray(from, to))
          return to
        }, 0)
        expect((await client.receive(12)).toString('hex')).toBe(CONNACK + puback(1) + puback(2))
        client.ws.close()
        await client.closed
      }),
      { numRuns: 20, seed: 20_260_920 },
    )
  })

  it('of a ping is answered', async () => {
    const web = await bench.startWeb()
    const client = await connected(web)
    const pong = new Promise<string>((resolve) => client.ws.once('pong', (data) => resolve(data.toString())))
    client.ws.ping('are you there')
    expect(await pong).toBe('are you there')
    client.ws.terminate()
  })
})

describe('a session', () => {
  const message = (bytes: number): OutboundMessage => ({
    topic: NUMERIC,
    payload: Buffer.alloc(bytes, 'x'),
    qos: 1,
    retain: false,
  })

  it('of a subscriber that stops reading is ended, and nobody else waits for it', async () => {
    const broker = await bench.start({ limits: { outgoingBytes: 64 * 1024 } })
    const web = await bench.startWeb({ broker })
    const frozen = await connected(web, 'consumer', 'station-icu')
    frozen.ws.send(subscribePacket('vitals/v1/icu/#', 1))
    await frozen.receive(4 + 5)
    frozen.ws.pause()
    const other = await mqttOver(web, { ...bench.credentials('operator', 'engineer'), clientId: 'engineer' })
    await other.subscribeAsync('vitals/v1/#', { qos: 1 })
    let sentCount = 0
    while (bench.events.named('slow-subscriber').length === 0 && sentCount < 2_000) {
      const arrived = new Promise((resolve) => other.once('message', () => resolve(undefined)))
      await broker.publish(message(32 * 1024))
      await arrived
      sentCount += 1
    }
    expect(bench.events.named('slow-subscriber')).toMatchObject([{ detail: { id: 'station-icu' } }])
    // What waits for it in the gateway is bounded: the rest of what was sent lies in the buffers of the kernel.
    expect(sentCount).toBeLessThan(1_000)
    while (broker.connectionCount > 1) await new Promise(setImmediate)
    frozen.ws.terminate()
  })

  it('ends when its certificate is named, also of a client that neither reads nor answers', async () => {
    const broker = await bench.start()
    const web = await bench.startWeb({ broker })
    const polite = await connected(web)
    const frozen = await connected(web, 'consumer', 'station-icu')
    frozen.ws.pause()
    const bystander = await connected(web, 'operator', 'engineer')
    const begunMs = performance.now()
    for (const { identity } of broker.sessions())
      if (identity.id !== 'engineer') expect(broker.disconnect(identity.fingerprint, 'revoked')).toBe(1)
    await polite.closed
    frozen.ws.resume()
    await frozen.closed
    expect(performance.now() - begunMs).toBeLessThan(2_000)
    expect(bystander.ws.readyState).toBe(bystander.ws.OPEN)
    bystander.ws.terminate()
  })

  it('goes on while the HTTPS side stops, and ends with the broker', async () => {
    const broker = await bench.start({ rules: wardRules() })
    const web = await bench.startWeb({ broker })
    const device = await connected(web)
    await web.stop()
    device.ws.send(publishPacket(INGEST, 7, 'x'))
    expect((await device.receive(8)).toString('hex')).toBe(CONNACK + puback(7))
    await broker.stop()
    await device.closed
  })

  it('of a client that is cut off leaves nothing behind', async () => {
    const broker = await bench.start()
    const web = await bench.startWeb({ broker })
    const device = await connected(web)
    expect(broker.connectionCount).toBe(1)
    device.ws.terminate()
    while (broker.connectionCount > 0) await new Promise(setImmediate)
    expect(bench.events.seen).toEqual([])
  })
})

/** A raw client whose CONNECT was accepted. */
async function connected(
  web: WebServer,
  role: 'device' | 'consumer' | 'operator' = 'device',
  id = 'mon-1',
): Promise<WsClient> {
  const client = new WsClient(web, bench.credentials(role, id))
  await client.opened
  client.ws.send(connectPacket(id))
  await client.receive(4)
  return client
}
