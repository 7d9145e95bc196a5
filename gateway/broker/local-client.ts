/** The gateway's own access to the broker: it publishes under its own authority and reads without a session. */

import type { AedesPublishPacket } from 'aedes'
import { Observable } from 'rxjs'
import { BrokerError, InvariantError } from '../errors.ts'
import type { OutboundMessage, TrustedPublisher } from '../ports.ts'
import { filterWithin, isFilter, isTopic } from '../security/topic-filter.ts'
import type { OrderedAedes } from './ordered-aedes.ts'
import type { ChangeLog, Origin, SessionChange } from './session-change.ts'
import type { SessionStore } from './session-store.ts'

/** A message at the QoS it goes out with; 2 only when a client sent it so and the rules passed it on untouched. */
export type Publication = Omit<OutboundMessage, 'qos'> & { readonly qos: 0 | 1 | 2 }

/** Called once, with what kept the message out of the log. */
export type Settle = (error?: Error) => void

export interface LocalClient extends TrustedPublisher {
  /**
   * Publishes; settled when the message is in the log, or at once when it needs none. Subscribers get it before that, in
   * the order of the calls. Where the log cannot be written nobody gets it.
   */
  send(message: Publication, origin: Origin | undefined, settle: Settle): void
  /** Nothing is published, but what was received at QoS 2 must not be taken twice. */
  keepReceived(origin: Origin, settle: Settle): void
}

export function createLocalClient(broker: OrderedAedes, store: SessionStore, log: ChangeLog): LocalClient {
  const send: LocalClient['send'] = (message, origin, settle) => {
    const packet = { cmd: 'publish', dup: false, ...message } as const
    // What is neither kept nor to be acknowledged is worth nothing after a restart.
    if (message.qos === 0 && !message.retain) {
      broker.publish(packet)
      settle()
      return
    }
    const change: SessionChange = { kind: 'message', message, ...(origin === undefined ? {} : { origin }) }
    const seq = log.commit(change, (error) => {
      if (error === undefined) broker.publishLogged(seq, packet)
      settle(error)
    })
  }
  return {
    send,
    keepReceived({ clientId, messageId }, settle) {
      log.commit({ kind: 'received', clientId, messageId }, settle)
    },
    async publish(message) {
      if (!isTopic(message.topic)) throw new InvariantError(`'${message.topic}' is not a topic`)
      if (broker.closed)
        throw new BrokerError('the broker has been stopped; nothing can be published', {
          topic: message.topic,
        })
      // Only as far as the subscribers' connections: one that does not read must not hold up the gateway.
      await new Promise<void>((resolve, reject) => {
        send(message, undefined, (error) => {
          if (error === undefined) resolve()
          else reject(error)
        })
      })
    },
    messages(filter) {
      if (!isFilter(filter)) throw new InvariantError(`'${filter}' is not a filter`)
      return new Observable<OutboundMessage>((subscriber) => {
        for (const packet of store.retained(filter)) subscriber.next(outbound(packet, true))
        const deliver = (packet: AedesPublishPacket, taken: () => void): void => {
          // The emitter also gives topics with $ to a leading wildcard.
          if (filterWithin(packet.topic, filter)) subscriber.next(outbound(packet, packet.retain))
          taken()
        }
        broker.subscribe(filter, deliver, () => undefined)
        return () => {
          broker.unsubscribe(filter, deliver, () => undefined)
        }
      })
    },
  }
}

function outbound(packet: Readonly<AedesPublishPacket>, retain: boolean): OutboundMessage {
  const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload)
  return { topic: packet.topic, payload, qos: packet.qos === 0 ? 0 : 1, retain }
}
