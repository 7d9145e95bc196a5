/**
 * Where the revocation list of an authority is served, as the server's certificate says it (RFC 5280 4.2.1.13). The RFC
 * advises against https there: whoever fetches a list in order to judge the server that serves it goes in circles. Here
 * there is no listener without TLS; so the address is for those who fetch the list beforehand, which is what a client of
 * a ward does, and nothing of ours waits for it.
 */

import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'

import { keyIdentifier } from './public-key.ts'

/** The usual port of HTTPS. A gateway that serves it elsewhere serves the same paths there. */
const HTTPS_PORT = 8443

/** One path for each authority, also after a roll-over: it names the key that signs the list. */
export function crlPath(authority: KeyObject): string {
  return pathOf(keyIdentifier(authority))
}

export function crlUrl(host: string, authorityKeyIdentifier: Uint8Array): string {
  const name = isIP(host) === 6 ? `[${host}]` : host
  return `https://${name}:${HTTPS_PORT}${pathOf(authorityKeyIdentifier)}`
}

/** The name of the server that others are the most likely to reach. */
export function crlHost(dnsNames: readonly string[], ipAddresses: readonly string[]): string | undefined {
  return dnsNames.find((name) => name !== 'localhost') ?? dnsNames[0] ?? ipAddresses[0]
}

function pathOf(authorityKeyIdentifier: Uint8Array): string {
  return `/crl/${Buffer.from(authorityKeyIdentifier).toString('hex')}.crl`
}
