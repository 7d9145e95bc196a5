/** Who may call a port of this box: listed addresses, and of these only the nearby ones. */

import type { Socket } from 'node:net'
import { isInside, parseAddress, type Range } from '../uplink/address-class.ts'

export interface CallerRules {
  /** Who may call; nobody when it is empty. */
  readonly from: readonly Range[]
  /** Asked of both ends of every call; false also for what is no address at all. */
  readonly isAllowed: (ip: string) => boolean
}

export type CallerRefusal = 'address-refused' | 'not-listed'

/** Why this caller is not heard; undefined when it is. */
export function refuseCaller(
  { localAddress, remoteAddress }: Pick<Socket, 'localAddress' | 'remoteAddress'>,
  { from, isAllowed }: CallerRules,
): CallerRefusal | undefined {
  const ends = [localAddress ?? '', remoteAddress ?? '']
  if (!ends.every(isAllowed)) return 'address-refused'
  const caller = parseAddress(remoteAddress ?? '')
  return caller !== undefined && from.some((range) => isInside(caller, range)) ? undefined : 'not-listed'
}
