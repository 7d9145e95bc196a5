/** The forecast of the authorities: which is to be rolled over by when, and which only has to last. */

import { dateOf } from './forecast-date.ts'
import type { AuthorityFact, ForecastFacts } from './forecast-facts.ts'
import { levelBeforeDuty, levelBeforeEnd, levelWhenLate, worse } from './forecast-level.ts'
import type { ForecastRow } from './forecast-row.ts'
import { authorityRenewalMs } from './renewal-time.ts'

export function authorityRows(facts: ForecastFacts): readonly ForecastRow[] {
  return facts.authorities.map((authority) => authorityRow(authority, facts))
}

function authorityRow(authority: AuthorityFact, { nowMs, authorities }: ForecastFacts): ForecastRow {
  const { role, serial, notAfterMs: expiresAtMs } = authority
  const common = { what: 'authority', role, id: role, serial, expiresAtMs } as const
  if (!authority.isCurrent) return { ...common, renews: 'gateway', action: retiredAction(authority) }
  if (authority.isRevoked)
    return {
      ...common,
      level: 'critical',
      renews: 'person',
      action: `revoked, nobody accepts what it has issued: run \`${command(role, isRootHere(authorities))}\`, then renew everything`,
    }
  const dueMs = authorityRenewalMs(role, expiresAtMs)
  if (isRootHere(authorities)) {
    const isLate = levelWhenLate({ renewsAtMs: dueMs, expiresAtMs: dueMs }, nowMs) !== undefined
    const level = worse(isLate ? 'warning' : undefined, levelBeforeEnd(expiresAtMs, nowMs))
    const action = isLate
      ? `late: see the alarms of the gateway for the reason, or run \`${command(role, true)}\``
      : `renewed by the gateway from ${dateOf(dueMs)}`
    return {
      ...common,
      renewsAtMs: dueMs,
      ...(level === undefined ? {} : { level }),
      renews: 'gateway',
      action,
    }
  }
  const level = worse(levelBeforeDuty(dueMs, nowMs), levelBeforeEnd(expiresAtMs, nowMs))
  return {
    ...common,
    actByMs: dueMs,
    ...(level === undefined ? {} : { level }),
    renews: 'person',
    action: `by ${dateOf(dueMs)} mount the medium of the root and run \`${command(role, false)}\`: from then on ${SHORTENED[role]}`,
  }
}

const SHORTENED: Readonly<Record<AuthorityFact['role'], string>> = {
  'issuing-ca': 'certificates would end with it before their time',
  'root-ca': 'the next issuing CA would end with it before its time',
}

function retiredAction({ role, dependents, isKeyHere }: AuthorityFact): string {
  const waiting =
    dependents === 0
      ? 'nothing in use depends on it'
      : `${dependents} in use still depend on it, each until its own renewal`
  const lost = isKeyHere || role === 'root-ca' ? '' : '; its key is missing'
  return `replaced, stays trusted until its end; ${waiting}${lost}`
}

function isRootHere(authorities: readonly AuthorityFact[]): boolean {
  return authorities.some((one) => one.role === 'root-ca' && one.isCurrent && one.isKeyHere)
}

function command(role: AuthorityFact['role'], isRootHere: boolean): string {
  return `wardgate certs renew ${role}${isRootHere ? '' : ' --offline-root DIR'}`
}
