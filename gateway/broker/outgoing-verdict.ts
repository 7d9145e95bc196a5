/** The decision over a subscriber that may not keep up: send, leave out, or part with it. */

export interface OutgoingBounds {
  /** Bytes that may wait for one subscriber. */
  readonly outgoingBytes: number
  /** How long they may wait without any of them leaving. */
  readonly drainMs: number
}

export interface Outgoing {
  readonly waitingBytes: number
  /** Since when nothing has left of what waits; 0 while nothing waits. */
  readonly stalledMs: number
}

/** `too-much`, `too-long`: the connection ends; what a durable session is still to have waits in its queue. */
export type OutgoingVerdict = 'send' | 'leave-out' | 'too-much' | 'too-long'

/** A burst is no sign of a slow subscriber; what waits beyond this is. */
const BUSY_SHARE = 0.25

export function judgeOutgoing(
  { waitingBytes, stalledMs }: Outgoing,
  { outgoingBytes, drainMs }: OutgoingBounds,
  qos: 0 | 1 | 2,
): OutgoingVerdict {
  if (waitingBytes > outgoingBytes) return 'too-much'
  if (stalledMs > drainMs) return 'too-long'
  // QoS 0 promises nothing: it must not use up the room of what was promised.
  if (qos === 0 && waitingBytes > outgoingBytes * BUSY_SHARE) return 'leave-out'
  return 'send'
}
