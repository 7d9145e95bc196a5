/** A client certificate is optional here, and one that was shown must be good: over real TLS on loopback. */

import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { initStore } from '../../certs/store.ts'
import type { Identify } from '../../gateway/security/identify.ts'
import { RawClient, SITE } from '../support/broker-bench.ts'
import { makeOddCertificate, type OddCertificate, type OddRequest } from '../support/odd-certificate.ts'
import { tempDir } from '../support/temp-dir.ts'
import { ask, createWebBench, webPort, type WebBench } from '../support/web-bench.ts'
import type { WebServer } from '../../gateway/web/web-server.ts'

let bench: WebBench
beforeAll(() => {
  bench = createWebBench()
})
afterEach(async () => {
  await bench.reset()
})
afterAll(() => bench.remove())

const REQUEST = 'GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

/** All that is answered to a request with that certificate. */
async function answerTo(web: WebServer, credentials: OddCertificate): Promise<string> {
  const client = new RawClient(webPort(web), {
    key: credentials.key,
    cert: credentials.cert,
    ca: bench.ca,
    // This client shows whatever it is given; newer versions of Node would not load a weak key otherwise.
    ciphers: 'DEFAULT:@SECLEVEL=0',
  })
  client.socket.write(REQUEST)
  await client.closed
  return client.received.toString('latin1')
}

