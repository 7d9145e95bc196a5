import { once } from 'node:events'
import { connect as connectTcp, createServer as createTcpServer, Socket, type Server } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { systemClock } from '../../gateway/clock.ts'
import { errorMessage, UplinkError } from '../../gateway/errors.ts'
import { guardedDial, type Connect, type DialOptions } from '../../gateway/uplink/dial.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { createTestAuthority, type TestCertificate } from '../support/tls-identities.ts'
import { HOSTILE_ADDRESSES, HOSTILE_URLS } from '../unit/uplink/hostile-destinations.ts'

const NAME = 'broker.hospital.internal'
const authority = createTestAuthority()
const stranger = createTestAuthority('foreign root')
const material = { ca: authority.ca, ...authority.issue('up-1') }

const servers: Server[] = []
const sockets: TLSSocket[] = []
let connectionCount = 0
let port = 0

async function listen(made: Server): Promise<number> {
  servers.push(made)
  made.on('connection', () => {
    connectionCount += 1
  })
  made.listen(0, '127.0.0.1')
  await once(made, 'listening')
  const address = made.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function tlsServer(identity: TestCertificate, options: TlsOptions = {}): Server {
  const demands = { ca: authority.ca, requestCert: true, rejectUnauthorized: true }
  return createTlsServer({ ...identity, ...demands, ...options }, (socket) => {
    socket.on('error', () => undefined).resume()
  })
}

beforeAll(async () => {
  port = await listen(tlsServer(authority.issue('broker', { dns: [NAME], ips: ['127.0.0.1'] })))
})

beforeEach(() => {
  connectionCount = 0
})

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

afterAll(() => {
  for (const server of servers) server.close()
})

async function dial(options: Partial<DialOptions> & { readonly url: string }): Promise<TLSSocket> {
  const socket = await guardedDial({ tls: material, clock: systemClock, environment: {}, ...options })
  sockets.push(socket)
  return socket
}

/** The reason of a dial that must come to nothing. */
async function reasonOf(options: Parameters<typeof dial>[0]): Promise<unknown> {
  try {
    await dial(options)
  } catch (error) {
    if (error instanceof UplinkError) return error.context['reason']
    throw error
  }
  throw new Error('the dial went through')
}

const never = (): never => {
  throw new Error('must not be called')
}

describe('a dial that is allowed', () => {
  it('reaches an address whose certificate names it, by TLS 1.3', async () => {
    const socket = await dial({ url: `mqtts://127.0.0.1:${port}` })
    expect([socket.authorized, socket.getProtocol()]).toEqual([true, 'TLSv1.3'])
    expect(socket.remoteAddress).toBe('127.0.0.1')
  })

  it('goes to the address that was decided, whatever the name means a moment later', async () => {
    let asked = 0
    const resolver = async (): Promise<string[]> => {
      asked += 1
      return asked === 1 ? ['127.0.0.1'] : ['203.0.113.9']
    }
    const socket = await dial({ url: `mqtts://${NAME}:${port}`, resolver })
    expect([socket.authorized, socket.remoteAddress, asked]).toEqual([true, '127.0.0.1', 1])
  })

  it('tries the next allowed address when the first does not answer', async () => {
    const connected: string[] = []
    const connect: Connect = (endpoint) => {
      connected.push(endpoint.address)
      return connectTcp({ host: endpoint.address, port: endpoint.port })
    }
    const resolver = async (): Promise<string[]> => ['127.0.0.2', '127.0.0.1']
    const socket = await dial({ url: `mqtts://${NAME}:${port}`, resolver, connect })
    expect([connected, socket.remoteAddress]).toEqual([['127.0.0.2', '127.0.0.1'], '127.0.0.1'])
  })
})

describe('a dial that is refused', () => {
  it.each(HOSTILE_URLS)('for %j asks no resolver and opens no connection', async (url, reason) => {
    expect(await reasonOf({ url, resolver: never, connect: never })).toBe(reason)
  })

  it.each(HOSTILE_ADDRESSES)('for a name that means %s opens no connection', async (address, reason) => {
    const resolver = async (): Promise<string[]> => [address]
    expect(await reasonOf({ url: `mqtts://${NAME}:${port}`, resolver, connect: never })).toBe(reason)
  })

  it('sends nothing to a listener on loopback that other ranges exclude', async () => {
    const allowedRanges = ['10.0.0.0/8']
    expect(await reasonOf({ url: `mqtts://127.0.0.1:${port}`, allowedRanges })).toBe('outside-allowed-ranges')
    expect(await reasonOf({ url: `mqtt://127.0.0.1:${port}` })).toBe('plaintext-scheme')
    const environment = { NODE_TLS_REJECT_UNAUTHORIZED: '0' }
    expect(await reasonOf({ url: `mqtts://127.0.0.1:${port}`, environment })).toBe('verification-off')
    expect(connectionCount).toBe(0)
  })

  it('because the connection ended elsewhere has sent no byte of TLS', async () => {
    let receivedBytes = 0
    const elsewhere = await listen(
      createTcpServer((socket) => {
        socket.on('data', (chunk) => {
          receivedBytes += chunk.length
        })
      }),
    )
    const ended = once(servers.at(-1) ?? never(), 'connection').then(([socket]) => once(socket, 'close'))
    const connect: Connect = () => connectTcp({ host: '127.0.0.1', port: elsewhere })
    const resolver = async (): Promise<string[]> => ['10.1.2.3']
    expect(await reasonOf({ url: `mqtts://${NAME}`, resolver, connect })).toBe('peer-changed')
    await ended
    expect(receivedBytes).toBe(0)
  })

  it('says so in the error, without the secret that stood in the URL', async () => {
    const dialing = guardedDial({ url: 'mqtts://u:hunter2@10.0.0.1', tls: material, clock: systemClock })
    const error: unknown = await dialing.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'WG_UPLINK',
      context: { reason: 'credentials-in-url', refused: true },
    })
    expect(JSON.stringify([errorMessage(error), error])).not.toContain('hunter2')
  })
})

