/** The issuing CAs that may vouch for a client, checked once for each content of the trust file. */

import type { X509Certificate } from 'node:crypto'
import type { EventSink } from '../ports.ts'
import { readAuthorities } from './verify-authority.ts'

/** `ca` is asked at every question; it rarely answers anything new. */
export function trustedIssuers(ca: () => string, events: EventSink): () => readonly X509Certificate[] {
  let readFrom: string | undefined
  let issuers: readonly X509Certificate[] = []
  return () => {
    const pem = ca()
    if (pem === readFrom) return issuers
    const { issuing, refused } = readAuthorities(pem)
    for (const { subject, reason } of refused)
      events.emit('security', 'authority-refused', { subject, reason })
    readFrom = pem
    issuers = issuing
    return issuers
  }
}
