/** The forecast of a revocation list. One that ends shuts everyone out, so it is renewed long before. */

import { dateOf } from './forecast-date.ts'
import type { ForecastFacts, ListFact } from './forecast-facts.ts'
import { levelBeforeEnd, levelWhenLate } from './forecast-level.ts'
import type { ForecastRow } from './forecast-row.ts'
import { listRenewalMs } from './revocation.ts'

export function listRow(list: ListFact, { nowMs }: ForecastFacts): ForecastRow {
  const { role, serial, times, authorityEndsMs } = list
  const expiresAtMs = times?.nextUpdateMs ?? 0
  const common = { what: 'crl', role, id: role, serial, expiresAtMs } as const
  const level = times === undefined ? 'expired' : levelOfList(list, times, nowMs)
  const levelled = level === undefined ? {} : { level }
  if (list.isKeyHere) {
    const renewsAtMs = times === undefined ? nowMs : listRenewalMs(times)
    const action =
      level === undefined
        ? `renewed by the gateway from ${dateOf(renewsAtMs)}`
        : 'late: see the alarms of the gateway for the reason, or run `wardgate certs renew crl`'
    return { ...common, renewsAtMs, ...levelled, renews: 'gateway', action }
  }
  if (times !== undefined && expiresAtMs >= authorityEndsMs)
    return { ...common, renews: 'gateway', action: 'lasts until its authority ends: nothing is left to do' }
  return { ...common, ...levelled, renews: 'person', action: personAction(list) }
}

function levelOfList(
  { isKeyHere, authorityEndsMs }: ListFact,
  times: NonNullable<ListFact['times']>,
  nowMs: number,
): ForecastRow['level'] {
  const { nextUpdateMs: expiresAtMs } = times
  if (expiresAtMs >= authorityEndsMs && nowMs <= authorityEndsMs) return undefined
  return isKeyHere
    ? levelWhenLate({ renewsAtMs: listRenewalMs(times), expiresAtMs }, nowMs)
    : levelBeforeEnd(expiresAtMs, nowMs)
}

function personAction({ role, times }: ListFact): string {
  const by =
    times === undefined
      ? 'now, there is no such list and every chain is refused,'
      : `before ${dateOf(times.nextUpdateMs)}`
  return role === 'root-ca'
    ? `${by} mount the medium of the root and run \`wardgate certs renew crl --offline-root DIR\``
    : `${by} restore the key of this issuing CA from the backup and run \`wardgate certs renew crl\``
}
