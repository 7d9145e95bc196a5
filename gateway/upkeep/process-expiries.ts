/** What runs out in a process, with what will happen: as its store foresees it, or, on a box without one, from its files. */

import type { ForecastRow } from '../../certs/forecast.ts'
import { boxExpiries, ownExpiry } from './box-expiries.ts'
import type { ExpiryRow } from './expiry-alarms.ts'
import type { OwnCertificate, ProcessCertificates } from './process-holdings.ts'

export function readExpiries(certificates: ProcessCertificates, nowMs: number): readonly ExpiryRow[] {
  const { layout, store, own } = certificates
  if (store === undefined) return boxExpiries(certificates, nowMs)
  const made = new Set(store.list(nowMs).map(({ fingerprint }) => fingerprint))
  // One that another house has issued, as for an uplink, is in no forecast of ours.
  const foreign = own
    .flatMap((one) => ownExpiry(layout, one, nowMs) ?? [])
    .filter(({ key }) => !made.has(key))
  return [...store.forecast(nowMs).map((row) => foreseen(row, own)), ...foreign]
}

/** By role, when the first of them ends. What others let end in the past says nothing about the present. */
export function soonestByRole(rows: readonly ExpiryRow[], nowMs: number): ReadonlyMap<string, number> {
  const soonest = new Map<string, number>()
  for (const { role, notAfterMs, isOwn } of rows) {
    if (role === 'trust' || (!isOwn && notAfterMs < nowMs)) continue
    soonest.set(role, Math.min(notAfterMs, soonest.get(role) ?? Infinity))
  }
  return soonest
}

function foreseen(row: ForecastRow, own: readonly OwnCertificate[]): ExpiryRow {
  const { what, role, id, serial = '', expiresAtMs, actByMs, level, action } = row
  const isOfEveryone = what === 'authority' || what === 'crl'
  return {
    role: what === 'crl' || what === 'trust' ? what : role,
    id,
    key: [what, role, id, serial, expiresAtMs].join(' '),
    notAfterMs: expiresAtMs,
    actByMs,
    level,
    advice: action,
    isOwn: isOfEveryone || own.some((one) => one.role === role && one.id === id),
  }
}
