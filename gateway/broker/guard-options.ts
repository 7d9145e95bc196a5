/** What the guard of a connection is given, and what it says of a packet that it refuses. */

import type { Clock } from '../clock.ts'
import type { HeaderFault } from './packet-cutter.ts'
import type { SyntaxFault } from './packet-syntax.ts'

export interface GuardOptions {
  readonly packetBytes: number
  /** Bytes kept of what a client sends before its CONNACK; the rest waits in the network. */
  readonly earlyBytes: number
  readonly clock: Clock
  readonly onFault: (fault: PacketFault) => void
  /** Takes the packet ids of PUBACKs, so that they need not go through Aedes; false leaves them to it. */
  readonly onPubacks: (messageIds: readonly number[]) => boolean
}

export type PacketFault = HeaderFault | { readonly kind: 'malformed-packet'; readonly rule: SyntaxFault }