describe('a dial that is allowed fails', () => {
  it('when the certificate names another host', async () => {
    const resolver = async (): Promise<string[]> => ['127.0.0.1']
    expect(await reasonOf({ url: `mqtts://other.internal:${port}`, resolver })).toBe('tls-failed')
  })

  it('when the certificate names the host but not the address in the URL', async () => {
    const named = await listen(tlsServer(authority.issue('named', { dns: [NAME, '127.0.0.1'] })))
    expect(await reasonOf({ url: `mqtts://127.0.0.1:${named}` })).toBe('tls-failed')
  })

  it('when the certificate comes from a foreign CA', async () => {
    const foreign = await listen(tlsServer(stranger.issue('broker', { ips: ['127.0.0.1'] })))
    expect(await reasonOf({ url: `mqtts://127.0.0.1:${foreign}` })).toBe('tls-failed')
  })

  it('when the far end offers TLS 1.2 alone', async () => {
    const old = tlsServer(authority.issue('old', { ips: ['127.0.0.1'] }), { maxVersion: 'TLSv1.2' })
    expect(await reasonOf({ url: `mqtts://127.0.0.1:${await listen(old)}` })).toBe('tls-failed')
  })

  it('when the far end speaks in the clear', async () => {
    const plain = createTcpServer((socket) => {
      socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n')
    })
    expect(await reasonOf({ url: `mqtts://127.0.0.1:${await listen(plain)}` })).toBe('tls-failed')
  })

  it('when the far end hangs up', async () => {
    const rude = createTcpServer((socket) => socket.on('error', () => undefined).destroy())
    expect(await reasonOf({ url: `mqtts://127.0.0.1:${await listen(rude)}` })).toBe('tls-failed')
  })

  it('when nobody listens', async () => {
    const connect: Connect = () => connectTcp({ host: '127.0.0.1', port: 1 })
    expect(await reasonOf({ url: 'mqtts://127.0.0.1', connect })).toBe('connect-failed')
  })

  it('when the name is not known', async () => {
    const resolver = (): Promise<string[]> => Promise.reject(new Error('ENOTFOUND'))
    expect(await reasonOf({ url: `mqtts://${NAME}`, resolver, connect: never })).toBe('name-not-resolved')
  })

  it('when our own key is no key, before anything is sent', async () => {
    const tls = { ...material, key: 'not a key' }
    expect(await reasonOf({ url: `mqtts://127.0.0.1:${port}`, tls, connect: never })).toBe(
      'certificate-unusable',
    )
  })
})

describe('a dial that gets no answer', () => {
  const slow = { name: `mqtts://${NAME}`, resolver: () => new Promise<string[]>(() => undefined) }

  it('gives up asking for the name', async () => {
    const clock = new FakeClock()
    const reason = reasonOf({ url: slow.name, resolver: slow.resolver, clock, connect: never })
    clock.advance(10_000)
    expect(await reason).toBe('name-not-resolved')
    expect(clock.pendingCount).toBe(0)
  })

  it('gives up connecting', async () => {
    const clock = new FakeClock()
    const socket = new Socket()
    const reason = reasonOf({ url: 'mqtts://10.0.0.1', clock, connect: () => socket })
    clock.advance(10_000)
    expect([await reason, socket.destroyed, clock.pendingCount]).toEqual(['connect-timeout', true, 0])
  })

  it('gives up the handshake', async () => {
    const clock = new FakeClock()
    const silent = createTcpServer((socket) => socket.on('error', () => undefined).resume())
    const silentPort = await listen(silent)
    const helloSeen = once(silent, 'connection').then(([socket]) => once(socket, 'data'))
    const reason = reasonOf({ url: `mqtts://127.0.0.1:${silentPort}`, clock })
    await helloSeen
    clock.advance(10_000)
    expect([await reason, clock.pendingCount]).toEqual(['tls-timeout', 0])
  })

  it('is given up by its caller', async () => {
    const closing = new AbortController()
    const reason = reasonOf({
      url: slow.name,
      resolver: slow.resolver,
      signal: closing.signal,
      connect: never,
    })
    closing.abort()
    expect(await reason).toBe('aborted')
  })
})
