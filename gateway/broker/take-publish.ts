/** The way of a PUBLISH: taken out of its packet, admitted by the rules, written down, handed on; then it is acknowledged. */

import type { PublishPacket } from 'aedes'
import type { Clock } from '../clock.ts'
import { BrokerError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { BrokerRules, Counters, EventSink, OutboundMessage, Verdict } from '../ports.ts'
import { isTopic } from '../security/topic-filter.ts'
import type { LoadShedding } from './load-shedding.ts'
import { topicFault, type BrokerLimits } from './limits.ts'
import type { Publication, Settle } from './local-client.ts'
import { printable } from './printable.ts'
import type { Origin } from './session-change.ts'
import type { Session } from './session.ts'
import { VOID_TOPIC, type SessionStore } from './session-store.ts'

export interface PublishOptions {
  readonly rules: BrokerRules
  readonly store: SessionStore
  readonly events: EventSink
  readonly counters: Counters
  readonly log: Log
  readonly clock: Clock
  readonly limits: Pick<BrokerLimits, 'topicLevels' | 'topicBytes' | 'inboundQos2'>
  /** Publishes under the gateway's authority, in the order of the calls; settled when the message is in the log. */
  readonly send: (message: Publication, origin: Origin | undefined, settle: Settle) => void
  readonly keepReceived: (origin: Origin, settle: Settle) => void
  readonly shedding: Pick<LoadShedding, 'leavesOut'>
}

/** An error ends the client. */
type Done = (error?: BrokerError) => void

/**
 * Takes the message out of the client's packet and leaves it empty and addressed to nobody. What goes on is published by
 * the gateway itself, so no bit of the client's packet (its retain flag, its DUP) can travel with it. The QoS must stay:
 * Aedes chooses between PUBACK and PUBREC by it.
 */
export function takeOut(packet: PublishPacket): Publication & { readonly messageId: number | undefined } {
  const { topic, qos, retain, messageId } = packet
  const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload)
  Object.assign(packet, { topic: VOID_TOPIC, payload: Buffer.alloc(0), retain: false, dup: false })
  return { topic, payload, qos, retain, messageId }
}

/**
 * Admissions of one client run together, so that a journal may write them in one go, but are published and acknowledged
 * in the order of arrival [MQTT-4.6.0-2]. `acknowledge` is called when the message is in the log, or with what went wrong.
 */
export function queueAdmission(
  session: Session,
  publication: ReturnType<typeof takeOut>,
  options: PublishOptions,
  acknowledge: Done,
): void {
  const { admissions } = session
  const place = admissions.take()
  void admit(session, publication, options).then((admitted) => {
    admissions.settle(place, () => {
      // A failed admission ends this client; what it sent before and after is decided on its own.
      if (admitted instanceof BrokerError) acknowledge(admitted)
      // The next one waits only until this one has been given to the log: what is written together takes one write.
      else
        writeDown(admitted, options, (error) => {
          if (error === undefined) slowDown(session, admitted, options, acknowledge)
          else acknowledge(error)
        })
    })
  })
}

/** Holds back the acknowledgement of a sender that brings nothing good. */
function slowDown(
  { identity, address, rubbish }: Session,
  { outcome }: Decided,
  { events, clock }: PublishOptions,
  done: Done,
): void {
  const { delayMs, tellCount } = rubbish.take(outcome)
  if (tellCount !== undefined)
    events.emit('technical', 'nothing-but-rubbish', {
      role: identity.role,
      id: identity.id,
      address,
      inARow: tellCount,
    })
  if (delayMs > 0) clock.after(delayMs, done)
  else done()
}

/** What an admission has come to. */
interface Decided {
  readonly messages: readonly Publication[]
  /** At QoS 2: the packet that must not be taken twice. */
  readonly origin: Origin | undefined
  readonly outcome: 'good' | 'refused'
}

const DENIED: Decided = { messages: [], origin: undefined, outcome: 'refused' }
const LEFT_OUT: Decided = { messages: [], origin: undefined, outcome: 'good' }
const REPEATED: Decided = { messages: [], origin: undefined, outcome: 'good' }

