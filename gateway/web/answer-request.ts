/** One request and its answer: the rules, then the route, then the headers that every answer has. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { EventSink } from '../ports.ts'
import type { WebConnection } from './connections.ts'
import { factsOf, headersOf, pathOf, printable, tellRefusal } from './http-facts.ts'
import type { WebLimits } from './limits.ts'
import { announcesMore, readBody } from './read-body.ts'
import { requestFault, type OwnNames } from './request-rules.ts'
import type { FindRoute } from './route-table.ts'
import type { Route, WebClient, WebRequest, WebResponse } from './route.ts'
import { STRICT_HEADERS } from './strict-headers.ts'

export interface AnswerOptions {
  readonly findRoute: FindRoute
  readonly own: () => OwnNames
  /** Who asks; undefined when its certificate may no longer be used, which has then been told. */
  readonly clientOf: (connection: WebConnection, request: IncomingMessage) => WebClient | undefined
  readonly limits: WebLimits
  readonly clock: Clock
  readonly events: EventSink
}

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly connection: WebConnection
  /** The client waits for a word before it sends the body. */
  readonly expects100: boolean
}

type Headers = Readonly<Record<string, string>>

export async function answerRequest(exchange: Exchange, options: AnswerOptions): Promise<void> {
  const { request, response, connection, expects100 } = exchange
  const method = request.method ?? ''
  const path = pathOf(request.url)
  const refuse = (status: number, reason: string, headers: Headers = {}): void => {
    const event = status === 404 || status === 405 ? 'web-not-found' : 'web-request-refused'
    tellRefusal(connection, options.events, event, {
      reason,
      method: printable(method),
      path: printable(path),
    })
    send(exchange, true, { status, headers })
  }
  const fault = requestFault(factsOf(request), options.own(), false)
  if (fault !== undefined) return refuse(fault.status, fault.reason)
  const found = options.findRoute(method, path)
  if (found.kind === 'not-implemented') return refuse(501, 'method-not-known')
  if (found.kind === 'no-path') return refuse(404, 'no-such-path')
  if (found.kind === 'no-method') return refuse(405, 'method-not-allowed', { allow: found.allow })
  const { route } = found
  if (announcesMore(request, route.bodyBytes)) return refuse(413, 'body-too-large')
  const client = options.clientOf(connection, request)
  if (client === undefined) return undefined
  if (expects100) response.writeContinue()
  const reading = await readBody(request, route.bodyBytes)
  if (reading.kind === 'too-large') return refuse(413, 'body-too-large')
  if (reading.kind === 'unfinished') return undefined
  const query = new URLSearchParams((request.url ?? '').slice(path.length))
  const asked = { method, path, query, headers: headersOf(request), body: reading.body, client }
  const isLast = connection.answerCount >= options.limits.requestsPerConnection
  return send(exchange, isLast, await ask(route, asked, options))
}

/** The gateway's own fault is the log's business: the client hears 500 and no word. */
async function ask(
  route: Route,
  request: WebRequest,
  { clock, limits, events }: AnswerOptions,
): Promise<WebResponse> {
  const { method, path, client } = request
  const failed = (reason: string): WebResponse => {
    const asked = { method, path: printable(path), address: client.address }
    events.emit('technical', 'web-handler-failed', { ...asked, reason: reason.slice(0, 512) })
    return { status: 500 }
  }
  const handle = async (): Promise<WebResponse> => route.handle(request)
  return new Promise((resolve) => {
    const cancel = clock.after(limits.answerMs, () => resolve(failed('no answer in time')))
    handle()
      .then(resolve, (error: unknown) => resolve(failed(errorMessage(error))))
      .finally(cancel)
  })
}

function send(exchange: Exchange, isLast: boolean, { status, headers, body }: WebResponse): void {
  const { request, response, connection } = exchange
  if (response.destroyed || connection.socket.writableEnded) return
  for (const [name, value] of Object.entries({ ...headers })) response.setHeader(name, value)
  for (const [name, value] of Object.entries(STRICT_HEADERS)) response.setHeader(name, value)
  const content = typeof body === 'string' ? Buffer.from(body) : body
  // RFC 9110 8.6: no length with 204.
  if (status !== 204) response.setHeader('content-length', content?.length ?? 0)
  // What is left of a body that was not read must not be taken for the next request.
  if (!request.complete || isLast) response.setHeader('connection', 'close')
  response.writeHead(status)
  response.end(content)
}
