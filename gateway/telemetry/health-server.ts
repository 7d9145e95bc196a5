/** `/metrics`, `/healthz`, `/readyz` and the payload schemas over HTTP, on loopback only: nothing here knows a reading. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SCHEMAS } from '../contract/reading.schema.ts'
import { ConfigError, errorCode, errorMessage } from '../errors.ts'

export interface HealthSources {
  /** Prometheus text. */
  readonly metrics: () => Promise<string>
  /** Why the gateway is not ready; empty when it is. */
  readonly notReady: () => readonly string[]
}

export interface HealthServer {
  readonly port: number
  stop(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

const JSON_TYPE = 'application/json; charset=utf-8'

export async function startHealthServer(
  listen: { readonly host: string; readonly port: number },
  sources: HealthSources,
): Promise<HealthServer> {
  const server = createServer(
    { requestTimeout: 5_000, headersTimeout: 5_000, maxHeaderSize: 8_192 },
    (request, response) => {
      answer(request, sources).then(
        (found) => {
          send(response, found)
        },
        (error: unknown) => {
          send(response, {
            status: 500,
            type: JSON_TYPE,
            body: JSON.stringify({ error: errorMessage(error) }),
          })
        },
      )
    },
  )
  server.maxConnections = 32
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(cannotListen(listen, error))
    })
    server.listen(listen.port, listen.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    async stop() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
      })
    },
  }
}

async function answer(request: IncomingMessage, sources: HealthSources): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'only GET\n')
  const path = (request.url ?? '/').split('?')[0] ?? '/'
  if (path === '/healthz') return plain(200, 'ok\n')
  if (path === '/readyz') {
    const reasons = sources.notReady()
    return reasons.length === 0 ? plain(200, 'ready\n') : plain(503, `${reasons.join('\n')}\n`)
  }
  if (path === '/metrics')
    return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: await sources.metrics() }
  const name = /^\/schema\/v1\/([a-z-]+)\.json$/.exec(path)?.[1]
  const schema = Object.entries(SCHEMAS).find(([known]) => known === name)?.[1]
  if (schema !== undefined)
    return { status: 200, type: 'application/schema+json', body: `${JSON.stringify(schema, undefined, 2)}\n` }
  return plain(404, 'not here; try /healthz /readyz /metrics /schema/v1/observation-set.json\n')
}

function plain(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body }
}

function send(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(body)
}

function cannotListen({ host, port }: { host: string; port: number }, error: unknown): ConfigError {
  const why = errorCode(error) === 'EADDRINUSE' ? 'the port is taken by another process' : errorMessage(error)
  return new ConfigError(
    `health: cannot listen on ${host}:${port}: ${why}; set another health.port`,
    { host, port },
    error,
  )
}
