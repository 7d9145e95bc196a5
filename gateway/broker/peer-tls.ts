/**
 * TLS that demands a certificate and leaves the verdict on it to peer-verdict.ts. The only place where TLS does not decide
 * alone, for two reasons:
 *
 * - Node carries `rejectUnauthorized` out after the handshake, by closing the connection before anybody can ask whose
 *   certificate it was; of all that was wrong it keeps the last error, and many errors have no word but UNSPECIFIED. An
 *   audit has to say who came and what was wrong.
 * - OpenSSL judges dates by the wall clock. A machine whose clock battery is dead starts in 1970; the ward must not go
 *   dark until somebody comes (docs/clock.md).
 *
 * Nothing is admitted that OpenSSL has refused, but for its complaints about dates while the clock is known to be wrong.
 * No configuration reaches this place.
 */

import type { TlsOptions } from 'node:tls'
import { tlsServerOptions, type MinVersion, type TlsMaterial } from './tls-options.ts'

export function peerTlsOptions(
  material: TlsMaterial,
  minVersion: MinVersion,
  handshakeMs: number,
): TlsOptions {
  return {
    ...tlsServerOptions(material, minVersion, handshakeMs),
    requestCert: true,
    rejectUnauthorized: false,
  }
}
