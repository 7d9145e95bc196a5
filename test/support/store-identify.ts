/** Identification over a store as the gateway does it: its own authorities, its own index of what is revoked. */

import type { CertificateStore } from '../../certs/store.ts'
import { createIdentify, type Identify, type IdentifyOptions } from '../../gateway/security/identify.ts'
import { readAuthorities } from '../../gateway/security/verify-authority.ts'

export function identifyIn(store: CertificateStore, time: IdentifyOptions['time']): Identify {
  return createIdentify({
    site: store.site,
    time,
    issuers: () => readAuthorities(store.serverMaterial().ca).issuing,
    isRevoked: (fingerprint) => store.revokedFingerprints().has(fingerprint),
  })
}
