/**
 * What makes a lab broker of the product's broker module: any certificate of the authority may use any client id and any
 * topic, and payloads have no schema. Everything else is the product's.
 */

import { join } from 'node:path'
import type { BrokerOptions } from '../../gateway/broker/aedes-broker.ts'
import { systemClock } from '../../gateway/clock.ts'
import { Journal } from '../../gateway/journal/journal.ts'
import type { Log } from '../../gateway/log.ts'
import type { BrokerRules, Counters, EventSink } from '../../gateway/ports.ts'
import { newcomerWins } from '../../gateway/security/contest.ts'
import { identityOf, type Identify } from '../../gateway/security/identify.ts'

export const allowAll: BrokerRules = {
  mayConnect: () => ({ allowed: true }),
  mayPublish: () => ({ allowed: true }),
  maySubscribe: () => ({ allowed: true }),
  mayReceive: () => ({ allowed: true }),
  admit: async (_identity, message) => ({ instead: message, also: [] }),
}

/** TLS has verified the chain; a suite uses one certificate for all its clients, so they are one identity. */
const identifyAnyone: Identify = (certificate) => ({
  kind: 'identified',
  identity: { ...identityOf(certificate, 'operator', 'lab'), fingerprint: 'lab' },
})

const noCounters: Counters = { count: () => undefined, observeLatencyMs: () => undefined }

export interface LabParts {
  readonly stateDir: string
  readonly log: Log
  readonly events: EventSink
}

/** All but the addresses and the certificates. */
export function labBroker({ stateDir, log, events }: LabParts): Omit<BrokerOptions, 'listen' | 'material'> {
  return {
    id: 'lab',
    journal: Journal.open({
      directory: join(stateDir, 'journal'),
      keyFile: join(stateDir, 'journal.key'),
      clock: systemClock,
      log,
      events,
    }),
    identify: identifyAnyone,
    standingOf: () => 'good',
    contest: newcomerWins,
    rules: allowAll,
    events,
    counters: noCounters,
    clock: systemClock,
    log,
    // Suites connect without a keep alive; what a topic may look like belongs to the topic table.
    limits: { keepAliveS: 0, topicBytes: 65_535 },
  }
}
