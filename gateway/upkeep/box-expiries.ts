/** What runs out on a box without a store: its own certificates, and those of the authorities it was told to trust. */

import { X509Certificate } from 'node:crypto'
import { levelBeforeEnd, levelWhenLate } from '../../certs/forecast-level.ts'
import { readText } from '../../certs/guarded-file.ts'
import { pemBlocks } from '../../certs/pem.ts'
import type { StoreLayout } from '../../certs/store-layout.ts'
import type { ExpiryRow } from './expiry-alarms.ts'
import { readOwn, type OwnCertificate, type ProcessCertificates } from './process-holdings.ts'
import { renewAtMs } from './upkeep-due.ts'

export function boxExpiries({ layout, own }: ProcessCertificates, nowMs: number): readonly ExpiryRow[] {
  const certificates = own.flatMap((one) => ownExpiry(layout, one, nowMs) ?? [])
  return [...certificates, ...trusted(readText(layout.trust, 'trust file'), nowMs)]
}

/** By the file alone; undefined when there is none. */
export function ownExpiry(layout: StoreLayout, own: OwnCertificate, nowMs: number): ExpiryRow | undefined {
  const held = readOwn(layout, own)
  if (held === undefined) return undefined
  const { role, id, fingerprint, notAfterMs } = held
  const level =
    own.renewAt === undefined
      ? levelBeforeEnd(notAfterMs, nowMs)
      : levelWhenLate({ renewsAtMs: renewAtMs(held), expiresAtMs: notAfterMs }, nowMs)
  return { role, id, key: fingerprint, notAfterMs, level, advice: adviceFor(own, held, nowMs), isOwn: true }
}

function adviceFor(
  { role, id, renewAt }: OwnCertificate,
  held: Parameters<typeof renewAtMs>[0],
  nowMs: number,
): string {
  if (nowMs > held.notAfterMs)
    return `ask for a new code (wardgate devices add) and run wardgate certs enroll ${role} ${id}`
  if (renewAt === undefined)
    return `it is not from the store here, and nothing says where to renew it: replace it, or run wardgate certs enroll ${role} ${id}`
  const since = new Date(renewAtMs(held)).toISOString()
  return `it renews itself at ${renewAt} since ${since}; see certificate-not-renewed for why it could not`
}

/** Only the last of each role counts: those before it stay until they have ended. */
function trusted(pem: string, nowMs: number): readonly ExpiryRow[] {
  const rows = pemBlocks(pem).flatMap((block): readonly ExpiryRow[] => {
    if (block.label !== 'CERTIFICATE') return []
    const certificate = new X509Certificate(block.pem)
    const role = certificate.checkIssued(certificate) ? 'root-ca' : 'issuing-ca'
    const notAfterMs = Date.parse(certificate.validTo)
    return [
      {
        role,
        id: role,
        key: certificate.fingerprint256,
        notAfterMs,
        level: levelBeforeEnd(notAfterMs, nowMs),
        advice: 'the gateway makes the next one; this box asks it for those it trusts every week',
        isOwn: true,
      },
    ]
  })
  return rows.filter(
    (row) => !rows.some((other) => other.role === row.role && other.notAfterMs > row.notAfterMs),
  )
}
