/** Why TLS refused a client, as a stable word and as a sentence for whoever looks it up at night. */

import { errorCode, errorMessage } from '../errors.ts'

export interface RefusalReason {
  /** The code of OpenSSL or Node. */
  readonly reason: string
  readonly meaning: string
}

const MEANINGS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate, or a CA above it, has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet; check the clocks',
  CERT_REVOKED: 'the certificate was revoked',
  CERT_SIGNATURE_FAILURE: 'an authority with the name of ours, but another key, signed it',
  CRL_HAS_EXPIRED: 'a CRL of this gateway is stale, so everyone is refused: renew it',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate signed itself',
  INVALID_PURPOSE: 'the certificate is not for clients',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate comes from an authority that is not ours',
  UNABLE_TO_GET_CRL:
    'the certificate comes from an authority that is not ours, or our CRL of that one is missing',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate comes from an authority that is not ours',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the client does not send its intermediate CA, or it is not ours',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate comes from an authority that is not ours',
  // Node has no word for OpenSSL's verdicts on the security level.
  UNSPECIFIED: 'the key or the signature of the certificate is too weak',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'the client has no certificate',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the client offers only older versions of TLS than this listener takes',
  ERR_SSL_NO_SHARED_CIPHER: 'the client offers only ciphers without forward secrecy or authentication',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'the client cannot verify the kind of key this gateway has',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'the client does not trust the authority of this gateway',
  ECONNRESET: 'the client left during the handshake; perhaps it does not trust this gateway',
}

/** The error itself says only that the connection is gone; a verdict on the certificate stands in `verification`. */
export function refusalReason(error: Error, verification: unknown): RefusalReason {
  const reason = typeof verification === 'string' ? verification : (errorCode(error) ?? 'handshake-failed')
  return { reason, meaning: MEANINGS[reason] ?? errorMessage(error).slice(0, 256) }
}
