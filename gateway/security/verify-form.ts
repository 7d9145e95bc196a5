/** What a certificate of a client has to be, whoever issued it: its signature, its key, what it may be used for. */

import type { X509Certificate } from 'node:crypto'
import { readForm } from '../../certs/certificate-form.ts'
import type { KeyKind } from '../../certs/profile.ts'
import { whyKeyUnfit } from '../../certs/public-key.ts'

export type FormFault =
  | 'unreadable'
  | 'is-a-ca'
  | 'sha1-signature'
  | 'md5-signature'
  | 'weak-signature'
  | 'weak-key'
  | 'any-key-usage'
  | 'for-servers-only'
  | 'no-purpose'
  | 'not-for-clients'
  | 'not-for-servers'
  | 'no-digital-signature'
  | 'unknown-critical-extension'
  | 'name-constraints'

// RFC 5280 4.2.1.12
const SERVER_AUTH_OID = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH_OID = '1.3.6.1.5.5.7.3.2'
const ANY_EXTENDED_KEY_USAGE_OID = '2.5.29.37.0'

const KEYS: readonly KeyKind[] = ['ec-p256', 'ec-p384', 'rsa']

const SIGNATURE_FAULTS = { sha1: 'sha1-signature', md5: 'md5-signature', other: 'weak-signature' } as const

export type Purpose = 'client' | 'server'

export function formFault(certificate: X509Certificate, purpose: Purpose): FormFault | undefined {
  if (certificate.ca) return 'is-a-ca'
  const form = readForm(certificate)
  if (form === undefined) return 'unreadable'
  if (form.signature !== 'strong') return SIGNATURE_FAULTS[form.signature]
  if (!isKeyFit(certificate)) return 'weak-key'
  // RFC 5280 4.2.1.3 would let a certificate without this extension do anything; none of ours is without it.
  if (form.keyUsage?.digitalSignature !== true) return 'no-digital-signature'
  if (form.hasUnknownCritical) return 'unknown-critical-extension'
  return purposeFault(certificate, purpose)
}

/** What name constraints allow is not read here, so nobody is admitted under them. */
export function constraintFault(certificate: X509Certificate): 'name-constraints' | undefined {
  return readForm(certificate)?.hasNameConstraints === true ? 'name-constraints' : undefined
}

export function isKeyFit(certificate: X509Certificate): boolean {
  try {
    return whyKeyUnfit(certificate.publicKey, KEYS) === undefined
  } catch {
    // Node makes no key of a kind that OpenSSL does not know.
    return false
  }
}

function purposeFault(certificate: X509Certificate, purpose: Purpose): FormFault | undefined {
  // Node names the OIDs of the extended key usage `keyUsage`; without that extension it is undefined.
  const usages = certificate.keyUsage
  if (usages === undefined) return 'no-purpose'
  if (usages.includes(ANY_EXTENDED_KEY_USAGE_OID)) return 'any-key-usage'
  if (usages.includes(purpose === 'client' ? CLIENT_AUTH_OID : SERVER_AUTH_OID)) return undefined
  if (purpose === 'server') return 'not-for-servers'
  return usages.includes(SERVER_AUTH_OID) ? 'for-servers-only' : 'not-for-clients'
}
