/** The TLS of a listener. TLS 1.3 unless the listener is for old devices; a client certificate always. */

import { constants } from 'node:crypto'
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls'
import { ConfigError, errorMessage } from '../errors.ts'

/** What a listener proves itself with and trusts; PEM. */
export interface TlsMaterial {
  readonly key: string
  /** The server's certificate and the CAs between it and the root. */
  readonly cert: string
  /** The CAs whose clients are admitted. */
  readonly ca: string
  /** One fresh CRL for each of them, apart: with one missing or stale, OpenSSL refuses everyone. */
  readonly crl?: readonly string[]
}

export type MinVersion = '1.2' | '1.3'

// Forward secrecy and authenticated encryption only: no static RSA, no CBC, no CCM_8. The last six serve TLS 1.2; Node
// insists on some also where the lowest version forbids their use.
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
]

// Level 2: no RSA below 2048 bits, no SHA-1 signature. Node's default of 1 admits RSA of 1024 bits.
const SECURITY_LEVEL = '@SECLEVEL=2'

/**
 * No ticket and therefore no resumption: every session proves its certificate anew, so a revoked one cannot come back
 * on an old ticket.
 */
const SECURE_OPTIONS = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET

/** Also what setSecureContext takes when keys, certificates or CRLs were renewed. */
export function secureContextOptions(material: TlsMaterial, minVersion: MinVersion): SecureContextOptions {
  return {
    key: material.key,
    cert: material.cert,
    ca: material.ca,
    ...(material.crl === undefined ? {} : { crl: [...material.crl] }),
    minVersion: `TLSv${minVersion}`,
    maxVersion: 'TLSv1.3',
    ciphers: [...CIPHERS, SECURITY_LEVEL].join(':'),
    ecdhCurve: 'X25519:P-256:P-384',
    honorCipherOrder: true,
    secureOptions: SECURE_OPTIONS,
  }
}

export function tlsServerOptions(
  material: TlsMaterial,
  minVersion: MinVersion,
  handshakeMs: number,
): TlsOptions {
  return {
    ...secureContextOptions(material, minVersion),
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: handshakeMs,
  }
}

/** Throws before anything is changed when key, certificates and CRLs do not fit together. */
export function assertUsable(material: TlsMaterial): void {
  try {
    createSecureContext(secureContextOptions(material, '1.3'))
  } catch (error) {
    const hint = 'check that the key belongs to the certificate and that every file is PEM'
    throw new ConfigError(
      `the TLS key, certificates or CRLs cannot be used (${errorMessage(error)}): ${hint}`,
      {},
      error,
    )
  }
}
