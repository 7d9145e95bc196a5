/** The last step of a message to one subscriber: may it have it, is it its turn, can it take it; then it is sent. */

import type { BrokerRules, Counters, EventSink } from '../ports.ts'
import type { Outgoing } from './fan-out.ts'
import type { LoadShedding } from './load-shedding.ts'
import { judgeOutgoing, type OutgoingBounds, type OutgoingVerdict } from './outgoing-verdict.ts'
import { takeMessageId } from './packet-ids.ts'
import type { Session } from './session.ts'
import { VOID_TOPIC, type SessionStore } from './session-store.ts'

export interface DeliverOptions {
  readonly limits: OutgoingBounds
  readonly rules: Pick<BrokerRules, 'mayReceive'>
  readonly store: SessionStore
  readonly events: EventSink
  readonly counters: Counters
  readonly shedding: Pick<LoadShedding, 'leavesOut'>
}

export function createDeliver(options: DeliverOptions): (session: Session, message: Outgoing) => void {
  const { rules, store, shedding } = options
  return (session, message) => {
    const { client, conn, identity } = session
    const { packet } = message
    // [MQTT-3.2.0-1]: nothing goes out before the CONNACK; what a durable session must have waits in its queue.
    if (client === undefined || !conn.isOpen || conn.destroyed) return
    if (packet.topic === VOID_TOPIC) return
    // Asked again for each message: a right may have been withdrawn since the subscription.
    if (!rules.mayReceive(identity, packet.topic).allowed) {
      if (!client.clean && packet.qos > 0) void store.outgoingClearMessageId(client, packet)
      return
    }
    // [MQTT-3.8.4-6]: each subscriber gets it at the QoS it was granted.
    const qos = packet.qos === 0 || session.grantedQos(packet.topic) === 0 ? 0 : 1
    // What waits in a durable queue goes out in its turn, and only once.
    if (!client.clean && !store.mayPass(client, packet)) return
    // Whatever waits in a durable queue was promised to it, and has been written down.
    if ((client.clean || qos === 0) && shedding.leavesOut(packet.topic, packet.qos)) return
    if (!mayTake(session, qos, options)) return
    const messageId = qos === 0 ? 0 : takeMessageId(client)
    if (messageId === undefined) return
    if (qos === 1 && !client.clean) {
      const { cmd, brokerId, brokerCounter } = packet
      store.noteSent(client, { cmd, brokerId, brokerCounter, qos, messageId })
    }
    conn.send(message.encoded(qos), messageId)
  }
}

/** What its client has acknowledged waits no more. False while the client is not yet one that could. */
export function settlePubacks(
  { client }: Session,
  messageIds: readonly number[],
  store: SessionStore,
): boolean {
  if (client?.connected !== true) return false
  client._keepaliveTimer?.refresh()
  if (!client.clean)
    for (const messageId of messageIds)
      void store.outgoingClearMessageId(client, { cmd: 'puback', messageId })
  return true
}

/** False when the subscriber does not get this one; if it has been too slow for too long, it is parted with. */
export function mayTake(
  session: Session,
  qos: 0 | 1 | 2,
  { counters, events, limits }: Pick<DeliverOptions, 'counters' | 'events' | 'limits'>,
): boolean {
  const { outgoing } = session.conn
  const verdict = judgeOutgoing(outgoing, limits, qos)
  if (verdict === 'send') return true
  if (verdict === 'leave-out') counters.count('dropped_total', { where: 'slow-subscriber' })
  else partWith(session, verdict, events)
  return false
}

/** Whoever was given a durable session finds there, when it comes back, what it has not acknowledged. */
function partWith(
  session: Session,
  reason: Exclude<OutgoingVerdict, 'send' | 'leave-out'>,
  events: EventSink,
): void {
  const { identity, address, conn, client } = session
  if (conn.destroyed) return
  const { waitingBytes, stalledMs } = conn.outgoing
  events.emit('technical', 'slow-subscriber', {
    role: identity.role,
    id: identity.id,
    address,
    reason,
    waitingBytes,
    stalledMs: Math.round(stalledMs),
    queue: client?.clean === false ? 'kept' : 'none',
  })
  conn.cut()
}

/** One that is sent nothing more would otherwise never be found out. */
export function partWithStalled(sessions: readonly Session[], { limits, events }: DeliverOptions): void {
  for (const session of sessions)
    if (session.conn.outgoing.stalledMs > limits.drainMs) partWith(session, 'too-long', events)
}
