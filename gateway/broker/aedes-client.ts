/** What the broker uses of an Aedes client beyond its types. Named here once, and checked when a connection begins. */

import type { AedesPublishPacket, Client } from 'aedes'
import { InvariantError } from '../errors.ts'

/** How Aedes is handed a message for one subscription. */
export type Listener = (packet: AedesPublishPacket, taken: () => void) => void

export interface AedesClient extends Client {
  /** Every packet of the client winds it up again [MQTT-3.1.2-24]. */
  readonly _keepaliveTimer: { refresh(): unknown } | null
  readonly subscriptions: Readonly<Record<string, { readonly func: Listener } | undefined>>
}

export function asAedesClient(client: Client): AedesClient {
  if (isAedesClient(client)) return client
  throw new InvariantError('this version of Aedes is not the one that the broker was written for')
}

function isAedesClient(client: Client): client is AedesClient {
  return '_keepaliveTimer' in client && 'subscriptions' in client && typeof client.subscriptions === 'object'
}
