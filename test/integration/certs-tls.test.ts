/** The material of the store in real TLS 1.3 handshakes on loopback: who gets in, and who does not. */

import { once } from 'node:events'
import { connect, createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls'

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'

import { CLIENT_ROLES } from '../../certs/profile.ts'
import { identityOfAltNames } from '../../certs/identity-uri.ts'
import { initStore, type CertificateStore, type ServerMaterial } from '../../certs/store.ts'
import { tempDir } from '../support/temp-dir.ts'

const GREETING = 'in'
const nowMs = Date.now()
const DAY_MS = 86_400_000

const state = tempDir()
const foreignState = tempDir()
const servers: Server[] = []
let store: CertificateStore
let foreign: CertificateStore

beforeAll(() => {
  store = initStore({ stateDir: state.path, site: 'wardgate', serverNames: ['localhost'], nowMs })
  foreign = initStore({ stateDir: foreignState.path, site: 'wardgate', serverNames: ['localhost'], nowMs })
})
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})
afterAll(() => {
  state.remove()
  foreignState.remove()
})

describe('a gateway with the material of the store', () => {
  it.each(CLIENT_ROLES)('lets a %s in and reads its identity from the certificate', async (role) => {
    store.issue({ role, id: `${role}-tls`, nowMs })
    const outcome = await handshake(store.serverMaterial(), store.clientMaterial(role, `${role}-tls`))
    expect(outcome).toEqual({
      client: GREETING,
      protocol: 'TLSv1.3',
      peer: { site: 'wardgate', role, id: `${role}-tls` },
    })
  })

  it('refuses a client without a certificate', async () => {
    const outcome = await handshake(store.serverMaterial(), { ca: store.serverMaterial().ca })
    expect(outcome).toMatchObject({ refused: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' })
  })

  it('refuses a client of another authority, though it bears the same names', async () => {
    foreign.issue({ role: 'device', id: 'mon-1', nowMs })
    const { key, cert } = foreign.clientMaterial('device', 'mon-1')
    const outcome = await handshake(store.serverMaterial(), { key, cert, ca: store.serverMaterial().ca })
    expect(outcome).toMatchObject({ refused: expect.anything() })
    expect(outcome).not.toHaveProperty('client', GREETING)
  })

  it('refuses a server certificate that is used as a client', async () => {
    const { key, cert, ca } = store.serverMaterial()
    const outcome = await handshake(store.serverMaterial(), { key, cert, ca })
    expect(outcome).toMatchObject({ refused: 'INVALID_PURPOSE' })
  })

  it('refuses a certificate that has ended', async () => {
    const past = tempDir()
    const old = initStore({
      stateDir: past.path,
      site: 'wardgate',
      serverNames: ['localhost'],
      nowMs: nowMs - 9 * DAY_MS,
    })
    old.issue({ role: 'device', id: 'mon-1', days: 1, nowMs: nowMs - 8 * DAY_MS })
    const outcome = await handshake(old.serverMaterial(), old.clientMaterial('device', 'mon-1'))
    past.remove()
    expect(outcome).toMatchObject({ refused: 'CERT_HAS_EXPIRED' })
  })

  it('refuses a revoked certificate and goes on to accept its neighbour', async () => {
    const { serial } = store.issue({ role: 'device', id: 'stolen', nowMs })
    store.issue({ role: 'device', id: 'honest', nowMs })
    store.revoke(serial, 'keyCompromise', nowMs)
    const outcome = await handshake(store.serverMaterial(), store.clientMaterial('device', 'stolen'))
    expect(outcome).toMatchObject({ refused: 'CERT_REVOKED' })
    const other = await handshake(store.serverMaterial(), store.clientMaterial('device', 'honest'))
    expect(other).toMatchObject({ client: GREETING })
  })

  it('carries a list for each authority of the chain, without which everyone would be refused', async () => {
    store.issue({ role: 'device', id: 'listed', nowMs })
    const material = store.serverMaterial()
    const issuingOnly = { ...material, crl: material.crl.slice(0, 1) }
    const outcome = await handshake(issuingOnly, store.clientMaterial('device', 'listed'))
    expect(outcome).toMatchObject({ refused: 'UNABLE_TO_GET_CRL' })
  })
})

describe('a client with the material of the store', () => {
  it('refuses a gateway of another authority', async () => {
    store.issue({ role: 'bedside', id: 'careful', nowMs })
    const outcome = await handshake(foreign.serverMaterial(), store.clientMaterial('bedside', 'careful'))
    expect(outcome).toMatchObject({ client: expect.not.stringMatching(GREETING) })
  })

  it('refuses a client certificate that is used as a gateway', async () => {
    store.issue({ role: 'uplink', id: 'pretender', nowMs })
    const { key, cert } = store.clientMaterial('uplink', 'pretender')
    const outcome = await handshake(
      { ...store.serverMaterial(), key, cert },
      store.clientMaterial('uplink', 'pretender'),
    )
    expect(outcome).toMatchObject({ client: 'INVALID_PURPOSE' })
  })
})

interface Outcome {
  /** What the client met: the greeting, or why it gave up. */
  readonly client: string
  readonly protocol?: string | null
  readonly peer?: unknown
  /** Why the server refused. */
  readonly refused?: string
}

async function handshake(material: ServerMaterial, client: SecureContextOptions): Promise<Outcome> {
  const server = createServer({
    ...material,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
  })
  servers.push(server)
  const seen: { protocol?: string | null; peer?: unknown; refused?: string } = {}
  server.on('secureConnection', (socket) => {
    seen.protocol = socket.getProtocol()
    seen.peer = identityOfAltNames(socket.getPeerX509Certificate()?.subjectAltName)
    socket.end(GREETING)
  })
  const refused = new Promise<void>((resolve) => {
    server.once('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      seen.refused = String(socket.authorizationError ?? error.code)
      resolve()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const met = await meet(
    connect({ host: '127.0.0.1', port, servername: 'localhost', ...client, minVersion: 'TLSv1.3' }),
  )
  if (met !== GREETING) await refused
  return { client: met, ...seen }
}

async function meet(socket: TLSSocket): Promise<string> {
  let received = ''
  let failure: string | undefined
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => {
    received += text
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure ??= error.code ?? error.message
  })
  await new Promise((resolve) => socket.once('close', resolve))
  return failure ?? received
}
