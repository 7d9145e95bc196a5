/**
 * Which revocation lists TLS is given. OpenSSL refuses every client when the list of one authority is missing, stale or
 * from its future; so it is given a whole, fresh set or none. Without one the index of the store, the authorities' own
 * record, still decides about every handshake and session. Pure.
 */

import type { X509Certificate } from 'node:crypto'
import { crlOf, readCrls, splitCrls } from '../../certs/crl-reading.ts'

/** `damaged`: an authority has no list, and there is one that cannot be read or that nobody here has signed. */
type CrlFault = 'missing' | 'damaged' | 'authority-without-list' | 'from-the-future' | 'expired'

export interface CrlQuestion {
  /** The text of crl.pem; undefined when it cannot be read. */
  readonly crlPem: string | undefined
  /** Everyone whose clients are let in. */
  readonly authorities: readonly X509Certificate[]
  /** By the clock that OpenSSL goes by: that of the system. */
  readonly nowMs: number
}

export type CrlDecision =
  | { readonly kind: 'whole'; readonly lists: readonly string[] }
  /** TLS gets none. `authority` is the subject of the one whose list is at fault. */
  | { readonly kind: 'faulty'; readonly reason: CrlFault; readonly authority: string }

const BEGIN = '-----BEGIN X509 CRL-----'

export function crlPolicy({ crlPem, authorities, nowMs }: CrlQuestion): CrlDecision {
  if (crlPem === undefined) return { kind: 'faulty', reason: 'missing', authority: '' }
  // An authority that has ended admits nobody, and its list may end with it.
  const admitting = authorities.filter(({ validTo }) => !(nowMs > Date.parse(validTo)))
  const lists = new Set<string>()
  for (const authority of admitting) {
    const list = crlOf(crlPem, authority)
    const reason =
      list === undefined
        ? absence(crlPem, authorities)
        : dateFault(list.thisUpdateMs, list.nextUpdateMs, nowMs)
    if (list === undefined || reason !== undefined)
      return {
        kind: 'faulty',
        reason: reason ?? 'damaged',
        authority: authority.subject.replaceAll('\n', ', '),
      }
    lists.add(list.pem)
  }
  return { kind: 'whole', lists: [...lists] }
}

function dateFault(thisUpdateMs: number, nextUpdateMs: number, nowMs: number): CrlFault | undefined {
  if (nowMs < thisUpdateMs) return 'from-the-future'
  return nowMs >= nextUpdateMs ? 'expired' : undefined
}

/** Why an authority has no list: it was never there, or it is the one that is broken. */
function absence(crlPem: string, authorities: readonly X509Certificate[]): CrlFault {
  const lists = splitCrls(crlPem)
  // A block whose armour or base64 is broken is not among the lists, but its first line may still be there.
  const isBroken = lists.length === 0 ? crlPem.trim() !== '' : crlPem.split(BEGIN).length - 1 > lists.length
  const isAnyonesOwn = (list: string): boolean =>
    readCrls(list)[0] !== undefined && authorities.some((authority) => crlOf(list, authority) !== undefined)
  return isBroken || !lists.every(isAnyonesOwn) ? 'damaged' : 'authority-without-list'
}
