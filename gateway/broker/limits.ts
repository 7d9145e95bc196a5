/** What a client may cost the broker. */

export interface BrokerLimits {
  /** From the first byte of TCP to the end of the TLS handshake. */
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
  readonly connections: number
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
  connections: 1024,
  earlyBytes: 64 * 1024,
  inboundQos2: 100,
  queuedMessages: 10_000,
  queuedBytes: 16 * 1024 * 1024,
  subscriptions: 256,
  durableSessions: 2_048,
  retainedTopics: 20_000,
  topicLevels: 100,
  topicBytes: 1_024,
  stopMs: 5_000,
}

/** Why a topic or a filter is more than is dealt with. */
export function topicFault(
  topic: string,
  { topicLevels, topicBytes }: Pick<BrokerLimits, 'topicLevels' | 'topicBytes'>,
): string | undefined {
  if (Buffer.byteLength(topic) > topicBytes) return `it is longer than ${topicBytes} bytes`
  return topic.split('/').length > topicLevels ? `it has more than ${topicLevels} levels` : undefined
}
