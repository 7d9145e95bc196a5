/**
 * The only listener where a handshake may end without a client certificate: a device that enrols has none yet, and a
 * person logs in with a password. TLS then cannot tell "none" from "not good", so both halves of the answer stand
 * together here: whoever uses `webTlsOptions` asks `judgeVisitor` before a byte is read, and a certificate that was
 * shown and is not good ends the connection. It never counts as none.
 */

import type { X509Certificate } from 'node:crypto'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { peerTlsOptions } from '../broker/peer-tls.ts'
import { judgePeer } from '../broker/peer-verdict.ts'
import type { TlsMaterial } from '../broker/tls-options.ts'
import type { Identify } from '../security/identify.ts'
import type { TrustedTime } from '../security/trusted-time.ts'

export function webTlsOptions(material: TlsMaterial, handshakeMs: number): TlsOptions {
  return { ...peerTlsOptions(material, '1.3', handshakeMs), ALPNProtocols: ['http/1.1'] }
}

export type Visitor =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'identified'; readonly certificate: X509Certificate }
  | {
      readonly kind: 'refused'
      readonly certificate: X509Certificate
      readonly reason: string
      /** What OpenSSL found wrong last. */
      readonly tlsFault: string | undefined
    }

/**
 * Asked for every connection, also for one whose session was resumed. The certificate decides who is nobody, not
 * `authorized`: OpenSSL calls a resumed session without any certificate verified, and a first one not verified.
 */
export function judgeVisitor(
  socket: Pick<TLSSocket, 'authorized' | 'authorizationError' | 'getPeerX509Certificate'>,
  identify: Identify,
  clock: TrustedTime['standing'],
): Visitor {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return { kind: 'nobody' }
  // Typed as an Error, but Node keeps OpenSSL's code here, or null.
  const verification: unknown = socket.authorizationError
  const tlsFault = typeof verification === 'string' ? verification : undefined
  const identification = identify(certificate)
  const verdict = judgePeer({ identification, isAuthorized: socket.authorized, tlsFault, clock })
  return verdict.kind === 'admitted'
    ? { kind: 'identified', certificate }
    : { kind: 'refused', certificate, reason: verdict.reason, tlsFault }
}
