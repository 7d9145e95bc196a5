/** Security and technical events: one log line each, and `ops/v1/{gateway}/event/{class}` once the broker is there. */

import type { Clock } from '../clock.ts'
import { toInstant } from '../contract/instant.ts'
import type { EventMessage } from '../contract/reading.ts'
import { opsEventTopic } from '../contract/topics.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { EventSink, TrustedPublisher } from '../ports.ts'

export interface AttachableEventSink extends EventSink {
  /** From now on events are published as well; events before this are in the log only. */
  attach(publisher: TrustedPublisher): void
}

export function createEventSink(gateway: string, clock: Clock, log: Log): AttachableEventSink {
  let publisher: TrustedPublisher | undefined
  return {
    attach(to) {
      publisher = to
    },
    emit(eventClass, event, detail) {
      log[eventClass === 'security' ? 'warn' : 'info'](event, { class: eventClass, ...detail })
      const message: EventMessage = {
        v: 1,
        gateway,
        at: toInstant(clock.nowMs()),
        class: eventClass,
        event,
        detail,
      }
      publisher
        ?.publish({
          topic: opsEventTopic(gateway, eventClass),
          payload: Buffer.from(JSON.stringify(message)),
          qos: 1,
          retain: false,
        })
        .catch((error: unknown) => {
          log.error('event-not-published', { event, reason: errorMessage(error) })
        })
    },
  }
}
