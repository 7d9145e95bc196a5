/** What runs out in a process, with what will happen: as its store foresees it, or, on a box without one, from its files. */

import { boxExpiries } from './box-expiries.ts'
import type { ExpiryRow } from './expiry-alarms.ts'
import type { ProcessCertificates } from './process-holdings.ts'

export function readExpiries(certificates: ProcessCertificates, nowMs: number): readonly ExpiryRow[] {
  return boxExpiries(certificates, nowMs)
}
