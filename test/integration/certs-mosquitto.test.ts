/** mosquitto as a TLS peer both ways: as the broker that our clients meet, and as the client that meets our server. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { connect, createServer, type Server, type TLSSocket } from 'node:tls'

import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { initStore, type CertificateStore } from '../../certs/store.ts'
import { startMosquitto, type Mosquitto } from '../support/mosquitto.ts'
import { suiteFor } from '../support/other-verifiers.ts'
import { tempDir } from '../support/temp-dir.ts'
import { watchProcess } from '../support/wardgate-cli.ts'

const nowMs = Date.now()
// MQTT 3.1.1 section 3: clean session, keep alive 60 s, client id 'c'.
const CONNECT = Buffer.from('100d00044d5154540402003c000163', 'hex')
const CONNACK_ACCEPTED = '20020000'

let temp: ReturnType<typeof tempDir>
let stateDir: string
let store: CertificateStore

beforeEach(() => {
  temp = tempDir()
  stateDir = join(temp.path, 'state')
  store = initStore({ stateDir, site: 'wardgate', serverNames: ['localhost', '127.0.0.1'], nowMs })
})
afterEach(() => temp.remove())

suiteFor('mosquitto')('mosquitto with the certificate of our server', () => {
  let broker: Mosquitto | undefined
  afterEach(async () => {
    await broker?.stop()
    broker = undefined
  })

  it('lets our client in, refuses one that is revoked, and lets its neighbour in', async () => {
    store.issue({ role: 'uplink', id: 'honest', nowMs })
    store.issue({ role: 'uplink', id: 'thief', nowMs })
    store.revokeIdentity('uplink', 'thief', 'keyCompromise', nowMs)
    broker = await start()
    expect(await answerTo('honest', broker.port)).toBe(CONNACK_ACCEPTED)
    expect(await answerTo('thief', broker.port)).toMatch(/CERTIFICATE_REVOKED/)
    expect(await answerTo('honest', broker.port)).toBe(CONNACK_ACCEPTED)
  })

  it('lets clients in from before and after the roll-over of the issuing CA and of the root', async () => {
    store.issue({ role: 'uplink', id: 'first', nowMs })
    store.renewAuthority('issuing-ca', nowMs)
    store.issue({ role: 'uplink', id: 'second', nowMs })
    store.renewAuthority('root-ca', nowMs)
    store.renewAuthority('issuing-ca', nowMs)
    store.issue({ role: 'uplink', id: 'third', nowMs })
    store.issue({ role: 'uplink', id: 'thief', nowMs })
    store.revokeIdentity('uplink', 'thief', 'keyCompromise', nowMs)
    store.renew('server', 'server', nowMs)
    broker = await start()
    for (const id of ['first', 'second', 'third'])
      expect([id, await answerTo(id, broker.port)]).toEqual([id, CONNACK_ACCEPTED])
    expect(await answerTo('thief', broker.port)).toMatch(/CERTIFICATE_REVOKED/)
  })

  it('refuses the certificate of a server that is used as a client', async () => {
    broker = await start()
    const { key, cert, ca } = store.serverMaterial()
    expect(await answer({ key, cert, ca }, broker.port)).toMatch(
      /UNSUPPORTED_CERTIFICATE|CERTIFICATE_UNKNOWN/,
    )
  })
})

suiteFor('mosquitto_sub')('mosquitto_sub with the certificate of our client', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  it('accepts our server and is let in', async () => {
    store.issue({ role: 'consumer', id: 'station-1', nowMs })
    const { port, refusals } = await serve()
    expect(await subscribe('station-1', port)).toEqual({ code: 0, stdout: 'hello\n', stderr: '' })
    expect(refusals).toEqual([])
  })

  it('accepts our server after the roll-over of everything, with a certificate from before', async () => {
    store.issue({ role: 'consumer', id: 'station-1', nowMs })
    store.renewAuthority('root-ca', nowMs)
    store.renewAuthority('issuing-ca', nowMs)
    store.renew('server', 'server', nowMs)
    const { port } = await serve()
    expect(await subscribe('station-1', port)).toMatchObject({ code: 0, stdout: 'hello\n' })
  })

  it('is refused once it is revoked', async () => {
    store.issue({ role: 'consumer', id: 'thief', nowMs })
    store.revokeIdentity('consumer', 'thief', 'keyCompromise', nowMs)
    const { port, refusals } = await serve()
    const { code, stdout } = await subscribe('thief', port)
    expect([code === 0, stdout]).toEqual([false, ''])
    expect(refusals).toContain('CERT_REVOKED')
  })

  it('refuses a server under a name that its certificate does not have', async () => {
    store.issue({ role: 'consumer', id: 'station-1', nowMs })
    store.renew('server', 'server', nowMs, ['elsewhere'])
    const { port } = await serve()
    const { code, stderr } = await subscribe('station-1', port)
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/certificate|TLS|host name/i)
  })

  /** A server that answers a subscription with one message. */
  async function serve(): Promise<{ readonly port: number; readonly refusals: readonly string[] }> {
    const refusals: string[] = []
    const options = { requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' } as const
    const server = createServer({ ...store.serverMaterial(), ...options }, greet)
    servers.push(server)
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      refusals.push(String(socket.authorizationError ?? error.code))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, refusals }
  }
})

function greet(socket: TLSSocket): void {
  socket.on('error', () => undefined)
  socket.on('data', (bytes: Buffer) => {
    const kind = (bytes[0] ?? 0) >> 4
    if (kind === 1) socket.write(Buffer.from(CONNACK_ACCEPTED, 'hex'))
    if (kind === 8)
      socket.write(
        Buffer.concat([
          Buffer.of(0x90, 3),
          bytes.subarray(2, 4),
          Buffer.of(0),
          Buffer.from('3008000174', 'hex'),
          Buffer.from('hello'),
        ]),
      )
  })
}

async function subscribe(id: string, port: number) {
  const { ca, cert, key } = store.clientMaterial('consumer', id).paths
  const files = ['--cafile', ca, '--cert', cert, '--key', key, '--tls-version', 'tlsv1.3']
  const options = ['-h', '127.0.0.1', '-p', String(port), '-t', 't', '-C', '1', '-W', '10', ...files]
  return watchProcess(spawn('mosquitto_sub', options, { stdio: ['pipe', 'pipe', 'pipe'] })).finished
}

async function start(): Promise<Mosquitto> {
  const at = (name: string): string => join(stateDir, 'certs', name)
  return startMosquitto(temp.path, {
    ca: at('ca.pem'),
    cert: at('server/server.pem'),
    key: at('server/server.key'),
    crl: at('crl.pem'),
  })
}

async function answerTo(id: string, port: number): Promise<string> {
  return answer(store.clientMaterial('uplink', id), port)
}

/** The first bytes that the broker answers to CONNECT, in hexadecimal, or why it refused. */
async function answer(
  { key, cert, ca }: { readonly key: string; readonly cert: string; readonly ca: string },
  port: number,
): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, key, cert, ca, minVersion: 'TLSv1.3' })
  socket.write(CONNECT)
  return new Promise((resolve) => {
    socket.once('data', (bytes: Buffer) => {
      resolve(bytes.toString('hex'))
      socket.destroy()
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(`${error.code ?? ''} ${error.message}`)
    })
    socket.once('close', () => {
      resolve('closed')
    })
  })
}
