/** HTTP over connections that TLS has secured: deadlines and sizes, one request of a connection after the other. */

import { createServer, STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { errorCode, errorMessage } from '../errors.ts'
import type { EventSink } from '../ports.ts'
import { answerRequest, type AnswerOptions, type Exchange } from './answer-request.ts'
import type { WebConnection } from './connections.ts'
import { printable, tellRefusal } from './http-facts.ts'
import { bareAnswer } from './strict-headers.ts'

export interface HttpDoorOptions extends AnswerOptions {
  readonly connectionOf: (socket: object) => WebConnection | undefined
  readonly onUpgrade: (request: IncomingMessage, connection: WebConnection, head: Buffer) => void
}

export interface HttpDoor {
  take(socket: TLSSocket): void
  /** Looks after no connection any more; whoever gave them ends them. */
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
    // Ours to answer, with an event and with the headers of every answer.
    requireHostHeader: false,
    insecureHTTPParser: false,
  })
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
    if (connection === undefined || connection.underWay > 0) request.socket.destroy()
    else close(connection, events, { status: 501, why: { reason: 'method-not-known', method: 'CONNECT' } })
  })
  server.on('clientError', (error, socket) => {
    const connection = connectionOf(socket)
    if (connection === undefined) socket.destroy()
    else refuseUnreadable(error, connection, events)
  })
  // Node looks at the deadlines of its connections from the moment it listens. This server never does: its
  // connections come from the door.
  server.emit('listening')
  return {
    take: (socket) => {
      server.emit('connection', socket)
    },
    // Reports that it never listened; its timer is ended all the same.
    close: () => {
      server.close(() => undefined)
    },
  }
}

/** Pipelined requests wait for each other, so that one connection never has more than one handler at work. */
function queue(exchange: Exchange, options: HttpDoorOptions): void {
  const { connection, request, response } = exchange
  const { address, listener, socket, tail } = connection
  const work = async (): Promise<void> => {
    await tail
    if (socket.writableEnded || response.destroyed) return
    connection.response = response
    connection.answerCount += 1
    await answerRequest(exchange, options)
  }
  const failed = (error: unknown): void => {
    const detail = { path: printable(request.url), address, listener, reason: errorMessage(error) }
    options.events.emit('technical', 'web-answer-failed', detail)
    socket.destroy()
  }
  // Requests that wait cost memory; more than will ever be answered are not kept.
  if (connection.underWay >= options.limits.requestsPerConnection) {
    tellRefusal(connection, options.events, 'web-request-refused', { reason: 'too-many-at-once' })
    socket.destroy()
    return
  }
  connection.underWay += 1
  connection.tail = work()
    .catch(failed)
    .finally(() => {
      connection.response = undefined
      connection.underWay -= 1
    })
}

interface Refusal {
  readonly status: number
  readonly why: Readonly<Record<string, string>>
}

const UNREADABLE: Readonly<Record<string, readonly [status: number, reason: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'headers-too-long'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'chunk-extensions-too-long'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request-too-slow'],
}
const LEFT: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE'])

/** What no request could be made of: two lengths at once, a stray line end, headers too long, a client too slow. */
function refuseUnreadable(error: Error, connection: WebConnection, events: EventSink): void {
  const code = errorCode(error) ?? 'unknown'
  if (LEFT.has(code)) {
    connection.socket.destroy()
    return
  }
  const [status, reason] = UNREADABLE[code] ?? [400, 'not-http']
  close(connection, events, { status, why: { reason, code } })
}

/** The last answer of a connection; none where it would stand among the bytes of another. */
function close(connection: WebConnection, events: EventSink, { status, why }: Refusal): void {
  const { socket, underWay, response } = connection
  if (socket.writableEnded) return
  tellRefusal(connection, events, 'web-request-refused', why)
  const isUnanswered = underWay === 0 || (underWay === 1 && response?.headersSent !== true)
  if (isUnanswered && socket.writable) socket.write(bareAnswer(status, STATUS_CODES[status] ?? ''))
  socket.destroySoon()
}
