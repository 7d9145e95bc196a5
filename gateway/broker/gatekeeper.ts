/** The hooks of Aedes: each asks the rules and carries out the verdict. Nothing passes that no rule has allowed. */

import type { AedesOptions, AedesPublishPacket, Client, Subscription } from 'aedes'
import { BrokerError, errorMessage } from '../errors.ts'
import { isFilter } from '../security/topic-filter.ts'
import { connectFault } from './connect-fault.ts'
import { printable } from './printable.ts'
import type { Session, Sessions } from './sessions.ts'
import { VOID_TOPIC } from './session-store.ts'
import { queueAdmission, takeOut, type PublishOptions } from './take-publish.ts'

export interface GatekeeperOptions extends PublishOptions {
  readonly sessions: Sessions
  readonly outgoingBytes: number
}

type Hooks = Required<
  Pick<
    AedesOptions,
    | 'preConnect'
    | 'authenticate'
    | 'authorizePublish'
    | 'authorizeSubscribe'
    | 'authorizeForward'
    | 'published'
  >
>

// CONNACK codes of MQTT 3.1.1, table 3.1.
const IDENTIFIER_REJECTED = 2

export function createGatekeeper(options: GatekeeperOptions): Hooks {
  const { sessions } = options
  return {
    preConnect(client, packet, done) {
      const session = sessions.of(client.conn)
      if (session !== undefined) session.isUnnamed = packet.clientId === ''
      const fault = connectFault(packet)
      if (fault === undefined) done(null, true)
      else done(new BrokerError(`the CONNECT breaks a rule of MQTT: ${fault}`, { fault }), false)
    },
    /** User name and password are ignored: the certificate alone says who it is. */
    authenticate(client, _username, _password, done) {
      const session = sessions.of(client.conn)
      const refusal = session === undefined ? 'no session' : takeClientId(session, client, options)
      if (refusal === undefined) done(null, true)
      else done(Object.assign(new BrokerError(refusal), { returnCode: IDENTIFIER_REJECTED }), false)
    },
    authorizePublish(client, packet, done) {
      const session = client === null ? undefined : sessions.of(client.conn)
      const publication = takeOut(packet)
      if (session === undefined) done()
      else void answer(queueAdmission(session, publication, options), done)
    },
    authorizeSubscribe(client, subscription, done) {
      const session = sessions.of(client.conn)
      done(null, session !== undefined && maySubscribe(session, subscription, options) ? subscription : null)
    },
    authorizeForward(client, packet) {
      const session = sessions.of(client.conn)
      return session === undefined ? null : forward(session, packet, options)
    },
    published(_packet, _client, done) {
      done()
    },
  }
}

/** Undefined when the client id is this session's from now on. */
function takeClientId(session: Session, client: Client, options: GatekeeperOptions): string | undefined {
  const { rules, sessions, events } = options
  const { identity, address, listener } = session
  const detail = { clientId: printable(client.id), role: identity.role, id: identity.id, address, listener }
  const holder = sessions.holder(client.id)
  const isOthers =
    holder !== undefined && (holder.identity.role !== identity.role || holder.identity.id !== identity.id)
  const verdict = rules.mayConnect(identity, client.id)
  if (!verdict.allowed || isOthers) {
    const reason = verdict.allowed ? 'the client id is held by another identity' : verdict.reason
    events.emit('security', 'identity-mismatch', { ...detail, reason })
    return reason
  }
  // [MQTT-3.1.3-8]: Aedes makes up an id for a client without one, also for a session that is to last.
  if (session.isUnnamed && !client.clean) return 'a session that lasts needs a client id'
  const former = sessions.hold(client.id, session)
  if (former !== undefined)
    events.emit('security', 'session-taken-over', { ...detail, formerAddress: former.address })
  return undefined
}

function maySubscribe(session: Session, subscription: Subscription, options: GatekeeperOptions): boolean {
  const { rules, events, counters } = options
  const { topic: filter, qos } = subscription
  // The store's sign for a session without subscriptions; nothing is ever forwarded on it.
  if (filter === VOID_TOPIC) return true
  const { identity, address } = session
  const verdict = isFilter(filter)
    ? rules.maySubscribe(identity, filter)
    : { allowed: false as const, reason: 'the filter is malformed' }
  if (verdict.allowed) {
    session.grant(filter, qos)
    return true
  }
  counters.count('subscribe_denied_total')
  const detail = { role: identity.role, id: identity.id, filter: printable(filter), address }
  events.emit('security', 'subscribe-denied', { ...detail, reason: verdict.reason })
  return false
}

function forward(
  session: Session,
  packet: AedesPublishPacket,
  { rules, events, counters, outgoingBytes }: GatekeeperOptions,
): AedesPublishPacket | null {
  const { identity, conn } = session
  // Asked again for each message: a right may have been withdrawn since the subscription.
  if (packet.topic === VOID_TOPIC || !rules.mayReceive(identity, packet.topic).allowed) return null
  const granted = session.grantedQos(packet.topic) ?? packet.qos
  // [MQTT-3.8.4-6]: Aedes lowers the QoS only for a filter without wildcards.
  if (granted < packet.qos) packet.qos = granted
  if (packet.qos === 0 && conn.writableNeedDrain) {
    counters.count('dropped_total', { where: 'slow-subscriber' })
    return null
  }
  if (conn.writableLength > outgoingBytes && !conn.destroyed) {
    const { address } = session
    events.emit('technical', 'slow-subscriber', { role: identity.role, id: identity.id, address })
    conn.destroy()
  }
  return packet
}

async function answer(work: Promise<void>, done: (error?: Error | null) => void): Promise<void> {
  try {
    await work
  } catch (error) {
    done(error instanceof BrokerError ? error : new BrokerError(errorMessage(error), {}, error))
    return
  }
  done()
}
