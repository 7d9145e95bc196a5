/**
 * Which revocation lists TLS is given. OpenSSL refuses every client when the list of one authority is missing, stale or
 * from its future; so it is given a whole, fresh set or none. Without one the index of the store, the authorities' own
 * record, still decides about every handshake and session. Pure.
 */

import type { X509Certificate } from 'node:crypto'
import { isCrlOf } from '../../certs/crl-signature.ts'
import { pemBlocks } from '../../certs/pem.ts'
import { readCrls } from '../../certs/crl-reading.ts'

/** `damaged`: an authority has no list, and there is one that cannot be read or that nobody here has signed. */
export type CrlFault = 'missing' | 'damaged' | 'authority-without-list' | 'from-the-future' | 'expired'

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

type List = { readonly pem: string; readonly der: Uint8Array }

export function crlPolicy({ crlPem, authorities, nowMs }: CrlQuestion): CrlDecision {
  if (crlPem === undefined) return { kind: 'faulty', reason: 'missing', authority: '' }
  const lists = pemBlocks(crlPem).filter(({ label }) => label === 'X509 CRL')
  // An authority that has ended admits nobody, and its list may end with it.
  const admitting = authorities.filter(({ validTo }) => !(nowMs > Date.parse(validTo)))
  const chosen = new Set<string>()
  for (const authority of admitting) {
    const choice = chooseList(authority, lists, nowMs)
    if (typeof choice === 'string') {
      const isDamaged = choice === 'authority-without-list' && isAnyDamaged(crlPem, lists, authorities)
      const reason = isDamaged ? 'damaged' : choice
      return { kind: 'faulty', reason, authority: authority.subject.replaceAll('\n', ', ') }
    }
    chosen.add(choice.pem)
  }
  return { kind: 'whole', lists: [...chosen] }
}

function isAnyDamaged(
  crlPem: string,
  lists: readonly List[],
  authorities: readonly X509Certificate[],
): boolean {
  // A block whose armour or base64 is broken is not among the lists, but its first line may still be there.
  if (lists.length === 0 ? crlPem.trim() !== '' : crlPem.split(BEGIN).length - 1 > lists.length) return true
  return lists.some(
    ({ pem, der }) =>
      readCrls(pem)[0] === undefined || !authorities.some((authority) => isCrlOf(der, authority)),
  )
}

/** The newest usable list of this authority, or what is wrong with the newest one it has. */
function chooseList(authority: X509Certificate, lists: readonly List[], nowMs: number): List | CrlFault {
  const own = lists
    .filter(({ der }) => isCrlOf(der, authority))
    .flatMap((list) => readCrls(list.pem).flatMap((times) => (times === undefined ? [] : [{ list, times }])))
    .toSorted((a, b) => b.times.number - a.times.number)
  const [newest] = own
  if (newest === undefined) return 'authority-without-list'
  if (nowMs < newest.times.thisUpdateMs) return 'from-the-future'
  return nowMs >= newest.times.nextUpdateMs ? 'expired' : newest.list
}
