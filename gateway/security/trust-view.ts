/**
 * Whom the store trusts and whom no more, as of now: read again whenever the store has changed, also by another process.
 * A revocation counts here from the moment it is in the index, before any list carries it.
 */

import type { X509Certificate } from 'node:crypto'
import type { CertificateStore } from '../../certs/store.ts'
import { errorMessage } from '../errors.ts'
import type { EventSink } from '../ports.ts'
import { readAuthorities } from './verify-authority.ts'

export interface TrustView {
  readonly issuers: () => readonly X509Certificate[]
  readonly isRevoked: (fingerprint: string) => boolean
}

type TrustSource = Pick<CertificateStore, 'stamp' | 'revokedFingerprints' | 'serverMaterial'>

interface Trust {
  readonly issuers: readonly X509Certificate[]
  readonly revoked: ReadonlySet<string>
}

export function createTrustView(store: TrustSource, events: EventSink): TrustView {
  let stamp = store.stamp()
  let trust = readTrust(store, events)
  const current = (): Trust => {
    const found = store.stamp()
    if (found === stamp) return trust
    stamp = found
    try {
      trust = readTrust(store, events)
    } catch (error) {
      // What was known goes on to count: a damaged file must neither admit the revoked nor lock everyone out.
      events.emit('security', 'trust-not-read', { reason: errorMessage(error) })
    }
    return trust
  }
  return {
    issuers: () => current().issuers,
    isRevoked: (fingerprint) => current().revoked.has(fingerprint),
  }
}

function readTrust(store: TrustSource, events: EventSink): Trust {
  const { issuing, refused } = readAuthorities(store.serverMaterial().ca)
  for (const { subject, reason } of refused) events.emit('security', 'authority-refused', { subject, reason })
  return { issuers: issuing, revoked: store.revokedFingerprints() }
}
