/** The hooks of Aedes: each asks the rules and carries out the verdict. Nothing passes that no rule has allowed. */

import type { AedesOptions, AedesPublishPacket, Client, PublishPacket, Subscription } from 'aedes'
import { BrokerError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { BrokerRules, Counters, EventSink, OutboundMessage } from '../ports.ts'
import { isFilter, isTopic } from '../security/topic-filter.ts'
import { connectFault } from './connect-fault.ts'
import type { Publication } from './local-client.ts'
import type { Session, Sessions } from './sessions.ts'
import type { Origin } from './session-change.ts'
import { VOID_TOPIC, type SessionStore } from './session-store.ts'

export interface GatekeeperOptions {
  readonly rules: BrokerRules
  readonly sessions: Sessions
  readonly store: SessionStore
  readonly events: EventSink
  readonly counters: Counters
  readonly log: Log
  readonly outgoingBytes: number
  /** Publishes under the gateway's authority, in the order of the calls; resolves when the message is in the log. */
  readonly send: (message: Publication, origin?: Origin) => Promise<void>
  readonly keepReceived: (origin: Origin) => Promise<void>
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
  // The next one waits only until this one has been given to the log: what is written together takes one write.
  const begun = Promise.all([admission, former]).then(([decided]) => ({
    written: writeDown(decided, options),
  }))
  // A failed admission ends this client; what it sent before and after is decided on its own.
  session.tail = begun.then(
    () => undefined,
    () => former,
  )
  const { written } = await begun
  await written
}

/** What an admission has come to. */
interface Decided {
  readonly messages: readonly Publication[]
  /** At QoS 2: the packet that must not be taken twice. */
  readonly origin: Origin | undefined
}

const NOTHING: Decided = { messages: [], origin: undefined }

/** Resolves when everything is in the log: only then is anything acknowledged. */
async function writeDown({ messages, origin }: Decided, options: GatekeeperOptions): Promise<void> {
  const { send, keepReceived, store, events, log } = options
  const [first, ...others] = messages
  try {
    if (first !== undefined)
      await Promise.all([send(first, origin), ...others.map((message) => send(message))])
    else if (origin !== undefined) await keepReceived(origin)
  } catch (error) {
    if (origin !== undefined) store.releaseIncoming(origin.clientId, origin.messageId)
    events.emit('technical', 'message-not-stored', { reason: errorMessage(error) })
    log.error('message-not-stored', { reason: errorMessage(error) })
    throw new BrokerError('the message could not be stored', {}, error)
  }
}

async function admit(
  session: Session,
  publication: ReturnType<typeof takeOut>,
  { rules, store, events, counters, log }: GatekeeperOptions,
): Promise<Decided> {
  const { identity, address, clientId } = session
  const { topic, payload, retain, qos, messageId } = publication
  const verdict = isClientTopic(topic)
    ? rules.mayPublish(identity, topic)
    : { allowed: false as const, reason: 'clients do not write there' }
  if (!verdict.allowed) {
    // Acknowledged and dropped: a client that is cut off sends the same QoS 1 message again, for ever.
    counters.count('publish_denied_total')
    const detail = { role: identity.role, id: identity.id, topic: printable(topic), address }
    events.emit('security', 'publish-denied', { ...detail, reason: verdict.reason })
    return NOTHING
  }
  const origin =
    qos === 2 && clientId !== undefined && messageId !== undefined ? { clientId, messageId } : undefined
  // [MQTT-4.3.3-2]: a repeat of a QoS 2 message is acknowledged, not published.
  if (origin !== undefined && !store.reserveIncoming(origin.clientId, origin.messageId)) return NOTHING
  const message: OutboundMessage = { topic, payload, qos: qos === 0 ? 0 : 1, retain }
  try {
    const { instead, also } = await rules.admit(identity, message)
    if (instead === undefined) return { messages: also, origin }
    // A message passed on untouched keeps its QoS; OutboundMessage knows only 0 and 1.
    return { messages: [instead === message ? { ...message, qos } : instead, ...also], origin }
  } catch (error) {
    // Not acknowledged: what is not stored must stay with the client. MQTT 3.1.1 has no negative acknowledgement,
    // so the connection ends and the client sends it again to a gateway that can store it.
    if (origin !== undefined) store.releaseIncoming(origin.clientId, origin.messageId)
    const detail = { role: identity.role, id: identity.id, topic: printable(topic) }
    events.emit('technical', 'admission-failed', { ...detail, reason: errorMessage(error) })
    log.error('admission-failed', { ...detail, reason: errorMessage(error) })
    throw new BrokerError('the message could not be admitted', detail, error)
  }
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

/** What a client wrote, fit for a log line. */
function printable(text: string): string {
  return text.slice(0, 128).replaceAll(/[^ -~]/g, '?')
}
