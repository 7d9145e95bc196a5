/** How a radio link is protected: LE security mode 1, levels 1, 2 and 3 upwards. */

import type { GattService } from '../protocol.ts'

export type SecurityLevel = GattService['security']

const RANKS: Readonly<Record<SecurityLevel, number>> = { none: 0, encrypted: 1, authenticated: 2 }

export function isAtLeast(achieved: SecurityLevel, wanted: SecurityLevel): boolean {
  return RANKS[achieved] >= RANKS[wanted]
}

export function isSecurityLevel(value: unknown): value is SecurityLevel {
  return typeof value === 'string' && Object.hasOwn(RANKS, value)
}
