/** The messages of EST (RFC 7030, RFC 8951) as HTTP carries them: what is asked is read without trust. Pure. */

import type { X509Certificate } from 'node:crypto'
import { readCsr, type CsrReading } from '../../certs/csr.ts'
import { packCertificates } from '../../certs/pkcs7.ts'
import type { EstRefusal } from './est-refusals.ts'
import type { WebRequest, WebResponse } from './route.ts'

export interface Credentials {
  readonly user: string
  readonly code: string
}

export type BodyReading =
  | Extract<CsrReading, { kind: 'read' }>
  | {
      readonly kind: 'refused'
      readonly status: 400 | 413 | 415
      readonly reason: EstRefusal
      readonly detail: string
    }

/** Room for the largest request in base64, with line breaks. */
export const LARGEST_BODY_BYTES = 24 * 1024
const LONGEST_CREDENTIALS = 256
const PKCS10 = 'application/pkcs10'
const BASE64_LINE = /.{1,64}/g

/** User and password of HTTP Basic (RFC 7617), or undefined for anything else. */
export function readCredentials(header: string | undefined): Credentials | undefined {
  const [, token] = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header ?? '') ?? []
  if (token === undefined || token.length > LONGEST_CREDENTIALS) return undefined
  const text = Buffer.from(token, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 1 ? undefined : { user: text.slice(0, colon), code: text.slice(colon + 1) }
}

export function readRequestBody({ headers, body }: WebRequest): BodyReading {
  const [type = ''] = (headers['content-type'] ?? '').toLowerCase().split(';')
  if (type.trim() !== PKCS10)
    return { kind: 'refused', status: 415, reason: 'wrong-content-type', detail: `it is not ${PKCS10}` }
  const base64 = body.toString('latin1').replaceAll(/\s/g, '')
  const der = Buffer.from(base64, 'base64')
  // Buffer skips what is not base64: only what encodes back to itself was base64.
  if (der.length === 0 || der.toString('base64') !== base64)
    return {
      kind: 'refused',
      status: 400,
      reason: 'not-base64',
      detail: 'the body is not base64 of the request, without PEM lines (RFC 8951 3.1)',
    }
  const reading = readCsr(der)
  return reading.kind === 'read'
    ? reading
    : { ...reading, status: reading.reason === 'too-large' ? 413 : 400 }
}

/** What may be answered with certificates: all other words stay in the log. */
export function certificatesAnswer(certificates: readonly X509Certificate[], isIssue: boolean): WebResponse {
  const base64 = Buffer.from(packCertificates(certificates)).toString('base64')
  return {
    status: 200,
    headers: {
      'content-type': isIssue ? 'application/pkcs7-mime; smime-type=certs-only' : 'application/pkcs7-mime',
      'content-transfer-encoding': 'base64',
      'cache-control': 'no-store',
    },
    body: `${base64.match(BASE64_LINE)?.join('\n') ?? ''}\n`,
  }
}

const REFUSAL_TEXTS: Readonly<Record<number, string>> = {
  400: 'the certificate request was refused\n',
  401: 'authentication failed\n',
  403: 'not permitted\n',
  413: 'the certificate request is too large\n',
  415: 'a certificate request is application/pkcs10\n',
  429: 'too many requests\n',
  503: 'not now\n',
}

export interface RefusalAnswer {
  readonly status: number
  readonly retryAfterMs?: number | undefined
}

/** Says no, and nothing of why: the reason is in the security event. */
export function refusalAnswer({ status, retryAfterMs }: RefusalAnswer): WebResponse {
  return {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      ...(status === 401 ? { 'www-authenticate': 'Basic realm="enrolment", charset="UTF-8"' } : {}),
      ...(retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
    },
    body: REFUSAL_TEXTS[status] ?? '',
  }
}

/** RFC 7030 4.2.3: the request waits for a decision; the client comes again with the same one. */
export function pendingAnswer(retryAfterMs: number): WebResponse {
  return {
    status: 202,
    headers: {
      'retry-after': String(Math.ceil(retryAfterMs / 1000)),
      'content-type': 'text/plain; charset=utf-8',
    },
    body: 'the request waits for approval\n',
  }
}
