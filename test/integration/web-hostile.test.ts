/** Clients that mean harm, or are merely broken, over raw sockets: plaintext, smuggling, slowness, floods. */

import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { RawClient, sendPlain } from '../support/broker-bench.ts'
import { ask, createWebBench, sendRaw, webPort, type WebBench } from '../support/web-bench.ts'

let bench: WebBench
beforeAll(() => {
  bench = createWebBench()
})
afterEach(async () => {
  await bench.reset()
})
afterAll(() => bench.remove())

describe('the door', () => {
  it.each([
    { what: 'HTTP/1 request', text: 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n' },
    { what: 'HTTP/2 preface', text: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
    {
      what: 'WebSocket upgrade',
      text: 'GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    },
  ])('answers not one byte to plaintext ($what), and tells it', async ({ what, text }) => {
    const web = await bench.startWeb()
    expect(await sendPlain(webPort(web), [Buffer.from(text)])).toHaveLength(0)
    expect(bench.events.seen).toEqual([
      {
        event: 'plaintext-refused',
        detail: { what, address: expect.stringMatching(/^127\.0\.0\.1:/), listener: '127.0.0.1:0' },
      },
    ])
  })

  it('closes who says nothing when the time of the handshake is up', async () => {
    const web = await bench.startWeb({ limits: { handshakeMs: 50 } })
    expect(await sendPlain(webPort(web), [])).toHaveLength(0)
    expect(await bench.events.first('no-client-hello')).toMatchObject({ what: 'silence' })
  })

  it('turns away who comes when all places are taken', async () => {
    const web = await bench.startWeb({ limits: { connections: 1 } })
    const first = connectTcp(webPort(web), '127.0.0.1')
    await once(first, 'connect')
    await expect(ask(web, { ca: bench.ca, path: '/echo' })).rejects.toBeDefined()
    expect(await bench.events.first('connection-limit')).toMatchObject({ listener: '127.0.0.1:0' })
    first.destroy()
  })

  it.each(['TLSv1.2', 'TLSv1.1'] as const)('does not speak %s', async (version) => {
    const web = await bench.startWeb()
    const client = new RawClient(webPort(web), {
      ca: bench.ca,
      minVersion: version,
      maxVersion: version,
      ciphers: 'DEFAULT:@SECLEVEL=0',
    })
    await client.closed
    expect(await bench.events.first('handshake-refused')).toMatchObject({
      reason: 'ERR_SSL_UNSUPPORTED_PROTOCOL',
    })
  })

  it('speaks HTTP/1.1 alone: who offers HTTP/2 only is refused in the handshake', async () => {
    const web = await bench.startWeb()
    const client = new RawClient(webPort(web), { ca: bench.ca, ALPNProtocols: ['h2'] })
    await client.closed
    expect(await bench.events.first('handshake-refused')).toMatchObject({
      reason: 'ERR_SSL_NO_APPLICATION_PROTOCOL',
    })
    const offered = new RawClient(webPort(web), { ca: bench.ca, ALPNProtocols: ['h2', 'http/1.1'] })
    await once(offered.socket, 'secureConnect')
    expect(offered.socket.alpnProtocol).toBe('http/1.1')
    offered.socket.destroy()
  })
})

const HOST = 'Host: localhost\r\n'
const SMUGGLED = 'GET /echo?smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'

const PIECES = [
  'GET',
  'POST',
  ' ',
  '/echo',
  'HTTP/1.1',
  '\r\n',
  '\n',
  'Host: evil.example',
  'Content-Length: 3',
  ':',
  'Transfer-Encoding: chunked',
  '0\r\n\r\n',
  '\u0000',
  '3',
  'abc',
  'Upgrade: websocket',
  'Cookie: a=b',
  'Connection: Upgrade',
  'Expect: 100-continue',
  'Connection: close',
]

describe('a request that could be read in two ways', () => {
  it.each([
    {
      name: 'both lengths at once',
      text: `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    },
    {
      name: 'two different lengths',
      text: `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 0\r\nContent-Length: 44\r\n\r\n${SMUGGLED}`,
    },
    {
      name: 'a length with a sign',
      text: `POST /echo HTTP/1.1\r\n${HOST}Content-Length: +0\r\n\r\n${SMUGGLED}`,
    },
    {
      name: 'an encoding that is not chunked',
      text: `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    },
    {
      name: 'chunked not as the last encoding',
      text: `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    },
    {
      name: 'a blank before the colon',
      text: `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    },
    {
      name: 'a line that is folded',
      text: `POST /echo HTTP/1.1\r\n${HOST}X-A: b\r\n Transfer-Encoding: chunked\r\nContent-Length: zz\r\n\r\n${SMUGGLED}`,
    },
    {
      name: 'lines that end without a carriage return',
      text: `POST /echo HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n${SMUGGLED}`,
    },
    { name: 'a zero byte in a header', text: `GET /echo HTTP/1.1\r\n${HOST}X-A: b\u0000c\r\n\r\n` },
    { name: 'two hosts', text: `GET /echo HTTP/1.1\r\n${HOST}Host: evil.example\r\n\r\n` },
    { name: 'two hosts that are the same', text: `GET /echo HTTP/1.1\r\n${HOST}${HOST}\r\n` },
    { name: 'no host', text: 'GET /echo HTTP/1.1\r\n\r\n' },
    { name: 'the whole address as target', text: `GET https://localhost/echo HTTP/1.1\r\n${HOST}\r\n` },
    { name: 'bytes that are no request', text: '\u0001\u0002\u0003\u0004\r\n\r\n' },
    { name: 'a method nobody knows', text: `FETCH /echo HTTP/1.1\r\n${HOST}\r\n` },
    { name: 'chunk sizes that overflow', text: chunked('FFFFFFFFFFFFFFFFF') },
    { name: 'chunk sizes with a sign', text: chunked('-1') },
  ])('($name) is answered 400 once and the connection ends', async ({ text }) => {
    const web = await bench.startWeb()
    const answer = await sendRaw(bench, web, text)
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400'])
    expect(answer).toMatch(/\r\nconnection: close\r\n/i)
    expect(answer).not.toContain('smuggled')
    expect(bench.events.named('web-request-refused')).toHaveLength(1)
  })

  it.each([
    { name: 'HTTP 1.0', text: 'GET /echo HTTP/1.0\r\nHost: localhost\r\n\r\n', status: 505 },
    {
      name: 'CONNECT',
      text: `CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n`,
      status: 501,
    },
    {
      name: 'headers longer than is taken',
      text: `GET /echo HTTP/1.1\r\n${HOST}X-Long: ${'x'.repeat(9_000)}\r\n\r\n`,
      status: 431,
    },
    {
      name: 'a path longer than is taken',
      text: `GET /${'x'.repeat(9_000)} HTTP/1.1\r\n${HOST}\r\n`,
      status: 431,
    },
    {
      name: 'a body where none is taken',
      text: `GET /echo HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\nx`,
      status: 413,
    },
  ])('($name) is answered $status and the connection ends', async ({ text, status }) => {
    const web = await bench.startWeb()
    const answer = await sendRaw(bench, web, text)
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`])
    expect(answer).toMatch(/\r\nx-content-type-options: nosniff\r\n/i)
    expect(bench.events.named('web-request-refused')).toHaveLength(1)
  })

  it('of any bytes whatever never reaches a handler with a host that is not ours, and never ends the server', async () => {
    const web = await bench.startWeb()
    const piece = fc.constantFrom(...PIECES)
    const text = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(''))
    await fc.assert(
      fc.asyncProperty(text, async (bytes) => {
        const answer = await sendRaw(bench, web, `${bytes}\r\n\r\n\u0001`)
        expect(answer).not.toMatch(/HTTP\/1\.1 [125]\d\d/)
      }),
      { numRuns: 150, seed: 20_260_920 },
    )
    expect(await ask(web, { ca: bench.ca, path: '/echo' })).toMatchObject({ status: 200 })
  })
})

function chunked(size: string): string {
  return `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${size}\r\nabc\r\n0\r\n\r\n`
}

describe('a client that is slow', () => {
  const limits = { headersMs: 100, requestMs: 200, keepAliveMs: 100, checkMs: 20 }

  it.each([
    { name: 'says nothing after the handshake', text: '', answer: /^HTTP\/1\.1 408 / },
    { name: 'never ends its headers', text: `GET /echo HTTP/1.1\r\n${HOST}X-A:`, answer: /^HTTP\/1\.1 408 / },
    {
      name: 'never ends its body',
      text: `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\nabc`,
      answer: /^HTTP\/1\.1 408 /,
    },
  ])('and $name is cut off and told', async ({ text, answer }) => {
    const web = await bench.startWeb({ limits })
    expect(await sendRaw(bench, web, text)).toMatch(answer)
    expect(await bench.events.first('web-request-refused')).toMatchObject({ reason: 'request-too-slow' })
  })

  it('and sends one byte of a header now and then is cut off all the same', async () => {
    const web = await bench.startWeb({ limits })
    const client = new RawClient(webPort(web), { ca: bench.ca })
    client.socket.write(`GET /echo HTTP/1.1\r\n${HOST}`)
    const drip = setInterval(() => client.socket.write('X-A: b\r\n'), 10)
    await client.closed
    clearInterval(drip)
    expect(await bench.events.first('web-request-refused')).toMatchObject({ reason: 'request-too-slow' })
  })

  it('to ask again is closed, without a word and without an event', async () => {
    const web = await bench.startWeb({ limits })
    const answer = await sendRaw(bench, web, `GET /echo HTTP/1.1\r\n${HOST}\r\n`)
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200'])
    expect(bench.events.seen).toEqual([])
  })
})

describe('a connection', () => {
  const one = `GET /echo HTTP/1.1\r\n${HOST}\r\n`

  it('serves so many requests and no more', async () => {
    const web = await bench.startWeb({ limits: { requestsPerConnection: 3 } })
    const answer = await sendRaw(bench, web, one.repeat(3))
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 200'])
  })

  it('that sends more at once than it may ever ask is ended and told', async () => {
    const web = await bench.startWeb({ limits: { requestsPerConnection: 3 } })
    await sendRaw(bench, web, one.repeat(500))
    expect(await bench.events.first('web-request-refused')).toMatchObject({ reason: 'too-many-at-once' })
  })

  it('that sends many requests at once has one at work at a time, answered in order', async () => {
    let atWork = 0
    let most = 0
    const handle = async ({ query }: { readonly query: URLSearchParams }) => {
      atWork += 1
      most = Math.max(most, atWork)
      await new Promise(setImmediate)
      atWork -= 1
      return { status: 200, body: `answer ${query.get('n') ?? ''};` }
    }
    const web = await bench.startWeb({
      routes: [{ method: 'GET', path: '/echo', bodyBytes: 0, handle }],
      limits: { requestsPerConnection: 5 },
    })
    const requests = [1, 2, 3, 4, 5].map((n) => `GET /echo?n=${n} HTTP/1.1\r\n${HOST}\r\n`)
    const answer = await sendRaw(bench, web, requests.join(''))
    expect(most).toBe(1)
    expect(answer.match(/answer \d/g)).toEqual(['answer 1', 'answer 2', 'answer 3', 'answer 4', 'answer 5'])
  })

  it('that breaks while its request is handled harms nobody', async () => {
    let asked = (): void => undefined
    const begun = new Promise<void>((resolve) => {
      asked = resolve
    })
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const handle = async () => {
      asked()
      await held
      return { status: 200 }
    }
    const web = await bench.startWeb({
      routes: [
        { method: 'GET', path: '/echo', bodyBytes: 0, handle },
        { method: 'GET', path: '/other', bodyBytes: 0, handle: async () => ({ status: 204 }) },
      ],
    })
    const client = new RawClient(webPort(web), { ca: bench.ca })
    client.socket.write(one)
    await begun
    client.socket.destroy()
    release()
    expect(await ask(web, { ca: bench.ca, path: '/other' })).toMatchObject({ status: 204 })
    expect(bench.events.seen).toEqual([])
  })
})
