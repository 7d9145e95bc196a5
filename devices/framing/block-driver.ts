/** A stream driver whose session collects samples into blocks: the last, unfinished block is told when the line ends. */

import type { Driver, DriverOutput } from '../protocol.ts'
import { createStreamDriver, type Grammar } from './parse-stream.ts'

export interface BlockSession<Unit> {
  take(unit: Unit, isAfterLoss: boolean): readonly DriverOutput[]
  flush(): readonly DriverOutput[]
}

export function createBlockDriver<Unit>(
  grammar: Grammar<Unit>,
  createSession: () => BlockSession<Unit>,
): Driver {
  let session = createSession()
  const stream = createStreamDriver(grammar, () => {
    session = createSession()
    const own = session
    return (unit, isAfterLoss) => own.take(unit, isAfterLoss)
  })
  return {
    receive(event, atMs) {
      const last = event.kind === 'opened' || event.kind === 'closed' ? session.flush() : []
      const outputs = stream.receive(event, atMs)
      return last.length === 0 ? outputs : [...last, ...outputs]
    },
  }
}
