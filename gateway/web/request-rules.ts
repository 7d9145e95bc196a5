/** What every request must keep to before any route is asked. Pure: facts in, the fault or nothing out. */

import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

export interface RequestFacts {
  readonly httpVersion: string
  readonly method: string
  /** The request target as it was sent. */
  readonly target: string
  readonly host: string | undefined
  readonly origin: string | undefined
  /** `Sec-Fetch-Site`, which only a browser sends. */
  readonly fetchSite: string | undefined
}

export interface RequestFault {
  readonly status: 400 | 403 | 421 | 505
  readonly reason:
    'http-version' | 'not-a-path' | 'host-missing' | 'host-malformed' | 'host-not-ours' | 'origin-not-ours'
}

export interface OwnNames {
  /** The server's own certificate: its names and addresses are those a client may have asked for. */
  readonly certificate: X509Certificate
  /** Origins of other pages that are allowed, as browsers write them. */
  readonly origins: readonly string[]
}

const PATH = /^\/[!-~]*$/
const HOST = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?))(?::(\d{1,5}))?$/i
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** `checksOrigin` for what a page of another site must not be able to cause, whatever the method. */
export function requestFault(
  facts: RequestFacts,
  own: OwnNames,
  checksOrigin: boolean,
): RequestFault | undefined {
  if (facts.httpVersion !== '1.1') return { status: 505, reason: 'http-version' }
  // RFC 9112 3.2.2: the other forms of a target are for proxies.
  if (!PATH.test(facts.target)) return { status: 400, reason: 'not-a-path' }
  if (facts.host === undefined || facts.host === '') return { status: 400, reason: 'host-missing' }
  const name = hostName(facts.host)
  if (name === undefined) return { status: 400, reason: 'host-malformed' }
  // A page of another site whose name was pointed at this address (DNS rebinding) still says its own name here.
  if (!isNameOf(name, own.certificate)) return { status: 421, reason: 'host-not-ours' }
  if ((checksOrigin || !SAFE_METHODS.has(facts.method)) && !isOriginOurs(facts, facts.host, own.origins))
    return { status: 403, reason: 'origin-not-ours' }
  return undefined
}

/** Clients that are no browsers send no origin. A browser always does with what changes something or opens a socket. */
function isOriginOurs(
  { origin, fetchSite }: RequestFacts,
  host: string,
  origins: readonly string[],
): boolean {
  if (origin === undefined)
    return fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none'
  const asked = withoutDefaultPort(origin.toLowerCase())
  return asked === withoutDefaultPort(`https://${host.toLowerCase()}`) || origins.includes(asked)
}

function withoutDefaultPort(origin: string): string {
  return origin.endsWith(':443') ? origin.slice(0, -':443'.length) : origin
}

/** The name or address of a Host header without its port; undefined when it is none. */
function hostName(host: string): string | undefined {
  const [, address, name, port] = HOST.exec(host) ?? []
  if (port !== undefined && Number(port) > 65_535) return undefined
  if (address !== undefined) return isIP(address) === 6 ? address : undefined
  return name
}

function isNameOf(name: string, certificate: X509Certificate): boolean {
  if (isIP(name) !== 0) return certificate.checkIP(name) !== undefined
  return certificate.checkHost(name, { subject: 'never' }) !== undefined
}
