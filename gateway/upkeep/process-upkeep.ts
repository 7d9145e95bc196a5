/** The upkeep of one process: a gateway with its store, a bedside box without one, a station. */

import type { MeteredCounters } from '../telemetry/counters.ts'
import { performAct, type ActParts } from './perform-act.ts'
import { readExpiries, soonestByRole } from './process-expiries.ts'
import { readHoldings } from './process-holdings.ts'
import type { TrustHeld } from './upkeep-due.ts'
import { startUpkeep, type Upkeep, type UpkeepOptions } from './upkeep.ts'

export interface ProcessUpkeepOptions
  extends Omit<ActParts, 'signal'>, Pick<UpkeepOptions, 'time' | 'takeUp' | 'firstLookMs' | 'events'> {
  readonly counters?: Pick<MeteredCounters, 'soonestExpiry'> | undefined
}

export function startProcessUpkeep(options: ProcessUpkeepOptions): Upkeep {
  const trust = trustAsked(options)
  return startUpkeep({
    ...options,
    holdings: (nowMs) => [...readHoldings(options, nowMs), ...trust.held()],
    async perform(act, nowMs, signal) {
      const done = await performAct({ ...options, signal }, act, nowMs)
      // A renewal by enrolment brings the authorities along.
      if (act.act === 'refresh-trust' || (act.act === 'renew-certificate' && act.by === 'enrolment'))
        trust.askedAt(nowMs)
      return done
    },
    expiries: (nowMs) => readExpiries(options, nowMs),
    onExpiries: (rows, nowMs) => options.counters?.soonestExpiry(soonestByRole(rows, nowMs)),
  })
}

/** On a box one of its identities asks the gateway whom to trust; where there is a store, the answer is in it. */
function trustAsked({ store, own }: ProcessUpkeepOptions) {
  const asker = store === undefined ? own.find(({ renewAt }) => renewAt !== undefined) : undefined
  let askedAtMs: number | undefined
  return {
    held: (): readonly TrustHeld[] =>
      asker === undefined ? [] : [{ kind: 'trust', role: asker.role, id: asker.id, askedAtMs }],
    askedAt(nowMs: number) {
      askedAtMs = nowMs
    },
  }
}
