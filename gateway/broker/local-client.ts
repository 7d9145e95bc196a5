/** The gateway's own access to the broker: it publishes under its own authority and reads without a session. */

import type { AedesPublishPacket } from 'aedes'
import { Observable } from 'rxjs'
import { BrokerError, InvariantError } from '../errors.ts'
import type { OutboundMessage, TrustedPublisher } from '../ports.ts'
import { filterWithin, isFilter, isTopic } from '../security/topic-filter.ts'
import type { OrderedAedes } from './ordered-aedes.ts'
import type { SessionStore } from './session-store.ts'

/** A message at the QoS it goes out with; 2 only when a client sent it so and the rules passed it on untouched. */
export type Publication = Omit<OutboundMessage, 'qos'> & { readonly qos: 0 | 1 | 2 }

export interface LocalClient extends TrustedPublisher {
  /** Publishes without waiting; the order of the calls is kept. */
  send(message: Publication): void
}

export function createLocalClient(broker: OrderedAedes, store: SessionStore): LocalClient {
  const send = (message: Publication, done: (error?: Error) => void): void => {
    broker.publish({ cmd: 'publish', dup: false, ...message }, done)
  }
  return {
    send: (message) => send(message, () => undefined),
    async publish(message) {
      if (!isTopic(message.topic)) throw new InvariantError(`'${message.topic}' is not a topic`)
      if (broker.closed)
        throw new BrokerError('the broker has been stopped; nothing can be published', {
          topic: message.topic,
        })
      // Only as far as the subscribers' connections: one that does not read must not hold up the gateway.
      const failure = new Promise<never>((_resolve, reject) => {
        send(message, (error) => {
          if (error) reject(new BrokerError(`cannot publish on ${message.topic}`, {}, error))
        })
      })
      await Promise.race([broker.handedOut(), failure])
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