/** `done` when everything is in the log: only then is anything acknowledged. */
function writeDown({ messages, origin }: Decided, options: PublishOptions, done: Done): void {
  const { send, keepReceived, store, events, log } = options
  let leftCount = messages.length
  let failure: Error | undefined
  const settle = (error?: Error): void => {
    leftCount -= 1
    failure ??= error
    if (leftCount > 0) return
    if (failure === undefined) {
      done()
      return
    }
    if (origin !== undefined) store.releaseIncoming(origin.clientId, origin.messageId)
    events.emit('technical', 'message-not-stored', { reason: errorMessage(failure) })
    log.error('message-not-stored', { reason: errorMessage(failure) })
    done(new BrokerError('the message could not be stored', {}, failure))
  }
  if (messages.length > 0)
    for (const [index, message] of messages.entries()) send(message, index === 0 ? origin : undefined, settle)
  else if (origin === undefined) done()
  else keepReceived(origin, settle)
}

/** Never rejects: whatever goes wrong ends the client with its reason. */
async function admit(
  session: Session,
  publication: ReturnType<typeof takeOut>,
  options: PublishOptions,
): Promise<Decided | BrokerError> {
  try {
    return await decide(session, publication, options)
  } catch (error) {
    return error instanceof BrokerError ? error : new BrokerError(errorMessage(error), {}, error)
  }
}

async function decide(
  session: Session,
  publication: ReturnType<typeof takeOut>,
  { rules, store, events, counters, log, limits, shedding }: PublishOptions,
): Promise<Decided> {
  const { identity, address, clientId } = session
  const { topic, payload, retain, qos, messageId } = publication
  const verdict = mayPublish(session, topic, rules, limits)
  if (!verdict.allowed) {
    // Acknowledged and dropped: a client that is cut off sends the same QoS 1 message again, for ever.
    counters.count('publish_denied_total')
    const detail = { role: identity.role, id: identity.id, topic: printable(topic), address }
    events.emit('security', 'publish-denied', { ...detail, reason: verdict.reason })
    return DENIED
  }
  if (shedding.leavesOut(topic, qos)) return LEFT_OUT
  const origin =
    qos === 2 && clientId !== undefined && messageId !== undefined ? { clientId, messageId } : undefined
  // [MQTT-4.3.3-2]: a repeat of a QoS 2 message is acknowledged, not published.
  if (origin !== undefined && !store.reserveIncoming(origin.clientId, origin.messageId)) return REPEATED
  if (origin !== undefined && store.state.receivedFrom(origin.clientId).size > limits.inboundQos2) {
    // Aedes counts what came on one connection; what a session has not released on former ones counts too.
    store.releaseIncoming(origin.clientId, origin.messageId)
    events.emit('security', 'inbound-limit', { role: identity.role, id: identity.id, address })
    throw new BrokerError('too many messages at QoS 2 that are not released', { id: identity.id })
  }
  const message: OutboundMessage = { topic, payload, qos: qos === 0 ? 0 : 1, retain }
  try {
    const { instead, also, isRefused = false } = await rules.admit(identity, message)
    const outcome = isRefused ? 'refused' : 'good'
    if (instead === undefined) return { messages: also, origin, outcome }
    // A message passed on untouched keeps its QoS; OutboundMessage knows only 0 and 1.
    return { messages: [instead === message ? { ...message, qos } : instead, ...also], origin, outcome }
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

function mayPublish(
  { identity, endedFor }: Session,
  topic: string,
  rules: BrokerRules,
  limits: PublishOptions['limits'],
): Verdict {
  // A last will is asked about after its session: that of a revoked certificate is not the device's any more.
  if (endedFor !== undefined) return { allowed: false, reason: `its session was ended: ${endedFor}` }
  // A will comes here too, whose levels Aedes has not counted.
  const fault = topicFault(topic, limits)
  if (fault !== undefined) return { allowed: false, reason: fault }
  return isClientTopic(topic)
    ? rules.mayPublish(identity, topic)
    : { allowed: false, reason: 'clients do not write there' }
}

/** [MQTT-4.7.2-1] reserves the topics that begin with $ to the server. */
function isClientTopic(topic: string): boolean {
  return isTopic(topic) && !topic.startsWith('$')
}
