/**
 * The only listener where a handshake may end without a client certificate: a device that enrols has none yet, and a
 * person logs in with a password. Node has no word for "optional": `rejectUnauthorized: false` also lets a certificate
 * through that failed its check. So the option and its cure stand together here: whoever uses `webTlsOptions` asks
 * `presentedBy` before a byte is read, and a certificate that did not verify ends the connection. It never counts as
 * none. test/architecture.test.ts allows this file alone to write that option.
 */

import type { X509Certificate } from 'node:crypto'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { tlsServerOptions, type TlsMaterial } from '../broker/tls-options.ts'

export function webTlsOptions(material: TlsMaterial, handshakeMs: number): TlsOptions {
  return {
    ...tlsServerOptions(material, '1.3', handshakeMs),
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  }
}

export type Presented =
  | { readonly kind: 'none' }
  /** Its chain, its dates and its revocation are verified; whose it is comes next. */
  | { readonly kind: 'verified'; readonly certificate: X509Certificate }
  /** `verification` is the word of OpenSSL. */
  | { readonly kind: 'unverified'; readonly certificate: X509Certificate; readonly verification: string }

/**
 * The certificate decides, not `socket.authorized` alone: OpenSSL calls a resumed session without any certificate
 * verified, and one of a first handshake without certificate not verified.
 */
export function presentedBy(socket: TLSSocket): Presented {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return { kind: 'none' }
  if (socket.authorized) return { kind: 'verified', certificate }
  // Typed as an Error, but Node keeps OpenSSL's code here, or null.
  const verification: unknown = socket.authorizationError
  return {
    kind: 'unverified',
    certificate,
    verification: typeof verification === 'string' ? verification : 'not-verified',
  }
}
