/** One line of a forecast. */

import type { ForecastLevel } from './forecast-level.ts'
import type { Role } from './profile.ts'

export interface ForecastRow {
  /** `crl`: the list of an authority. `trust`: a client that does not know the newest root yet. */
  readonly what: 'certificate' | 'authority' | 'crl' | 'trust'
  readonly role: Role
  readonly id: string
  /** Of the certificate; of the authority for its list and for trust in it. */
  readonly serial?: string
  /** 0 for a list that does not exist. */
  readonly expiresAtMs: number
  /** From when it renews itself. */
  readonly renewsAtMs?: number
  /** By when a person must have acted, where that is earlier than the end. */
  readonly actByMs?: number
  /** How urgent: absent while everything goes its way. */
  readonly level?: ForecastLevel
  readonly renews: 'gateway' | 'owner' | 'person'
  readonly action: string
}
