/** The hooks of Aedes: each asks the rules and carries out the verdict. Nothing passes that no rule has allowed. */

import type { AedesOptions, AedesPublishPacket, Client, PublishPacket, Subscription } from 'aedes'
import { BrokerError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { BrokerRules, Counters, OutboundMessage, Verdict } from '../ports.ts'
import { isFilter, isTopic } from '../security/topic-filter.ts'
import { claimClientId, SERVER_UNAVAILABLE, type ClaimOptions, type ClaimOutcome } from './claim-client-id.ts'
import { connectFault } from './connect-fault.ts'
import type { Publication } from './local-client.ts'
import { printable } from './printable.ts'
import type { Session } from './session.ts'
import { VOID_TOPIC, type SessionStore } from './session-store.ts'

export interface GatekeeperOptions extends ClaimOptions {
  readonly rules: BrokerRules
  readonly store: SessionStore
  readonly counters: Counters
  readonly log: Log
  readonly outgoingBytes: number
  /** Publishes under the gateway's authority, in the order of the calls. */
  readonly send: (message: Publication) => void
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
      const fault = connectFault(packet)
      if (fault === undefined) done(null, true)
      else done(new BrokerError(`the CONNECT breaks a rule of MQTT: ${fault}`, { fault }), false)
    },
    /** User name and password are ignored: the certificate alone says who it is. */
    authenticate(client, _username, _password, done) {
      void answerClaim(client, options, done)
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
      : await claimClientId(session, client, options)
  if (outcome === 'granted') done(null, true)
  else done(Object.assign(new BrokerError(outcome.reason), { returnCode: outcome.returnCode }), false)
}

/**
 * Takes the message out of the client's packet and leaves it empty and addressed to nobody. What goes on is published by
 * the gateway itself, so no bit of the client's packet (its retain flag, its DUP) can travel with it. The QoS must stay:
 * Aedes chooses between PUBACK and PUBREC by it.
 */
function takeOut(packet: PublishPacket): Publication & { readonly messageId: number | undefined } {
  const { topic, qos, retain, messageId } = packet
  const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload)
  Object.assign(packet, { topic: VOID_TOPIC, payload: Buffer.alloc(0), retain: false, dup: false })
  return { topic, payload, qos, retain, messageId }
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

/**
 * Admissions of one client run together, so that a journal may write them in one go, but are published and acknowledged
 * in the order of arrival [MQTT-4.6.0-2].
 */
async function queueAdmission(
  session: Session,
  publication: ReturnType<typeof takeOut>,
  options: GatekeeperOptions,
): Promise<void> {
  const former = session.tail
  const admission = admit(session, publication, options)
  const current = Promise.all([admission, former]).then(([messages]) => {
    for (const message of messages) options.send(message)
  })
  // A failed admission ends this client; what it sent before and after is decided on its own.
  session.tail = current.catch(() => former)
  await current
}

async function admit(
  session: Session,
  publication: ReturnType<typeof takeOut>,
  { rules, store, events, counters, log }: GatekeeperOptions,
): Promise<readonly Publication[]> {
  const { identity, address, clientId } = session
  const { topic, payload, retain, qos, messageId } = publication
  const verdict = mayPublish(session, topic, rules)
  if (!verdict.allowed) {
    // Acknowledged and dropped: a client that is cut off sends the same QoS 1 message again, for ever.
    counters.count('publish_denied_total')
    const detail = { role: identity.role, id: identity.id, topic: printable(topic), address }
    events.emit('security', 'publish-denied', { ...detail, reason: verdict.reason })
    return []
  }
  const isHeld = qos === 2 && clientId !== undefined && messageId !== undefined
  // [MQTT-4.3.3-2]: a repeat of a QoS 2 message is acknowledged, not published.
  if (isHeld && !store.reserveIncoming(clientId, messageId)) return []
  const message: OutboundMessage = { topic, payload, qos: qos === 0 ? 0 : 1, retain }
  try {
    const { instead, also } = await rules.admit(identity, message)
    if (instead === undefined) return also
    // A message passed on untouched keeps its QoS; OutboundMessage knows only 0 and 1.
    return [instead === message ? { ...message, qos } : instead, ...also]
  } catch (error) {
    // Not acknowledged: what is not stored must stay with the client. MQTT 3.1.1 has no negative acknowledgement,
    // so the connection ends and the client sends it again to a gateway that can store it.
    if (isHeld) store.releaseIncoming(clientId, messageId)
    const detail = { role: identity.role, id: identity.id, topic: printable(topic) }
    events.emit('technical', 'admission-failed', { ...detail, reason: errorMessage(error) })
    log.error('admission-failed', { ...detail, reason: errorMessage(error) })
    throw new BrokerError('the message could not be admitted', detail, error)
  }
}

function mayPublish({ identity, endedFor }: Session, topic: string, rules: BrokerRules): Verdict {
  // A last will is asked about after its session: that of a revoked certificate is not the device's any more.
  if (endedFor !== undefined) return { allowed: false, reason: `its session was ended: ${endedFor}` }
  return isClientTopic(topic)
    ? rules.mayPublish(identity, topic)
    : { allowed: false, reason: 'clients do not write there' }
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

/** [MQTT-4.7.2-1] reserves the topics that begin with $ to the server. */
function isClientTopic(topic: string): boolean {
  return isTopic(topic) && !topic.startsWith('$')
}
