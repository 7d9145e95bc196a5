/** HTTPS over real TLS on loopback: what is answered, with which headers, and to whom not. */

import { request as httpsRequest } from 'node:https'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Identity } from '../../gateway/ports.ts'
import type { Route } from '../../gateway/web/route.ts'
import { createSchemaRoutes } from '../../gateway/web/schema-routes.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { ask, createWebBench, sendRaw, webPort, type WebBench } from '../support/web-bench.ts'

let bench: WebBench
beforeAll(() => {
  bench = createWebBench()
})
afterEach(async () => {
  await bench.reset()
})
afterAll(() => bench.remove())

const STRICT = {
  'cache-control': 'no-store',
  'content-security-policy': expect.stringContaining("default-src 'none'"),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': expect.stringContaining('max-age='),
  'x-content-type-options': 'nosniff',
}

function route(handle: Route['handle'], method: Route['method'] = 'GET'): readonly Route[] {
  return [{ method, path: '/echo', bodyBytes: 0, handle }]
}

describe('a request', () => {
  it('without a client certificate reaches the route as nobody', async () => {
    const web = await bench.startWeb()
    const answer = await ask(web, { ca: bench.ca, path: '/echo?a=1' })
    expect(JSON.parse(answer.body)).toEqual({ method: 'GET', path: '/echo', query: 'a=1', body: '' })
  })

  it('with a client certificate reaches the route as its identity', async () => {
    const web = await bench.startWeb()
    const answer = await ask(web, { ...bench.credentials('operator', 'engineer'), path: '/echo' })
    expect(JSON.parse(answer.body)).toMatchObject({ certificate: 'engineer' })
  })

  it('with the cookie of a session reaches the route as that person', async () => {
    const person: Identity = { role: 'operator', id: 'nurse-1', fingerprint: 'f', notAfterMs: Infinity }
    const web = await bench.startWeb({ sessionOf: (cookie) => (cookie === 's=1' ? person : undefined) })
    const known = await ask(web, { ca: bench.ca, path: '/echo', headers: { cookie: 's=1' } })
    expect(JSON.parse(known.body)).toMatchObject({ cookie: 's=1', person: 'nurse-1' })
    const unknown = await ask(web, { ca: bench.ca, path: '/echo', headers: { cookie: 's=2' } })
    expect(JSON.parse(unknown.body)).not.toHaveProperty('person')
  })

  it('with a body of the largest size is read whole; a byte more is answered 413 and told', async () => {
    const web = await bench.startWeb()
    const post = { ca: bench.ca, path: '/echo', method: 'POST' }
    expect(await ask(web, { ...post, body: 'x'.repeat(1024) })).toMatchObject({ status: 200 })
    expect(await ask(web, { ...post, body: 'x'.repeat(1025) })).toMatchObject({ status: 413 })
    const chunked = { ...post, headers: { 'transfer-encoding': 'chunked' } }
    expect(await ask(web, { ...chunked, body: 'x'.repeat(1024) })).toMatchObject({ status: 200 })
    expect(await ask(web, { ...chunked, body: 'x'.repeat(1025) })).toMatchObject({ status: 413 })
    expect(bench.events.seen.map(({ detail }) => detail['reason'])).toEqual([
      'body-too-large',
      'body-too-large',
    ])
  })

  it('that waits for a word before its body gets it only when the body would be taken', async () => {
    const web = await bench.startWeb()
    const head = 'POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nConnection: close\r\n'
    const taken = await sendRaw(bench, web, `${head}Content-Length: 2\r\n\r\nhi`)
    expect(taken).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
    const refused = await sendRaw(bench, web, `${head}Content-Length: 2000\r\n\r\n`)
    expect(refused).toMatch(/^HTTP\/1\.1 413 /)
  })

  it.each([
    { method: 'GET', path: '/nothing', status: 404, event: 'web-not-found', reason: 'no-such-path' },
    { method: 'DELETE', path: '/echo', status: 405, event: 'web-not-found', reason: 'method-not-allowed' },
    { method: 'PATCH', path: '/echo', status: 501, event: 'web-request-refused', reason: 'method-not-known' },
    { method: 'TRACE', path: '/echo', status: 501, event: 'web-request-refused', reason: 'method-not-known' },
  ])('$method $path is answered $status and told', async ({ method, path, status, event, reason }) => {
    const web = await bench.startWeb()
    const answer = await ask(web, { ca: bench.ca, method, path })
    expect(answer).toMatchObject({ status, body: '', headers: STRICT })
    expect(answer.headers['allow']).toBe(status === 405 ? 'GET, HEAD, POST' : undefined)
    expect(bench.events.seen).toEqual([
      {
        event,
        detail: {
          reason,
          method,
          path,
          address: expect.stringMatching(/^127\.0\.0\.1:/),
          listener: '127.0.0.1:0',
        },
      },
    ])
  })

  it.each([
    { name: 'the host of another', headers: { host: 'evil.example' }, status: 421, reason: 'host-not-ours' },
    {
      name: 'the origin of another',
      headers: { origin: 'https://evil.example' },
      status: 403,
      reason: 'origin-not-ours',
    },
  ])('with $name is answered $status, and no handler hears of it', async ({ headers, status, reason }) => {
    let handled = 0
    const web = await bench.startWeb({
      routes: route(async () => ({ status: 200 + (handled += 1) }), 'POST'),
    })
    const answer = await ask(web, { ca: bench.ca, method: 'POST', path: '/echo', headers })
    expect(answer).toMatchObject({ status, body: '' })
    expect(handled).toBe(0)
    expect(await bench.events.first('web-request-refused')).toMatchObject({ reason })
  })

  it('from a page that the configuration allows passes', async () => {
    const web = await bench.startWeb({ allowedOrigins: ['https://Station.ward.test'] })
    const headers = { origin: 'https://station.ward.test' }
    expect(await ask(web, { ca: bench.ca, method: 'POST', path: '/echo', headers })).toMatchObject({
      status: 200,
    })
  })
})

