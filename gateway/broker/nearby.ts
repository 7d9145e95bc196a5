/** Both ends of a connection must be on a private network: listening on every address must not open a public one. */

import type { Socket } from 'node:net'
import { classifyAddress, type AddressKind } from '../uplink/address-class.ts'

const NEARBY: ReadonlySet<AddressKind> = new Set(['loopback', 'private', 'link-local'])

/** The end that is not nearby, or undefined when both are. */
export function farEnd({
  localAddress,
  remoteAddress,
}: Pick<Socket, 'localAddress' | 'remoteAddress'>): string | undefined {
  return [localAddress ?? '', remoteAddress ?? ''].find((address) => !isNearby(address))
}

function isNearby(address: string): boolean {
  const { kind, embedding } = classifyAddress(address)
  // A listener on :: sees IPv4 peers as mapped addresses (RFC 4291, 2.5.5.2).
  return NEARBY.has(kind) && (embedding === undefined || embedding === 'mapped')
}
