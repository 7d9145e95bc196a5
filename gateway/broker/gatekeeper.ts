/** The hooks of Aedes: each asks the rules and carries out the verdict. Nothing passes that no rule has allowed. */

import type { AedesOptions, AedesPublishPacket, Client, Subscription } from 'aedes'
import { BrokerError } from '../errors.ts'
import type { BrokerRules } from '../ports.ts'
import { isFilter } from '../security/topic-filter.ts'
import { claimClientId, SERVER_UNAVAILABLE, type ClaimOptions, type ClaimOutcome } from './claim-client-id.ts'
import { mayTake } from './deliver.ts'
import { topicFault, type BrokerLimits } from './limits.ts'
import { printable } from './printable.ts'
import type { Session } from './session.ts'
import { VOID_TOPIC } from './session-store.ts'
import { queueAdmission, takeOut, type PublishOptions } from './take-publish.ts'

export interface GatekeeperOptions extends ClaimOptions, PublishOptions {
  readonly rules: BrokerRules
  readonly limits: BrokerLimits
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

export function createGatekeeper(options: GatekeeperOptions): Hooks {
  const { sessions } = options
  return {
    preConnect(client, packet, done) {
      const session = sessions.of(client.conn)
      if (session !== undefined) {
        session.isUnnamed = packet.clientId === ''
        session.keepAliveMs = (packet.keepalive ?? 0) * 1000
      }
      const fault = keepAliveFault(packet.keepalive ?? 0, options.limits.keepAliveS)
      if (fault === undefined) done(null, true)
      else {
        // [MQTT-3.2.2-6]: no return code says this, so there is no CONNACK. Aedes would make one up.
        const { role, id } = session?.identity ?? { role: 'unknown', id: 'unknown' }
        const detail = { role, id, address: session?.address ?? 'unknown', reason: fault }
        options.events.emit('security', 'keep-alive-refused', detail)
        done(new BrokerError(fault), false)
      }
    },
    /** User name and password are ignored: the certificate alone says who it is. */
    authenticate(client, _username, _password, done) {
      void answerClaim(client, options, done)
    },
    authorizePublish(client, packet, done) {
      const session = client === null ? undefined : sessions.of(client.conn)
      const publication = takeOut(packet)
      if (session === undefined) done()
      else queueAdmission(session, publication, options, done)
    },
    authorizeSubscribe(client, subscription, done) {
      const session = sessions.of(client.conn)
      const isGranted = session !== undefined && maySubscribe(session, subscription, options)
      // [MQTT-3.3.5-1]: of overlapping subscriptions the highest QoS counts, but Aedes takes the first that it finds, and
      // one of QoS 0 brings everything down to 0. So all are of QoS 2 to it, and forward() lowers to what was granted.
      done(null, isGranted ? { ...subscription, qos: 2 } : null)
    },
    authorizeForward(client, packet) {
      const session = sessions.of(client.conn)
      return session === undefined ? null : forward(session, client, packet, options)
    },
    published(_packet, _client, done) {
      done()
    },
  }
}

function keepAliveFault(askedS: number, longestS: number): string | undefined {
  if (longestS === 0 || (askedS > 0 && askedS <= longestS)) return undefined
  return `the keep alive must be between 1 and ${longestS} seconds, and not ${askedS}`
}

/** User name and password say nothing here; what counts is who gets the client id. */
async function answerClaim(
  client: Client,
  options: GatekeeperOptions,
  done: Parameters<Hooks['authenticate']>[3],
): Promise<void> {
  const session = options.sessions.of(client.conn)
  const outcome: ClaimOutcome =
    session === undefined
      ? { reason: 'no session', returnCode: SERVER_UNAVAILABLE }
      : (sessionFault(session, client, options) ?? (await claimClientId(session, client, options)))
  if (outcome === 'granted') done(null, true)
  else done(Object.assign(new BrokerError(outcome.reason), { returnCode: outcome.returnCode }), false)
}

/** Each client id can leave a session behind that lasts; not without end. */
function sessionFault(
  { identity, address }: Session,
  client: Client,
  { store, events, limits }: GatekeeperOptions,
): ClaimOutcome | undefined {
  const { state } = store
  const isNew = !client.clean && state.subscriptionsOf(client.id) === undefined
  if (!isNew || state.durableCount < limits.durableSessions) return undefined
  const { role, id } = identity
  events.emit('security', 'session-limit', { role, id, address, clientId: printable(client.id) })
  return { reason: 'no more sessions that last', returnCode: SERVER_UNAVAILABLE }
}

function maySubscribe(session: Session, subscription: Subscription, options: GatekeeperOptions): boolean {
  const { rules, events, counters, limits } = options
  const { topic: filter, qos } = subscription
  // The store's sign for a session without subscriptions; nothing is ever forwarded on it.
  if (filter === VOID_TOPIC) return true
  const { identity, address } = session
  const fault = isFilter(filter)
    ? (topicFault(filter, limits) ?? session.grantFault(filter, limits.subscriptions))
    : 'the filter is malformed'
  const verdict =
    fault === undefined ? rules.maySubscribe(identity, filter) : { allowed: false as const, reason: fault }
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
  client: Client,
  packet: AedesPublishPacket,
  options: GatekeeperOptions,
): AedesPublishPacket | null {
  const { rules, store } = options
  const { identity, conn } = session
  // Asked again for each message: a right may have been withdrawn since the subscription.
  if (packet.topic === VOID_TOPIC || !rules.mayReceive(identity, packet.topic).allowed) return null
  // [MQTT-3.2.0-1]: nothing goes out before the CONNACK; what a durable session must have waits in its queue.
  if (!conn.isOpen) return null
  // What comes from the backlog has its packet id already.
  if (!client.clean && packet.messageId === undefined && !store.mayPass(client, packet)) return null
  const granted = session.grantedQos(packet.topic) ?? packet.qos
  // [MQTT-3.8.4-6]: Aedes lowers the QoS only for a filter without wildcards.
  if (granted < packet.qos) packet.qos = granted
  // Only what was retained comes without the id of a broker.
  if (!client.clean && packet.qos > 0 && packet.brokerId === null) store.keepRetained(client, packet)
  // Null would take a waiting message out of its queue, also when it was the connection that came to an end.
  if (!mayTake(session, packet.qos, options) && packet.qos === 0) return null
  return packet
}
