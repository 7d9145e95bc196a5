/** When what is renewed by itself is renewed. */

import { LEAF_ROLES, PROFILES, type CaRole } from './profile.ts'

const DAY_MS = 86_400_000
/** A third of the life is left for a gateway that is switched off, a device in a drawer, and an alarm that is read late. */
const RENEW_AFTER_SHARE = 2 / 3

/** How much life an authority needs: what it issues must not end before its time because the authority does. */
const LIFE_NEEDED_DAYS: Readonly<Record<CaRole, number>> = {
  'issuing-ca': Math.max(...LEAF_ROLES.map((role) => PROFILES[role].longestDays)),
  'root-ca': PROFILES['issuing-ca'].longestDays,
}

export function leafRenewalMs({
  notBeforeMs,
  notAfterMs,
}: {
  readonly notBeforeMs: number
  readonly notAfterMs: number
}): number {
  return notBeforeMs + Math.floor((notAfterMs - notBeforeMs) * RENEW_AFTER_SHARE)
}

export function authorityRenewalMs(role: CaRole, notAfterMs: number): number {
  return notAfterMs - LIFE_NEEDED_DAYS[role] * DAY_MS
}
