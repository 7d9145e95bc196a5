/** Who is let in: plaintext, TLS versions, and every kind of certificate, over real sockets on loopback. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { IClientOptions } from 'mqtt'
import { initStore } from '../../certs/store.ts'
import { FakeClock } from '../support/fake-clock.ts'
import {
  createBench,
  portOf,
  wardRules,
  RawClient,
  sendPlain,
  SITE,
  type Bench,
} from '../support/broker-bench.ts'
import { makeOddCertificate, type OddRequest } from '../support/odd-certificate.ts'
import { tempDir } from '../support/temp-dir.ts'

let bench: Bench
beforeAll(() => {
  bench = createBench()
})
afterEach(async () => {
  await bench.reset()
})
afterAll(() => bench.remove())

const CONNECT_4 = Buffer.from('100d00044d51545404020003c0001161'.replace('03c0001161', '003c000161'), 'hex')
const CONNECT_5 = Buffer.from('100e00044d5154540502003c00000161', 'hex')

describe('a plaintext client', () => {
  const HTTP = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
  const UPGRADE = 'GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
  const cases: readonly { what: string; bytes: Buffer }[] = [
    { what: 'MQTT 3.1.1 CONNECT', bytes: CONNECT_4 },
    { what: 'MQTT 5 CONNECT', bytes: CONNECT_5 },
    { what: 'HTTP/1 request', bytes: Buffer.from(HTTP) },
    { what: 'WebSocket upgrade', bytes: Buffer.from(UPGRADE) },
    { what: 'HTTP/2 preface', bytes: Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') },
    { what: 'SSH greeting', bytes: Buffer.from('SSH-2.0-OpenSSH_9.2\r\n') },
    { what: 'text', bytes: Buffer.from('hello, is anybody there?\r\n') },
    { what: 'unrecognised bytes', bytes: Buffer.from('80ff00c3deadbeef', 'hex') },
    { what: 'SSL 3 hello', bytes: Buffer.from('160300002f0100002b0300', 'hex') },
  ]

  it.each(cases)(
    '($what) gets zero bytes back and one event that names it and its origin',
    async ({ what, bytes }) => {
      const broker = await bench.start()
      expect(await sendPlain(portOf(broker), [bytes])).toHaveLength(0)
      expect(bench.events.seen).toEqual([
        {
          event: 'plaintext-refused',
          detail: { what, address: expect.stringMatching(/^127\.0\.0\.1:\d+$/), listener: '127.0.0.1:0' },
        },
      ])
      expect(bench.counters.counts.get('plaintext_refused_total')).toBe(1)
    },
  )

  it.each(cases)('($what) that sends one byte at a time is treated the same', async ({ what, bytes }) => {
    const broker = await bench.start()
    const pieces = [...bytes].map((byte) => Buffer.from([byte]))
    expect(await sendPlain(portOf(broker), pieces)).toHaveLength(0)
    expect(bench.events.seen.map(({ event, detail }) => [event, detail['what']])).toEqual([
      ['plaintext-refused', what],
    ])
  })

  it.each([
    { name: 'says nothing', bytes: [], event: 'no-client-hello' },
    {
      name: 'begins a ClientHello and stops',
      bytes: [Buffer.from('16030102', 'hex')],
      event: 'no-client-hello',
    },
    { name: 'begins a text and stops', bytes: [Buffer.from('GE')], event: 'plaintext-refused' },
  ])('that $name is closed when its time is up', async ({ bytes, event }) => {
    const clock = new FakeClock()
    const broker = await bench.start({ clock })
    const idleTimerCount = clock.pendingCount
    const answer = sendPlain(portOf(broker), bytes)
    while (clock.pendingCount === idleTimerCount) await new Promise(setImmediate)
    const armed = clock.pendingCount
    if (event === 'plaintext-refused') while (clock.pendingCount === armed) await new Promise(setImmediate)
    clock.advance(10_000)
    expect(await answer).toHaveLength(0)
    expect(bench.events.seen.map((seen) => seen.event)).toEqual([event])
  })

  it('does not disturb the good sessions beside it', async () => {
    const broker = await bench.start()
    const device = await bench.client(broker, 'device', 'mon-1')
    await Promise.all(Array.from({ length: 20 }, async () => sendPlain(portOf(broker), [CONNECT_4])))
    await device.publishAsync('ingest/v1/mon-1/numeric', 'x', { qos: 1 })
    expect(bench.events.named('plaintext-refused')).toHaveLength(20)
  })
})

describe('a client certificate', () => {
  const good = `URI:spiffe://${SITE}/device/mon-1`
  const signed: readonly { name: string; request: OddRequest; reason: string }[] = [
    {
      name: 'for servers only',
      request: { altName: good, extendedKeyUsage: 'serverAuth' },
      reason: 'for-servers-only',
    },
    { name: 'without a purpose', request: { altName: good }, reason: 'no-purpose' },
    {
      name: 'for any purpose',
      request: { altName: good, extendedKeyUsage: 'clientAuth,anyExtendedKeyUsage' },
      reason: 'any-key-usage',
    },
    {
      name: 'with RSA of 1024 bits',
      request: { altName: good, extendedKeyUsage: 'clientAuth', key: 'rsa:1024' },
      reason: 'weak-key',
    },
    {
      name: 'on a curve that is not ours',
      request: { altName: good, extendedKeyUsage: 'clientAuth', key: 'ec:secp521r1' },
      reason: 'weak-key',
    },
    {
      name: 'of another site',
      request: { altName: 'URI:spiffe://elsewhere.test/device/mon-1', extendedKeyUsage: 'clientAuth' },
      reason: 'other-site',
    },
    {
      name: 'with two identities',
      request: { altName: `${good},URI:spiffe://${SITE}/operator/engineer`, extendedKeyUsage: 'clientAuth' },
      reason: 'several-uris',
    },
    { name: 'with a name only', request: { extendedKeyUsage: 'clientAuth' }, reason: 'no-identity-uri' },
    {
      name: 'with the role of a server',
      request: { altName: `URI:spiffe://${SITE}/server/server`, extendedKeyUsage: 'clientAuth' },
      reason: 'not-a-client-role',
    },
  ]

  it.each(signed)('$name is refused', async ({ request, reason }) => {
    const broker = await bench.start()
    const odd = makeOddCertificate({ ...request, issuer: bench.issuing })
    await refused(portOf(broker), { ...odd, ca: bench.store.serverMaterial().ca })
    expect(await bench.events.first('handshake-refused')).toMatchObject({
      reason,
      address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    })
    expect(broker.connectionCount).toBe(0)
  })

  it('with RSA of 2048 bits that a device brought itself is admitted', async () => {
    const broker = await bench.start()
    const request = { altName: good, extendedKeyUsage: 'clientAuth', key: 'rsa:2048', issuer: bench.issuing }
    const device = await bench.client(broker, 'device', 'mon-1', makeOddCertificate(request))
    await device.publishAsync('ingest/v1/mon-1/numeric', 'x', { qos: 1 })
  })

  it('that is missing is refused', async () => {
    const broker = await bench.start()
    await refused(portOf(broker), { ca: bench.store.serverMaterial().ca })
    expect(await bench.events.first('handshake-refused')).toMatchObject({
      reason: 'no-certificate',
    })
  })

  it.each([
    { name: 'with CRLs', withCrl: true, openssl: 'UNABLE_TO_GET_CRL' },
    { name: 'without CRLs', withCrl: false, openssl: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  ])('that signed itself is refused ($name)', async ({ withCrl, openssl }) => {
    const { key, cert, ca, crl } = bench.store.serverMaterial()
    const broker = await bench.start({ material: withCrl ? { key, cert, ca, crl } : { key, cert, ca } })
    const own = makeOddCertificate({ altName: good, extendedKeyUsage: 'clientAuth' })
    await refused(portOf(broker), { ...own, ca })
    const refusal = await bench.events.first('handshake-refused')
    expect(refusal).toMatchObject({ reason: 'self-signed', openssl })
  })

  it('of another authority with the same names is refused', async () => {
    const state = tempDir()
    const nowMs = Date.now()
    const foreign = initStore({ stateDir: state.path, site: SITE, serverNames: ['localhost'], nowMs })
    foreign.issue({ role: 'device', id: 'mon-1', nowMs })
    const { key, cert } = foreign.clientMaterial('device', 'mon-1')
    state.remove()
    const broker = await bench.start()
    await refused(portOf(broker), { key, cert, ca: bench.store.serverMaterial().ca })
    expect(await bench.events.first('handshake-refused')).toMatchObject({ reason: 'other-authority' })
  })

  it('that has ended is refused', async () => {
    const broker = await bench.start()
    await refused(portOf(broker), bench.credentials('device', 'expired'))
    expect(await bench.events.first('handshake-refused')).toMatchObject({
      reason: 'expired',
      openssl: 'CERT_HAS_EXPIRED',
    })
  })

  it('that is revoked is refused after a reload, without a restart, and its neighbours stay', async () => {
    const broker = await bench.start()
    const neighbour = await bench.client(broker, 'device', 'mon-2')
    const nowMs = Date.now()
    const stolen = bench.store.issue({ role: 'uplink', id: 'stolen', nowMs })
    bench.store.revoke(stolen.serial, 'keyCompromise', nowMs)
    broker.reload(bench.store.serverMaterial())
    await refused(portOf(broker), bench.credentials('uplink', 'stolen'))
    expect(await bench.events.first('handshake-refused')).toMatchObject({
      reason: 'revoked',
      openssl: 'CERT_REVOKED',
      altName: `URI:spiffe://${SITE}/uplink/stolen`,
    })
    expect(neighbour.connected).toBe(true)
  })

  it('that ends while its session is open ends the session', async () => {
    const clock = new FakeClock(Date.now())
    const broker = await bench.start({ clock })
    const device = await bench.client(broker, 'device', 'mon-1')
    const closed = new Promise((resolve) => device.once('close', () => resolve(undefined)))
    clock.step(10 * 365 * 86_400_000)
    clock.advance(60_000)
    await closed
    expect(await bench.events.first('session-ended')).toMatchObject({ id: 'mon-1' })
  })

  it('whose inventory row has gone ends its session with a reload', async () => {
    const rules = wardRules()
    let isGone = false
    const broker = await bench.start({
      rules: {
        ...rules,
        mayConnect: (identity, clientId) =>
          isGone ? { allowed: false, reason: 'quarantined' } : rules.mayConnect(identity, clientId),
      },
    })
    const device = await bench.client(broker, 'device', 'mon-1')
    const closed = new Promise((resolve) => device.once('close', () => resolve(undefined)))
    isGone = true
    broker.reload(bench.store.serverMaterial())
    await closed
    expect(await bench.events.first('session-ended')).toMatchObject({ id: 'mon-1', reason: 'quarantined' })
  })
})

describe('the version of TLS', () => {
  // Passed on to node:tls; the types of mqtt leave it out.
  const OLD_CLIENT: IClientOptions & { readonly maxVersion: 'TLSv1.2' } = { maxVersion: 'TLSv1.2' }
  const OLD = [{ host: '127.0.0.1', port: 0, minVersion: '1.2' as const }]

  it('below 1.3 is refused', async () => {
    const broker = await bench.start()
    const options = { ...bench.credentials('device', 'mon-1'), maxVersion: 'TLSv1.2' as const }
    await refused(portOf(broker), options)
    expect(await bench.events.first('handshake-refused')).toMatchObject({
      reason: 'ERR_SSL_UNSUPPORTED_PROTOCOL',
    })
  })

  it('may be 1.2 where the listener says so, with an authenticated cipher and forward secrecy', async () => {
    const broker = await bench.start({ listen: OLD })
    const device = await bench.client(broker, 'device', 'mon-1', OLD_CLIENT)
    await device.publishAsync('ingest/v1/mon-1/numeric', 'x', { qos: 1 })
    const [session] = broker.sessions()
    expect(session).toMatchObject({
      protocol: 'TLSv1.2',
      cipher: expect.stringMatching(/^ECDHE-ECDSA-.*(GCM|POLY)/),
    })
  })

  it.each([
    'ECDHE-ECDSA-AES128-SHA256',
    'ECDHE-ECDSA-AES256-SHA',
    'ECDHE-ECDSA-AES128-CCM8',
    'AES128-GCM-SHA256',
  ])('1.2 with %s is refused', async (ciphers) => {
    const broker = await bench.start({ listen: OLD })
    const options = { ...bench.credentials('device', 'mon-1'), maxVersion: 'TLSv1.2' as const, ciphers }
    await refused(portOf(broker), options)
    expect(await bench.events.first('handshake-refused')).toMatchObject({
      reason: 'ERR_SSL_NO_SHARED_CIPHER',
    })
  })

  it('1.2 admits no renegotiation', async () => {
    const broker = await bench.start({ listen: OLD })
    const options = { ...bench.credentials('device', 'mon-1'), maxVersion: 'TLSv1.2' as const }
    const client = new RawClient(portOf(broker), options)
    await new Promise((resolve) => client.socket.once('secureConnect', () => resolve(undefined)))
    const outcome = await new Promise((resolve) => {
      client.socket.once('error', () => resolve('refused'))
      client.socket.renegotiate({ rejectUnauthorized: true }, (error) =>
        resolve(error === null ? 'done' : 'refused'),
      )
    })
    expect(outcome).toBe('refused')
    client.socket.destroy()
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('%s gives no session to resume', async (maxVersion) => {
    const broker = await bench.start({ listen: OLD })
    const options = { ...bench.credentials('device', 'mon-1'), maxVersion }
    const first = new RawClient(portOf(broker), options)
    let session: Buffer | undefined
    first.socket.on('session', (ticket: Buffer) => {
      session = ticket
    })
    first.socket.once('secureConnect', () => first.socket.write(CONNECT_4))
    await first.receive(4)
    first.socket.destroy()
    const second = new RawClient(portOf(broker), {
      ...options,
      ...(session === undefined ? {} : { session }),
    })
    await new Promise((resolve) => second.socket.once('secureConnect', () => resolve(undefined)))
    expect(second.socket.isSessionReused()).toBe(false)
    second.socket.destroy()
  })
})

/** Connects and resolves when the broker has closed the connection without one byte of MQTT. */
async function refused(port: number, options: ConstructorParameters<typeof RawClient>[1]): Promise<void> {
  // A careless client: what is refused must be refused by the broker, not by the client's own security level.
  const client = new RawClient(port, { ...options, ciphers: `${options.ciphers ?? 'DEFAULT'}:@SECLEVEL=0` })
  client.socket.once('secureConnect', () => client.socket.write(CONNECT_4))
  await client.closed
  expect(client.received).toHaveLength(0)
}
