/** HTTP over a connection that TLS has secured: the rules, then the route, then the answer. */

import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../clock.ts'
import { errorCode, errorMessage } from '../errors.ts'
import type { EventSink } from '../ports.ts'
import type { WebConnection } from './connections.ts'
import type { WebLimits } from './limits.ts'
import { announcesMore, readBody } from './read-body.ts'
import { requestFault, type OwnNames, type RequestFacts } from './request-rules.ts'
import type { FindRoute } from './route-table.ts'
import type { Route, WebClient, WebResponse } from './route.ts'
import { bareAnswer, STRICT_HEADERS } from './strict-headers.ts'

export interface HttpDoorOptions {
  readonly findRoute: FindRoute
  readonly own: () => OwnNames
  readonly connectionOf: (socket: object) => WebConnection | undefined
  /** Who asks; undefined when its certificate may no longer be used, which has then been told. */
  readonly clientOf: (connection: WebConnection, request: IncomingMessage) => WebClient | undefined
  readonly onUpgrade: (request: IncomingMessage, connection: WebConnection, head: Buffer) => void
  readonly limits: WebLimits
  readonly clock: Clock
  readonly events: EventSink
}

export interface HttpDoor {
  take(socket: TLSSocket): void
  /** Ends the connections that wait for a request; those that are being answered end after it. */
  close(): void
}

export function createHttpDoor(options: HttpDoorOptions): HttpDoor {
  const { limits, events, connectionOf } = options
  const server = createServer({
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
    keepAliveTimeout: limits.keepAliveMs,
    maxHeaderSize: limits.headerBytes,
    joinDuplicateHeaders: true,
    requireHostHeader: false,
    insecureHTTPParser: false,
  })
  server.maxRequestsPerSocket = limits.requestsPerConnection
  server.timeout = limits.idleMs
  const take = (request: IncomingMessage, response: ServerResponse, expects100: boolean): void => {
    const connection = connectionOf(request.socket)
    if (connection === undefined) request.socket.destroy()
    else queue({ request, response, connection, expects100 }, options)
  }
  server.on('request', (request, response) => take(request, response, false))
  server.on('checkContinue', (request, response) => take(request, response, true))
  server.on('upgrade', (request, _socket, head) => {
    const connection = connectionOf(request.socket)
    if (connection === undefined || connection.underWay > 0) request.socket.destroy()
    else options.onUpgrade(request, connection, head)
  })
  server.on('connect', (request) => {
    const connection = connectionOf(request.socket)
    if (connection !== undefined)
      refuse(connection, events, { reason: 'method-not-known', method: 'CONNECT' })
    request.socket.end(bareAnswer(501, 'Not Implemented'))
  })
  server.on('clientError', (error, socket) => {
    const connection = connectionOf(socket)
    if (connection === undefined || socket.destroyed) socket.destroy()
    else refuseUnreadable(error, connection, events)
  })
  // Node looks at the deadlines of its connections from the moment it listens. This server never does: its
  // connections come from the door.
  server.emit('listening')
  return {
    take: (socket) => {
      server.emit('connection', socket)
    },
    close: () => closeDoor(server),
  }
}

function closeDoor(server: Server): void {
  // Answers ERR_SERVER_NOT_RUNNING, as it never listened; the timers are ended all the same.
  server.close(() => undefined)
  server.closeIdleConnections()
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly connection: WebConnection
  readonly expects100: boolean
}

function queue(exchange: Exchange, options: HttpDoorOptions): void {
  const { connection, response } = exchange
  connection.underWay += 1
  const former = connection.tail
  const work = async (): Promise<void> => {
    await former
    if (response.destroyed) return
    await answer(exchange, options)
  }
  connection.tail = work()
    .catch((error: unknown) => {
      options.events.emit('technical', 'web-answer-failed', {
        path: printable(exchange.request.url),
        reason: errorMessage(error),
      })
      connection.socket.destroy()
    })
    .finally(() => {
      connection.underWay -= 1
    })
}

