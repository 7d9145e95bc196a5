/** Is a certificate within its dates? The time is always a trusted one (trusted-time.ts), never the wall clock as it is. */

import type { X509Certificate } from 'node:crypto'

export type DateFault = 'not-yet-valid' | 'expired'

export function dateFault(
  certificate: Pick<X509Certificate, 'validFrom' | 'validTo'>,
  nowMs: number,
): DateFault | undefined {
  // Written so that a date that cannot be read (NaN) refuses too.
  if (!(nowMs >= Date.parse(certificate.validFrom))) return 'not-yet-valid'
  if (!(nowMs <= Date.parse(certificate.validTo))) return 'expired'
  return undefined
}
