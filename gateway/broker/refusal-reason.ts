/** Why a client was refused, as a stable word and as a sentence for whoever looks it up at night. */

import { errorCode, errorMessage } from '../errors.ts'
import type { IdentityFault } from '../security/identify.ts'

export interface RefusalReason {
  /** A word of identify.ts, or the code of OpenSSL or Node. */
  readonly reason: string
  readonly meaning: string
}

const FAULTS: Readonly<Record<IdentityFault, string>> = {
  'self-signed': 'the certificate signed itself',
  'other-authority': 'the certificate comes from an authority that is not ours',
  'false-signature': 'the certificate names our authority, but another key signed it: a forgery',
  'sub-authority': 'an authority below ours issued the certificate; ours may not have any',
  'issued-by-a-leaf': 'a certificate of ours that is no authority was used to issue this one: revoke it',
  malformed: 'our authority signed the certificate, but its content is damaged: issue a new one',
  'authority-expired': 'the authority that issued the certificate has expired; enrol the client anew',
  revoked: 'the certificate was revoked',
  'revocation-unknown': 'who is revoked cannot be read: the index of the store is damaged or out of reach',
  expired: 'the certificate has expired; renew it, and check the clocks',
  'not-yet-valid': 'the certificate is not valid yet; check the clocks',
  unreadable: 'the certificate cannot be read',
  'is-a-ca': 'the certificate of an authority is not for clients',
  'weak-signature': 'the certificate is signed with an algorithm that can be forged',
  'sha1-signature': 'the certificate is signed with SHA-1, which can be forged',
  'md5-signature': 'the certificate is signed with MD5, which can be forged',
  'name-constraints': 'the authority that issued the certificate is bound to names; that is not read here',
  'weak-key': 'the key of the certificate is too weak, or of a kind that is not used here',
  'any-key-usage': 'the certificate is for any purpose at all; ours are for one',
  'for-servers-only': 'the certificate is for a server and was used as a client',
  'no-purpose': 'the certificate does not say what it is for',
  'not-for-clients': 'the certificate is not for clients',
  'not-for-servers': 'the certificate is not for servers',
  'no-digital-signature': 'the key of the certificate is not for signing, so it proves nobody',
  'unknown-critical-extension': 'the certificate has a critical extension that is not known here',
  'no-identity-uri': 'the certificate names no identity',
  'several-uris': 'the certificate names more than one identity',
  'other-site': 'the certificate is of another site',
  'not-a-client-role': 'the certificate has a role that is no client',
  'several-common-names': 'the certificate has several common names',
  'common-name-differs': 'the common name of the certificate is not the identity in its URI',
}

const MEANINGS: Readonly<Record<string, string>> = {
  ...FAULTS,
  'no-certificate': 'the client has no certificate',
  'not-verified': 'TLS did not verify the certificate and gave no reason',
  CERT_HAS_EXPIRED: 'the certificate, or a CA above it, has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet; check the clocks',
  CERT_REVOKED: 'the certificate was revoked',
  CERT_SIGNATURE_FAILURE: 'an authority with the name of ours, but another key, signed it',
  CRL_HAS_EXPIRED: 'a CRL of this gateway is stale, so everyone is refused: renew it',
  CRL_NOT_YET_VALID: 'a CRL of this gateway begins in the future, so everyone is refused: check the clock',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate signed itself',
  INVALID_PURPOSE: 'the certificate is not for clients',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate comes from an authority that is not ours',
  UNABLE_TO_GET_CRL:
    'the certificate comes from an authority that is not ours, or our CRL of that one is missing',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate comes from an authority that is not ours',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the client does not send its intermediate CA, or it is not ours',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate comes from an authority that is not ours',
  // Node has no word for OpenSSL's verdicts on the security level and on name constraints.
  UNSPECIFIED: 'a key or signature of the chain is too weak, or a name is outside the constraints of its CA',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'the client has no certificate',
  ERR_SSL_INVALID_CERTIFICATE: 'the certificate is damaged',
  // OpenSSL's ASN.1 reader: a length reaches beyond the end. Nothing but the certificate is ASN.1 in what a client sends.
  ERR_SSL_TOO_LONG: 'the certificate is damaged: it ends too early',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the client offers only older versions of TLS than this listener takes',
  ERR_SSL_NO_SHARED_CIPHER: 'the client offers only ciphers without forward secrecy or authentication',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'the client cannot verify the kind of key this gateway has',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'the client does not trust the authority of this gateway',
  ECONNRESET: 'the client left during the handshake; perhaps it does not trust this gateway',
}

/** A handshake that did not come to its end. */
export function refusalReason(error: Error): RefusalReason {
  const reason = errorCode(error) ?? 'handshake-failed'
  return { reason, meaning: MEANINGS[reason] ?? errorMessage(error).slice(0, 256) }
}

/** A refused certificate; what is unknown has only its word. */
export function meaningOf(reason: string): string {
  return MEANINGS[reason] ?? 'TLS did not verify the certificate'
}
