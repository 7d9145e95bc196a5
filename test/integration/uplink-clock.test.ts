/**
 * Dialling while the clock of this machine is known to be wrong. Everything of ours is made as of six years ago, which is
 * what the estimate says; to OpenSSL, which knows the wall clock alone, all of it has expired.
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { layoutOfState } from '../../certs/store-layout.ts'
import { initStore, type CertificateStore } from '../../certs/store.ts'
import { systemClock } from '../../gateway/clock.ts'
import { errorMessage } from '../../gateway/errors.ts'
import { guardedDial, type DialOptions } from '../../gateway/uplink/dial.ts'
import { believed, doubted } from '../support/fake-time.ts'
import { makeOddCertificate, type OddCertificate, type OddRequest } from '../support/odd-certificate.ts'
import { tempDir } from '../support/temp-dir.ts'
import { createTestAuthority } from '../support/tls-identities.ts'

const DAY_MS = 86_400_000
const THEN_MS = Date.now() - 6 * 365 * DAY_MS
const SITE = 'ward.test'

const state = tempDir()
const servers: Server[] = []
const sockets: TLSSocket[] = []
let store: CertificateStore
let issuing: OddCertificate

beforeAll(() => {
  const serverNames = ['localhost', '127.0.0.1']
  store = initStore({ stateDir: state.path, site: SITE, serverNames, nowMs: THEN_MS })
  store.issue({ role: 'bedside', id: 'box-1', nowMs: THEN_MS })
  const layout = layoutOfState(state.path)
  issuing = {
    cert: readFileSync(layout.issuingCertificate, 'utf8'),
    key: readFileSync(layout.issuingKey, 'utf8'),
  }
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) server.close()
})
afterAll(() => state.remove())

/** The port of a server with that certificate; what a client says to it is lost. */
async function serve(identity: OddCertificate): Promise<number> {
  // The server must be able to hold what the client has to refuse.
  const server = createServer({ ...identity, ciphers: 'DEFAULT:@SECLEVEL=0' }, (socket) => {
    socket.on('error', () => undefined).resume()
  })
  server.on('tlsClientError', () => undefined)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** 'connected', or why not. */
async function dial(port: number, dates: DialOptions['dates'], ca?: string): Promise<string> {
  const tls = store.clientMaterial('bedside', 'box-1')
  try {
    const options = { tls: { ...tls, ca: ca ?? tls.ca }, dates, clock: systemClock, environment: {} }
    sockets.push(await guardedDial({ url: `mqtts://127.0.0.1:${port}`, ...options }))
    return 'connected'
  } catch (error) {
    return errorMessage(error)
  }
}

const ours = (nowMs = THEN_MS): DialOptions['dates'] => ({ time: doubted(nowMs), server: 'ours' })
const GOOD: OddRequest = {
  altName: `URI:spiffe://${SITE}/server/server,IP:127.0.0.1`,
  extendedKeyUsage: 'serverAuth',
  nowMs: THEN_MS,
}

describe('a gateway of ours, dialled while the clock is not believed', () => {
  it('is reached, with its dates judged by the estimate', async () => {
    const port = await serve(store.serverMaterial())
    expect(await dial(port, ours())).toBe('connected')
    expect(await dial(port, ours(THEN_MS + 300 * DAY_MS))).toBe('connected')
  })

  it('is not reached when it has expired by the estimate too', async () => {
    const port = await serve(store.serverMaterial())
    expect(await dial(port, ours(THEN_MS + 500 * DAY_MS))).toMatch(/refused: expired/)
    expect(await dial(port, ours(THEN_MS - DAY_MS))).toMatch(/refused: not-yet-valid/)
  })

  it.each([
    { name: 'nothing is doubted', dates: undefined },
    { name: 'the clock is believed', dates: { time: believed(systemClock), server: 'ours' } as const },
    { name: 'it is taken for a foreign one', dates: { time: doubted(THEN_MS), server: 'foreign' } as const },
  ])('is not reached while $name: OpenSSL decides', async ({ dates }) => {
    expect(await dial(await serve(store.serverMaterial()), dates)).toMatch(/tls-failed.*expired/)
  })

  const bad: readonly { name: string; request: OddRequest; says: RegExp }[] = [
    {
      name: 'for clients',
      request: { extendedKeyUsage: 'clientAuth' },
      says: /refused: not-for-servers/,
    },
    { name: 'for mail', request: { extendedKeyUsage: 'emailProtection' }, says: /refused: not-for-servers/ },
    {
      name: 'with another name',
      request: { altName: `URI:spiffe://${SITE}/server/server,IP:10.0.0.1` },
      says: /does not name 127.0.0.1/,
    },
    { name: 'with RSA of 1024 bits', request: { key: 'rsa:1024' }, says: /refused: weak-key/ },
    { name: 'signed with SHA-1', request: { digest: 'sha1' }, says: /refused: sha1-signature/ },
    { name: 'of a CA', request: { isCa: true }, says: /refused: is-a-ca/ },
    {
      name: 'whose key may not sign',
      request: { keyUsage: 'critical,keyEncipherment' },
      says: /no-digital-signature/,
    },
  ]
  it.each(bad)('with a certificate $name is not one', async ({ request, says }) => {
    const odd = makeOddCertificate({ ...GOOD, ...request, issuer: issuing })
    expect(await dial(await serve(odd), ours())).toMatch(says)
  })

  it('is no other one: another authority, a forger, a certificate that signed itself, one below ours', async () => {
    const other = makeOddCertificate({ isCa: true, subject: '/CN=other', nowMs: THEN_MS })
    const sub = makeOddCertificate({ isCa: true, subject: '/CN=sub', nowMs: THEN_MS, issuer: issuing })
    const reasons: string[] = []
    for (const issuer of [other, sub, undefined]) {
      const odd = makeOddCertificate({ ...GOOD, ...(issuer === undefined ? {} : { issuer }) })
      reasons.push((await dial(await serve(odd), ours())).replace(/^.*refused: /, ''))
    }
    expect(reasons).toEqual(['other-authority', 'sub-authority', 'self-signed'])
  })
})

describe('a foreign broker, dialled while the clock is not believed', () => {
  // Dated by the wall clock: OpenSSL is content.
  const authority = createTestAuthority()
  const dates = (nowMs: number): DialOptions['dates'] => ({ time: doubted(nowMs), server: 'foreign' })

  it('is reached when its dates fit the estimate as well', async () => {
    const port = await serve(authority.issue('broker', { ips: ['127.0.0.1'] }))
    expect(await dial(port, dates(Date.now()), authority.ca)).toBe('connected')
  })

  it('is not reached when they do not: what waits for it is kept', async () => {
    const port = await serve(authority.issue('broker', { ips: ['127.0.0.1'] }))
    expect(await dial(port, dates(THEN_MS), authority.ca)).toMatch(/not-yet-valid by the trusted time/)
  })
})