describe('an answer', () => {
  it('has the strict headers, whatever the route says, and names no software', async () => {
    const headers = { 'Cache-Control': 'public', 'X-Frame-Options': 'ALLOWALL', 'x-own': 'kept' }
    const web = await bench.startWeb({ routes: route(async () => ({ status: 200, headers, body: 'x' })) })
    const answer = await ask(web, { ca: bench.ca, path: '/echo' })
    expect(answer.headers).toMatchObject({ ...STRICT, 'x-frame-options': 'DENY', 'x-own': 'kept' })
    expect(answer.headers).not.toHaveProperty('server')
    expect(answer.headers).not.toHaveProperty('x-powered-by')
  })

  it('to HEAD has the length and no body', async () => {
    const web = await bench.startWeb({ routes: route(async () => ({ status: 200, body: 'four' })) })
    const answer = await ask(web, { ca: bench.ca, method: 'HEAD', path: '/echo' })
    expect(answer).toMatchObject({ status: 200, body: '', headers: { 'content-length': '4' } })
  })

  it.each([
    {
      name: 'throws',
      handle: async () => {
        throw new Error('the password of the database is 1234')
      },
    },
    {
      name: 'throws before it promises anything',
      handle: () => {
        throw new Error('the password of the database is 1234')
      },
    },
  ])('of a route that $name is 500 without a word, and the log has the reason', async ({ handle }) => {
    const web = await bench.startWeb({ routes: route(handle) })
    const answer = await ask(web, { ca: bench.ca, path: '/echo' })
    expect(answer).toMatchObject({ status: 500, body: '', headers: STRICT })
    expect(await bench.events.first('web-handler-failed')).toMatchObject({
      path: '/echo',
      reason: 'the password of the database is 1234',
    })
  })

  it('of a route that never answers is 500 when its time is up', async () => {
    const clock = new FakeClock(Date.now())
    let asked = (): void => undefined
    const begun = new Promise<void>((resolve) => {
      asked = resolve
    })
    const handle = async (): Promise<never> => {
      asked()
      return new Promise(() => undefined)
    }
    const web = await bench.startWeb({ clock, routes: route(handle) })
    const answer = ask(web, { ca: bench.ca, path: '/echo' })
    await begun
    clock.advance(20_000)
    expect(await answer).toMatchObject({ status: 500 })
  })

  it('with a header that HTTP does not know ends the connection, and the log has the reason', async () => {
    const handle = async () => ({ status: 200, headers: { 'x-bad': 'a\r\nset-cookie: b' } })
    const web = await bench.startWeb({ routes: route(handle) })
    await expect(ask(web, { ca: bench.ca, path: '/echo' })).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(await bench.events.first('web-answer-failed')).toMatchObject({ path: '/echo' })
  })

  it('of a schema is that of the payloads', async () => {
    const web = await bench.startWeb({ routes: createSchemaRoutes() })
    const answer = await ask(web, { ca: bench.ca, path: '/schema/v1/observation-set.json' })
    expect(answer.headers['content-type']).toBe('application/schema+json')
    expect(JSON.parse(answer.body)).toMatchObject({ $schema: expect.any(String), type: 'object' })
    expect(await ask(web, { ca: bench.ca, path: '/schema/v1/nothing.json' })).toMatchObject({ status: 404 })
  })
})

describe('a server that stops', () => {
  it('finishes the answer under way and takes no new connection', async () => {
    let release = (): void => undefined
    let asked = (): void => undefined
    const begun = new Promise<void>((resolve) => {
      asked = resolve
    })
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const web = await bench.startWeb({
      routes: route(async () => {
        asked()
        await held
        return { status: 200, body: 'finished' }
      }),
    })
    const answer = ask(web, { ca: bench.ca, path: '/echo' })
    await begun
    const stopped = web.stop()
    await expect(ask(web, { ca: bench.ca, path: '/echo' })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    release()
    expect(await answer).toMatchObject({ status: 200, body: 'finished' })
    await stopped
  })

  it('does not wait for those who say nothing', async () => {
    const web = await bench.startWeb()
    const silent = httpsRequest({ host: '127.0.0.1', port: webPort(web), ca: bench.ca, agent: false })
    const closed = new Promise((resolve) => silent.on('error', resolve))
    await new Promise<void>((resolve) => {
      silent.on('socket', (socket) => socket.on('secureConnect', () => resolve()))
      silent.flushHeaders()
    })
    await web.stop()
    await closed
  })
})
