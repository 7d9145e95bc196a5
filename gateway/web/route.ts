/** What the HTTPS side answers, without HTTP: routes are data, handlers are given a request and return a response. */

import type { X509Certificate } from 'node:crypto'
import type { Identity } from '../ports.ts'

/** Who asks, as far as it is proved. */
export interface WebClient {
  /** 'address:port' */
  readonly address: string
  /** The identity of a verified client certificate that may be used now; undefined without one. */
  readonly certificate: { readonly identity: Identity; readonly x509: X509Certificate } | undefined
  /** The identity of a person's session; undefined without a valid one. */
  readonly person: Identity | undefined
}

export interface WebRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Names in lower case; repeated ones joined by ', '. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** At most as long as the route allows. */
  readonly body: Buffer
  readonly client: WebClient
}

export interface WebResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** The whole path; a part written `{name}` matches one segment, which the handler reads from the path itself. */
  readonly path: string
  /** Longest body; 0 takes none. */
  readonly bodyBytes: number
  /** Throws for what is the gateway's own fault; the client then gets 500 and no word, the log the reason. */
  handle(request: WebRequest): Promise<WebResponse>
}
