/** The HTTPS side on loopback, in front of the broker of the broker bench. */

import { request as httpsRequest, type RequestOptions } from 'node:https'
import { startWebServer, type WebServer, type WebServerOptions } from '../../gateway/web/web-server.ts'
import type { Route, WebRequest } from '../../gateway/web/route.ts'
import { systemClock } from '../../gateway/clock.ts'
import { createIdentify } from '../../gateway/security/identify.ts'
import { readAuthorities } from '../../gateway/security/verify-authority.ts'
import { createBench, RawClient, SITE, type Bench } from './broker-bench.ts'
import { believed } from './fake-time.ts'

export interface WebBench extends Bench {
  startWeb(options?: Partial<WebServerOptions>): Promise<WebServer>
  /** What the client trusts, without a certificate of its own. */
  readonly ca: string
}

export function createWebBench(): WebBench {
  const bench = createBench()
  const servers: WebServer[] = []
  const material = bench.store.serverMaterial()
  return {
    ...bench,
    ca: material.ca,
    async startWeb(options) {
      const server = await startWebServer({
        listen: [{ host: '127.0.0.1', port: 0 }],
        material: bench.store.serverMaterial(),
        identify: createIdentify({
          site: SITE,
          time: believed(systemClock),
          issuers: () => readAuthorities(bench.store.serverMaterial().ca).issuing,
          isRevoked: (fingerprint) => bench.store.revokedFingerprints().has(fingerprint),
        }),
        routes: ECHO_ROUTES,
        broker: options?.broker ?? (await bench.start()),
        events: bench.events,
        counters: bench.counters,
        clock: systemClock,
        ...options,
      })
      servers.push(server)
      return server
    },
    async reset() {
      for (const server of servers.splice(0)) await server.stop()
      await bench.reset()
    },
  }
}

/** Says back what a handler is given, as JSON. */
async function echo({ method, path, query, headers, body, client }: WebRequest) {
  const seen = {
    method,
    path,
    query: query.toString(),
    cookie: headers['cookie'],
    body: body.toString('utf8'),
    certificate: client.certificate?.identity.id,
    person: client.person?.id,
  }
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(seen) }
}

const ECHO_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/echo', bodyBytes: 0, handle: echo },
  { method: 'POST', path: '/echo', bodyBytes: 1024, handle: echo },
  { method: 'DELETE', path: '/things/{id}', bodyBytes: 0, handle: echo },
]

/** Anything that says where it serves HTTPS. */
export type Serving = Pick<WebServer, 'addresses'>

export function webPort(server: Serving): number {
  return server.addresses[0]?.port ?? 0
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

/** One request on a connection of its own. */
export async function ask(
  server: Serving,
  options: RequestOptions & { readonly body?: string },
): Promise<Answer> {
  const { body, ...rest } = options
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      { host: '127.0.0.1', port: webPort(server), agent: false, servername: 'localhost', ...rest },
      (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('error', reject)
        response.on('end', () => {
          const { statusCode, headers } = response
          resolve({ status: statusCode ?? 0, headers, body: Buffer.concat(pieces).toString('utf8') })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** Sends the text as it stands, without a client certificate, and resolves with all that came back. */
export async function sendRaw(bench: WebBench, server: WebServer, text: string | Buffer): Promise<string> {
  const client = new RawClient(webPort(server), { ca: bench.ca })
  client.socket.write(text)
  await client.closed
  return client.received.toString('latin1')
}
