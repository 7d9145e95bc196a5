/** What a client may cost the broker. */

export interface BrokerLimits {
  /** From the beginning of TCP to a whole ClientHello; and again, once its turn has come, to the end of the handshake. */
  readonly handshakeMs: number
  /** From the end of the handshake to a complete MQTT CONNECT. */
  readonly connectMs: number
  /** Longest keep alive a client may ask for, in seconds; 0 takes any, and none at all. */
  readonly keepAliveS: number
  /** How long a subscriber may leave its connection full. */
  readonly drainMs: number
  /** Bytes that wait for one subscriber before it is parted with. */
  readonly outgoingBytes: number
  readonly packetBytes: number
  /** Of a listener, also those whose handshake has not ended. */
  readonly connections: number
  /** Of them, those of one address: a device server, or a whole ward behind one router. */
  readonly connectionsPerAddress: number
  /** Bytes taken of what a client sends between its CONNECT and the CONNACK; the rest waits in the network. */
  readonly earlyBytes: number
  /** Messages received at QoS 2 and not yet released, per client. */
  readonly inboundQos2: number
  /** Messages kept for one absent durable session; the oldest make room. */
  readonly queuedMessages: number
  readonly queuedBytes: number
  /** Filters one client may hold. */
  readonly subscriptions: number
  /** Sessions that last beyond their connections. */
  readonly durableSessions: number
  /** Topics with a retained message. */
  readonly retainedTopics: number
  /** Of a topic or a filter. Aedes cannot match more than 100 levels. */
  readonly topicLevels: number
  readonly topicBytes: number
  /** Until everything is closed after stop(). */
  readonly stopMs: number
}

export const WARD_LIMITS: BrokerLimits = {
  handshakeMs: 10_000,
  connectMs: 10_000,
  keepAliveS: 300,
  drainMs: 5_000,
  outgoingBytes: 4 * 1024 * 1024,
  packetBytes: 256 * 1024,
  // A session costs less than 100 KiB of memory; docs/performance.md says how much.
  connections: 2048,
  connectionsPerAddress: 1280,
  earlyBytes: 64 * 1024,
  inboundQos2: 100,
  // Four minutes of everything that a full ward of 200 devices says.
  queuedMessages: 50_000,
  queuedBytes: 32 * 1024 * 1024,
  subscriptions: 256,
  durableSessions: 2_048,
  retainedTopics: 20_000,
  topicLevels: 100,
  topicBytes: 1_024,
  stopMs: 5_000,
}

/** How handshakes share the event loop with the open sessions; measured in docs/performance.md. */
export const HANDSHAKE_PACE = {
  underWay: 16,
  stallMs: 250,
  underWayPerAddress: 64,
  turnMs: 2,
  turnsForNewcomers: 8,
} as const

/** What one address may hold of all connections where nothing else is said. */
export function shareOfOneAddress(connections: number): number {
  return Math.ceil((connections * 5) / 8)
}

/** Why a topic or a filter is more than is dealt with. */
export function topicFault(
  topic: string,
  { topicLevels, topicBytes }: Pick<BrokerLimits, 'topicLevels' | 'topicBytes'>,
): string | undefined {
  if (Buffer.byteLength(topic) > topicBytes) return `it is longer than ${topicBytes} bytes`
  return topic.split('/').length > topicLevels ? `it has more than ${topicLevels} levels` : undefined
}
