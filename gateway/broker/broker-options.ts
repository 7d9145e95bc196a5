/** Every option and hook of Aedes, each decided here; its own defaults allow everything. */

import type { AedesOptions } from 'aedes'
import type { createGatekeeper } from './gatekeeper.ts'
import type { BrokerLimits } from './limits.ts'
import type { SessionStore } from './session-store.ts'

export function brokerOptions(
  id: string,
  hooks: ReturnType<typeof createGatekeeper>,
  store: SessionStore,
  limits: BrokerLimits,
) {
  return {
    ...hooks,
    id,
    persistence: store,
    // No common bound on deliveries under way: with one, a subscriber that stops reading would stop all the others.
    // Each subscriber has its own bound in bytes and in time instead.
    concurrency: 0,
    heartbeatInterval: 60_000,
    connectTimeout: limits.connectMs,
    drainTimeout: limits.drainMs,
    keepaliveLimit: limits.keepAliveS,
    // Never used: the guard lets nothing but the CONNECT pass before the CONNACK.
    queueLimit: 1,
    maxInflightInbound: limits.inboundQos2,
    // Only MQTT 3.1 has this bound; 32 is the longest id of the contract.
    maxClientsIdLength: 32,
    // The most that Aedes can match. It ends the connection for more; below that our own limit decides.
    maxTopicLevels: 100,
    // Addresses come from the TLS socket alone, never from a header that a client may write.
    decodeProtocol: () => undefined,
    trustProxy: false,
    trustedProxies: [],
  } satisfies AedesOptions
}