async function answer(exchange: Exchange, options: HttpDoorOptions): Promise<void> {
  const { request, response, connection, expects100 } = exchange
  const { events } = options
  const no = (status: number, reason: string, headers: Readonly<Record<string, string>> = {}): void => {
    const event = status === 404 || status === 405 ? 'web-not-found' : 'web-request-refused'
    const asked = { method: printable(request.method), path: printable(pathOf(request.url)) }
    refuse(connection, events, { reason, ...asked }, event)
    send(exchange, { status, headers: { ...headers, connection: 'close' } })
  }
  const fault = requestFault(factsOf(request), options.own(), false)
  if (fault !== undefined) return no(fault.status, fault.reason)
  const path = pathOf(request.url)
  const found = options.findRoute(request.method ?? '', path)
  if (found.kind === 'not-implemented') return no(501, 'method-not-known')
  if (found.kind === 'no-path') return no(404, 'no-such-path')
  if (found.kind === 'no-method') return no(405, 'method-not-allowed', { allow: found.allow })
  const { route } = found
  if (announcesMore(request, route.bodyBytes)) return no(413, 'body-too-large')
  const client = options.clientOf(connection, request)
  if (client === undefined) return undefined
  if (expects100) response.writeContinue()
  const reading = await readBody(request, route.bodyBytes)
  if (reading.kind === 'too-large') return no(413, 'body-too-large')
  if (reading.kind === 'unfinished') return undefined
  const webRequest = {
    method: request.method ?? '',
    path,
    query: new URLSearchParams((request.url ?? '').slice(path.length)),
    headers: headersOf(request),
    body: reading.body,
    client,
  }
  send(exchange, await ask(route, webRequest, options))
}

/** The gateway's own fault is the log's business: the client hears 500 and no word. */
async function ask(
  route: Route,
  request: Parameters<Route['handle']>[0],
  { clock, limits, events }: HttpDoorOptions,
): Promise<WebResponse> {
  const asked = { method: request.method, path: printable(request.path) }
  const fail = (reason: string): WebResponse => {
    events.emit('technical', 'web-handler-failed', { ...asked, address: request.client.address, reason })
    return { status: 500 }
  }
  return new Promise((resolve) => {
    const cancel = clock.after(limits.answerMs, () => resolve(fail('no answer in time')))
    const handle = async (): Promise<WebResponse> => route.handle(request)
    handle()
      .then(resolve, (error: unknown) => resolve(fail(errorMessage(error).slice(0, 512))))
      .finally(cancel)
  })
}

function send({ request, response }: Exchange, { status, headers, body }: WebResponse): void {
  if (response.destroyed || response.headersSent) return
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value)
  for (const [name, value] of Object.entries(STRICT_HEADERS)) response.setHeader(name, value)
  const content = typeof body === 'string' ? Buffer.from(body) : body
  // RFC 9110 8.6: 204 has no length.
  if (status !== 204) response.setHeader('content-length', content?.length ?? 0)
  // What is left of an unread body must not be taken for the next request.
  if (!request.complete) response.setHeader('connection', 'close')
  response.writeHead(status)
  response.end(content)
}

const UNREADABLE: Readonly<Record<string, readonly [status: number, reason: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'headers-too-long'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'chunk-extensions-too-long'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request-too-slow'],
}
const LEFT: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE'])

/** What no request could be made of: both lengths at once, a stray line end, a header too long, a client too slow. */
function refuseUnreadable(error: Error, connection: WebConnection, events: EventSink): void {
  const { socket, underWay } = connection
  const code = errorCode(error) ?? 'unknown'
  if (LEFT.has(code)) {
    socket.destroy()
    return
  }
  const [status, reason] = UNREADABLE[code] ?? [400, 'not-http']
  refuse(connection, events, { reason, code })
  // With an answer under way nothing may be written between its bytes.
  if (underWay === 0 && socket.writable) socket.end(bareAnswer(status, STATUS_CODES[status] ?? ''))
  socket.destroySoon()
}

function refuse(
  { address, listener }: WebConnection,
  events: EventSink,
  why: Readonly<Record<string, string>>,
  event = 'web-request-refused',
): void {
  events.emit('security', event, { ...why, address, listener })
}

export function factsOf({ httpVersion, method, url, headers }: IncomingMessage): RequestFacts {
  return {
    httpVersion,
    method: method ?? '',
    target: url ?? '',
    host: headers.host,
    origin: headers.origin,
    fetchSite: oneOf(headers['sec-fetch-site']),
  }
}

export function pathOf(target: string | undefined): string {
  return (target ?? '').split('?', 1)[0] ?? ''
}

function headersOf({ headers }: IncomingMessage): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, oneOf(value)]))
}

function oneOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value.join(', ')
}

/** What a client wrote, fit for a log line. */
export function printable(text: string | undefined): string {
  return (text ?? '').slice(0, 128).replaceAll(/[^ -~]/g, '?')
}