describe('a certificate', () => {
  const altName = `URI:spiffe://${SITE}/operator/engineer`
  const extendedKeyUsage = 'clientAuth'
  const odd: readonly { name: string; request: OddRequest; reason: string }[] = [
    {
      name: 'for servers only',
      request: { altName, extendedKeyUsage: 'serverAuth' },
      reason: 'for-servers-only',
    },
    { name: 'without a purpose', request: { altName }, reason: 'no-purpose' },
    {
      name: 'with RSA of 1024 bits',
      request: { altName, extendedKeyUsage, key: 'rsa:1024' },
      reason: 'weak-key',
    },
    {
      name: 'of another site',
      request: { altName: 'URI:spiffe://elsewhere.test/operator/engineer', extendedKeyUsage },
      reason: 'other-site',
    },
    { name: 'with a name only', request: { extendedKeyUsage }, reason: 'no-identity-uri' },
  ]

  it.each(odd)('$name ends the connection, and never counts as none', async ({ request, reason }) => {
    const web = await bench.startWeb()
    expect(await answerTo(web, makeOddCertificate({ ...request, issuer: bench.issuing }))).toBe('')
    expect(await bench.events.first('handshake-refused')).toMatchObject({
      reason,
      subject: expect.any(String),
      address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      listener: '127.0.0.1:0',
    })
    expect(bench.counters.counts.get('handshake_refused_total')).toBe(1)
  })

  it.each([
    { name: 'with CRLs', withCrl: true, openssl: 'UNABLE_TO_GET_CRL' },
    { name: 'without CRLs', withCrl: false, openssl: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  ])('that signed itself ends the connection ($name)', async ({ withCrl, openssl }) => {
    const { key, cert, ca, crl } = bench.store.serverMaterial()
    const web = await bench.startWeb({ material: withCrl ? { key, cert, ca, crl } : { key, cert, ca } })
    expect(await answerTo(web, makeOddCertificate({ altName, extendedKeyUsage }))).toBe('')
    expect(await bench.events.first('handshake-refused')).toMatchObject({ reason: 'self-signed', openssl })
  })

  it('of another authority with the same names ends the connection', async () => {
    const state = tempDir()
    const nowMs = Date.now()
    const foreign = initStore({ stateDir: state.path, site: SITE, serverNames: ['localhost'], nowMs })
    foreign.issue({ role: 'operator', id: 'engineer', nowMs })
    const { key, cert } = foreign.clientMaterial('operator', 'engineer')
    state.remove()
    const web = await bench.startWeb()
    expect(await answerTo(web, { key, cert })).toBe('')
    expect(await bench.events.first('handshake-refused')).toMatchObject({ reason: 'other-authority' })
  })

  it('that has ended ends the connection', async () => {
    const web = await bench.startWeb()
    expect(await answerTo(web, bench.credentials('device', 'expired'))).toBe('')
    expect(await bench.events.first('handshake-refused')).toMatchObject({ reason: 'expired' })
  })
})

describe('a certificate that is revoked', () => {
  /** A judge that is told of revocations the moment they happen, as that of the gateway is. */
  function judge(): { readonly identify: Identify; readonly revoke: (id: string) => void } {
    const revoked = new Set<string>()
    return {
      identify: (certificate) => {
        const id = certificate.subjectAltName?.split('/').at(-1) ?? ''
        if (revoked.has(id)) return { kind: 'refused', reason: 'revoked' }
        const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
        return { kind: 'identified', identity: { role: 'operator', id, fingerprint, notAfterMs: Infinity } }
      },
      revoke: (id) => revoked.add(id),
    }
  }

  /** A connection that has been answered once and waits. */
  async function waiting(web: WebServer, id: string): Promise<RawClient> {
    const client = new RawClient(webPort(web), bench.credentials('operator', id))
    client.socket.write('GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await client.receive(1)
    expect(client.received.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /)
    return client
  }

  it('is answered nothing any more, also on a connection that was open before', async () => {
    const { identify, revoke } = judge()
    const web = await bench.startWeb({ identify })
    const client = await waiting(web, 'engineer')
    revoke('engineer')
    client.received = Buffer.alloc(0)
    client.socket.write(REQUEST)
    await client.closed
    expect(client.received).toHaveLength(0)
    expect(await bench.events.first('web-connection-ended')).toMatchObject({
      reason: 'revoked',
      altName: `URI:spiffe://${SITE}/operator/engineer`,
      listener: '127.0.0.1:0',
    })
  })

  it('loses its open connections with a reload, and its neighbours stay', async () => {
    const { identify, revoke } = judge()
    const web = await bench.startWeb({ identify })
    const client = await waiting(web, 'engineer')
    const nobody = new RawClient(webPort(web), { ca: bench.ca })
    await once(nobody.socket, 'secureConnect')
    revoke('engineer')
    web.reload(bench.store.serverMaterial())
    await client.closed
    nobody.socket.write(REQUEST)
    await nobody.closed
    expect(nobody.received.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('loses its open connections when its fingerprint is named, and no other does', async () => {
    const web = await bench.startWeb()
    const nowMs = Date.now()
    const { fingerprint } = bench.store
      .list(nowMs)
      .find(({ role, id }) => role === 'operator' && id === 'engineer') ?? { fingerprint: '' }
    const client = await waiting(web, 'engineer')
    expect(web.disconnect('00', 'revoked')).toBe(0)
    expect(web.disconnect(fingerprint, 'revoked')).toBe(1)
    await client.closed
    expect(await bench.events.first('web-connection-ended')).toMatchObject({ reason: 'revoked' })
  })

  it('is refused in new handshakes after a reload, with or without a session from before', async () => {
    const web = await bench.startWeb()
    const nowMs = Date.now()
    const stolen = bench.store.issue({ role: 'uplink', id: 'stolen', nowMs })
    const credentials = bench.credentials('uplink', 'stolen')
    const before = new RawClient(webPort(web), credentials)
    let session: Buffer | undefined
    before.socket.on('session', (ticket: Buffer) => {
      session = ticket
    })
    before.socket.write(REQUEST)
    await before.closed
    expect(before.received.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /)
    bench.store.revoke(stolen.serial, 'keyCompromise', nowMs)
    web.reload(bench.store.serverMaterial())
    for (const resumed of [{}, session === undefined ? {} : { session }]) {
      const after = new RawClient(webPort(web), { ...credentials, ...resumed })
      after.socket.write(REQUEST)
      await after.closed
      expect(after.received).toHaveLength(0)
    }
    const refusals = bench.events.named('handshake-refused')
    expect(refusals.map(({ detail }) => detail['reason'])).toEqual(['revoked', 'revoked'])
  })
})

describe('the certificate of the server', () => {
  it('can be renewed while it serves: new names, new handshakes, old connections', async () => {
    const state = tempDir()
    const renewed = initStore({
      stateDir: state.path,
      site: SITE,
      serverNames: ['new.ward.test', '127.0.0.1'],
      nowMs: Date.now(),
    }).serverMaterial()
    state.remove()
    const web = await bench.startWeb()
    const old = new RawClient(webPort(web), { ca: bench.ca })
    await once(old.socket, 'secureConnect')
    web.reload(renewed)
    const named = { ca: renewed.ca, path: '/echo', servername: 'new.ward.test' }
    const answer = await ask(web, { ...named, headers: { host: 'new.ward.test' } })
    expect(answer.status).toBe(200)
    expect(await ask(web, { ...named, headers: { host: 'localhost' } })).toMatchObject({ status: 421 })
    old.socket.write(REQUEST.replace('localhost', 'new.ward.test'))
    await old.closed
    expect(old.received.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('that does not fit its key is refused before anything is changed', async () => {
    const web = await bench.startWeb()
    const other = makeOddCertificate({ extendedKeyUsage: 'serverAuth' })
    expect(() => web.reload({ ...bench.store.serverMaterial(), key: other.key })).toThrow('cannot be used')
    expect(await ask(web, { ca: bench.ca, path: '/echo' })).toMatchObject({ status: 200 })
  })
})
