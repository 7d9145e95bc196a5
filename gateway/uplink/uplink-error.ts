/** How a dial says that it came to nothing: refused by the guard, or failed on the way. */

import { UplinkError } from '../errors.ts'
import type { Refused } from './policy.ts'
import { showUrl } from './refusals.ts'

/** Why a dial that the guard allowed failed; our certificate, the network or the far end is at fault. */
export type DialFailure =
  | 'certificate-unusable'
  | 'name-not-resolved'
  | 'connect-failed'
  | 'connect-timeout'
  | 'tls-failed'
  | 'tls-timeout'
  | 'aborted'

export function refusalError(url: string, { reason, detail }: Refused): UplinkError {
  const message = `uplink to ${showUrl(url)} refused (${reason}): ${detail}`
  return new UplinkError(message, { reason, refused: true, url: showUrl(url) })
}

export function failureError(url: string, reason: DialFailure, detail: string, cause?: unknown): UplinkError {
  const message = `uplink to ${showUrl(url)} failed (${reason}): ${detail}`
  return new UplinkError(message, { reason, refused: false, url: showUrl(url) }, cause)
}

/** The reason a dial gave, and whether the guard gave it. */
export function dialOutcome(error: unknown): { readonly reason: string; readonly refused: boolean } {
  const context = error instanceof UplinkError ? error.context : {}
  const reason = context['reason']
  return { reason: typeof reason === 'string' ? reason : 'unknown', refused: context['refused'] === true }
}
