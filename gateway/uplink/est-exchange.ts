/** One HTTP exchange with an enrolment server, over a connection that the guard of the uplink has opened. */

import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../clock.ts'
import { errorMessage, UplinkError } from '../errors.ts'
import { guardedDial, type DialOptions } from './dial.ts'
import { showUrl } from './refusals.ts'
import { withinLimit } from './time-limit.ts'

/** Where the server is, and how it may be reached: as for an uplink. */
export interface EstEndpoint extends Pick<
  DialOptions,
  'url' | 'allowedRanges' | 'resolver' | 'connect' | 'environment' | 'signal'
> {
  readonly clock: Clock
}

export interface EstQuestion extends Pick<DialOptions, 'tls' | 'onPresented'> {
  readonly method: 'GET' | 'POST'
  /** The last part of the path (RFC 7030 3.2.2). */
  readonly operation: 'cacerts' | 'simpleenroll' | 'simplereenroll'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface EstReply {
  readonly status: number
  readonly contentType: string
  readonly retryAfter: string | undefined
  readonly body: string
}

/** Why an exchange came to nothing although the connection stood. */
export type EstFailure =
  | 'est-no-answer'
  | 'est-too-large'
  | 'est-unauthorised'
  | 'est-refused'
  | 'est-unusable'
  | 'est-other-authority'

const EXCHANGE_TIMEOUT_MS = 30_000
const LARGEST_REPLY_BYTES = 256 * 1024

/** Throws UplinkError with `context.reason`: that of the dial, or an EstFailure. */
export async function exchange(endpoint: EstEndpoint, question: EstQuestion): Promise<EstReply> {
  const { tls, onPresented } = question
  const socket = await guardedDial({ ...endpoint, scheme: 'https', tls, onPresented })
  try {
    return await withinLimit<EstReply>({
      clock: endpoint.clock,
      signal: endpoint.signal,
      limitMs: EXCHANGE_TIMEOUT_MS,
      onLimit: () => noAnswer(endpoint, `not finished within ${EXCHANGE_TIMEOUT_MS / 1000} s`),
      onAbort: () => noAnswer(endpoint, 'it was given up'),
      start({ done, fail }) {
        const asking = ask(endpoint, question, socket)
        asking.once('response', (reply) => collect(endpoint, reply, { done, fail: (error) => fail(error) }))
        asking.on('error', (error) => fail(noAnswer(endpoint, errorMessage(error), error)))
        return () => asking.destroy()
      },
    })
  } finally {
    socket.destroy()
  }
}

export function estError(url: string, reason: EstFailure, detail: string, cause?: unknown): UplinkError {
  const message = `enrolment at ${showUrl(url)} failed (${reason}): ${detail}`
  return new UplinkError(message, { reason, refused: false, url: showUrl(url) }, cause)
}

function ask(
  { url }: EstEndpoint,
  { method, operation, headers, body }: EstQuestion,
  socket: TLSSocket,
): ClientRequest {
  const sending = request({
    // The dial has connected and verified it; nothing here looks up a name or reads a proxy.
    createConnection: () => socket,
    method,
    path: `/.well-known/est/${operation}`,
    setHost: false,
    headers: {
      host: /^https:\/\/([^/]*)/i.exec(url)?.[1] ?? '',
      connection: 'close',
      ...headers,
      ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
    },
  })
  sending.end(body)
  return sending
}

function collect(
  endpoint: EstEndpoint,
  reply: IncomingMessage,
  { done, fail }: { readonly done: (reply: EstReply) => void; readonly fail: (error: Error) => void },
): void {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  reply.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length
    if (sizeBytes <= LARGEST_REPLY_BYTES) chunks.push(chunk)
    else
      fail(estError(endpoint.url, 'est-too-large', `the answer is longer than ${LARGEST_REPLY_BYTES} bytes`))
  })
  reply.once('end', () =>
    done({
      status: reply.statusCode ?? 0,
      contentType: reply.headers['content-type']?.toLowerCase() ?? '',
      retryAfter: reply.headers['retry-after'],
      body: Buffer.concat(chunks).toString('latin1'),
    }),
  )
  reply.once('error', (error) => fail(noAnswer(endpoint, errorMessage(error), error)))
  reply.once('close', () => fail(noAnswer(endpoint, 'the far end closed the connection')))
}

function noAnswer({ url }: EstEndpoint, detail: string, cause?: unknown): UplinkError {
  return estError(url, 'est-no-answer', detail, cause)
}
