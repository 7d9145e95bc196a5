/**
 * After a new root was made: which clients do not trust it yet. They learn it with their own renewal, so a certificate from
 * before the root's birth says that its owner may still know the old root alone.
 */

import { dateOf } from './forecast-date.ts'
import type { AuthorityFact, CertificateFact, ForecastFacts } from './forecast-facts.ts'
import type { ForecastRow } from './forecast-row.ts'
import { leafRenewalMs } from './renewal-time.ts'

export function trustRows({ certificates, authorities, nowMs }: ForecastFacts): readonly ForecastRow[] {
  const roots = authorities.filter(({ role }) => role === 'root-ca')
  const newest = roots.find(({ isCurrent }) => isCurrent)
  const before = roots.filter((root) => !root.isCurrent)
  if (newest === undefined || before.length === 0) return []
  const issuing = authorities.find(({ role, isCurrent }) => role === 'issuing-ca' && isCurrent)
  const isInForce = issuing?.issuer === newest.serial
  return certificates
    .filter(
      ({ role, isSinceNewestRoot, notAfterMs }) =>
        role !== 'server' && !isSinceNewestRoot && notAfterMs >= nowMs,
    )
    .map((certificate) => trustRow(certificate, newest, isInForce))
}

function trustRow(certificate: CertificateFact, { serial }: AuthorityFact, isInForce: boolean): ForecastRow {
  const { role, id, isKeyHere, notAfterMs } = certificate
  const renewsAtMs = leafRenewalMs(certificate)
  return {
    what: 'trust',
    role,
    id,
    serial,
    // By then at the latest it renews, or is gone.
    expiresAtMs: notAfterMs,
    renewsAtMs,
    ...(isInForce ? { level: 'warning' as const } : {}),
    renews: isKeyHere ? 'person' : 'owner',
    action: isInForce
      ? 'may refuse the gateway, whose certificate comes from the new root: renew it, or give it the new ca.pem by hand'
      : `may not trust the new root yet; learns it with its renewal from ${dateOf(renewsAtMs)}, or when it is given the new ca.pem by hand`,
  }
}
