/** What is read from a request of node:http, and how it is shown to others. */

import type { X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { subjectOf } from '../broker/listener.ts'
import type { EventSink } from '../ports.ts'
import type { WebConnection } from './connections.ts'
import type { RequestFacts } from './request-rules.ts'

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

/** The target without its query. */
export function pathOf(target: string | undefined): string {
  return (target ?? '').split('?', 1)[0] ?? ''
}

export function headersOf({ headers }: IncomingMessage): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, oneOf(value)]))
}

function oneOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value.join(', ')
}

/** What a client wrote, fit for a log line. */
export function printable(text: string | undefined): string {
  return (text ?? '').slice(0, 128).replaceAll(/[^ -~]/g, '?')
}

/** Scanners ask for many paths: their event has a name of its own, so that a flood of it hides no other. */
export function tellRefusal(
  { address, listener, certificate }: WebConnection,
  events: EventSink,
  event: 'web-request-refused' | 'web-not-found' | 'websocket-refused',
  why: Readonly<Record<string, string>>,
): void {
  events.emit('security', event, { ...why, ...whoOf(certificate), address, listener })
}

/** Whose connection it is, for an event; nothing of a client without a certificate. */
export function whoOf(certificate: X509Certificate | undefined): Readonly<Record<string, string>> {
  return certificate === undefined ? {} : subjectOf(certificate)
}
