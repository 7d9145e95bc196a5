/** A device that answers questions: one at a time, in a fixed round, whatever became of the one before. */

import type { Driver, DriverOutput, LinkEvent } from '../protocol.ts'
import { createStreamDriver } from './parse-stream.ts'
import type { Grammar, UnitReader } from './parse-stream.ts'

export interface PolledStream<Unit> {
  readonly grammar: Grammar<Unit>
  readonly createReader: () => UnitReader<Unit>
  /** Asked once after each opening, before the round. */
  readonly first: readonly Uint8Array[]
  readonly round: readonly Uint8Array[]
  readonly periodMs: number
}

export function createPolledDriver<Unit>(plan: PolledStream<Unit>): Driver {
  const stream = createStreamDriver(plan.grammar, plan.createReader)
  let askedCount = 0
  let wakeAtMs: number | undefined

  const ask = (atMs: number): readonly DriverOutput[] => {
    const { first, round, periodMs } = plan
    const bytes = first[askedCount] ?? round[(askedCount - first.length) % round.length]
    askedCount += 1
    wakeAtMs = atMs + periodMs
    return bytes === undefined ? [] : [{ kind: 'send', bytes }]
  }

  return {
    get wakeAtMs() {
      return wakeAtMs
    },
    receive(event: LinkEvent, atMs: number) {
      const out = stream.receive(event, atMs)
      if (event.kind === 'closed') wakeAtMs = undefined
      if (event.kind !== 'opened') return out
      askedCount = 0
      return [...out, ...ask(atMs)]
    },
    tick(atMs: number) {
      return wakeAtMs !== undefined && atMs >= wakeAtMs ? ask(atMs) : []
    },
  }
}
