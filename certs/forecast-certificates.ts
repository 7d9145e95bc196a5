/** The forecast of one certificate: by whom it is renewed, and what to do when that does not happen. */

import type { CertificateFact, ForecastFacts } from './forecast-facts.ts'
import { levelBeforeEnd, levelWhenLate } from './forecast-level.ts'
import type { ForecastRow } from './forecast-row.ts'
import { dateOf } from './forecast-date.ts'
import { leafRenewalMs } from './renewal-time.ts'
import type { LeafRole } from './profile.ts'
import { SERVER_ID } from './store-layout.ts'

/** Identities that a gateway uses itself. */
const GATEWAY_ROLES: ReadonlySet<LeafRole> = new Set(['bedside', 'uplink'])

export function certificateRow(
  certificate: CertificateFact,
  { nowMs, authorities }: ForecastFacts,
): ForecastRow {
  const { role, id, serial, notAfterMs: expiresAtMs } = certificate
  const common = { what: 'certificate', role, id, serial, expiresAtMs } as const
  const renewsAtMs = leafRenewalMs(certificate)
  const renews = renewerOf(certificate)
  const issuing = authorities.find((one) => one.isCurrent && one.role === 'issuing-ca')
  if (issuing === undefined || !issuing.isKeyHere || issuing.isRevoked)
    return {
      ...common,
      ...levelOf(levelBeforeEnd(expiresAtMs, nowMs)),
      renews: 'person',
      action:
        issuing?.isRevoked === true
          ? 'cannot be renewed, the issuing CA is revoked: make a new one with `wardgate certs renew issuing-ca`'
          : 'cannot be renewed, the key of the issuing CA is missing: restore ca/issuing.key, or `wardgate certs renew issuing-ca`',
    }
  if (renews === 'person')
    return {
      ...common,
      ...levelOf(levelBeforeEnd(expiresAtMs, nowMs)),
      renews,
      action: personAction(certificate),
    }
  const level = levelWhenLate({ renewsAtMs, expiresAtMs }, nowMs)
  const action =
    level === undefined
      ? `renewed by ${RENEWERS[renews]} from ${dateOf(renewsAtMs)}`
      : lateAction(certificate, renews, nowMs)
  return { ...common, renewsAtMs, ...levelOf(level), renews, action }
}

const RENEWERS = { gateway: 'the gateway, without a restart,', owner: 'its owner' } as const

function renewerOf({ role, id, isKeyHere }: CertificateFact): ForecastRow['renews'] {
  if (role === 'server') return id === SERVER_ID ? 'gateway' : 'person'
  if (!isKeyHere) return 'owner'
  return GATEWAY_ROLES.has(role) ? 'gateway' : 'person'
}

function personAction({ role, id }: CertificateFact): string {
  return `run \`wardgate certs renew ${role} ${id}\` and give the new files to whoever uses them`
}

function lateAction(
  { role, id, notAfterMs }: CertificateFact,
  renews: 'gateway' | 'owner',
  nowMs: number,
): string {
  if (renews === 'gateway')
    return `late: see the alarms of the gateway for the reason, or run \`wardgate certs renew ${role} ${id}\``
  const gone = `if it is gone for good, \`wardgate certs revoke ${role} ${id} --reason cessation-of-operation\``
  return nowMs > notAfterMs
    ? `ended without renewal: enrol it anew; ${gone}`
    : `late, its owner has not renewed: switch it on and see that it reaches the gateway; a device that cannot renew needs \`wardgate certs renew ${role} ${id} --public-key FILE\`; ${gone}`
}

function levelOf(level: ForecastRow['level']): Pick<ForecastRow, 'level'> {
  return level === undefined ? {} : { level }
}
