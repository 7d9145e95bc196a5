/** One conversation with a device, led by its own driver: whatever is sent is on the driver's closed list. */

import { tap } from 'rxjs'
import type { Clock } from '../clock.ts'
import type { Link } from '../ports.ts'
import { runDriver, type Received } from '../stages/run-driver.ts'
import type { SerialProtocol } from './candidates.ts'
import { createPauses } from './pauses.ts'

export interface Conversation {
  readonly sentCount: number
  readonly byteCount: number
  /** Things understood of what the device said. */
  readonly unitCount: number
  /** Sets of numerics among them. */
  readonly readingCount: number
  readonly discardCount: number
  readonly longestPauseMs: number
  readonly fault: string | undefined
}

export interface Talk {
  readonly protocol: SerialProtocol
  readonly link: Link
  readonly clock: Clock
  readonly forMs: number
  /** It ends as soon as there are this many sets of numerics. */
  readonly untilReadings: number
}

export function converse({ protocol, link, clock, forMs, untilReadings }: Talk): Promise<Conversation> {
  return new Promise((resolve) => {
    const counts = { sentCount: 0, byteCount: 0, unitCount: 0, readingCount: 0, discardCount: 0 }
    const pauses = createPauses(clock)
    const counted: Link = {
      events$: link.events$.pipe(
        tap((event) => {
          if (event.kind !== 'bytes') return
          pauses.note()
          counts.byteCount += event.bytes.length
        }),
      ),
      execute(command) {
        counts.sentCount += 1
        link.execute(command)
      },
    }
    const end = (fault: string | undefined): void => {
      cancel()
      subscription.unsubscribe()
      resolve({ ...counts, longestPauseMs: pauses.longestMs(), fault })
    }
    const take = (received: Received): void => {
      // The subscription is not there yet when a line fails at once.
      if (received.kind === 'line' && received.phase === 'closed') queueMicrotask(() => end(received.reason))
      if (received.kind !== 'measured') return
      const { output } = received
      if (output.kind === 'discarded') counts.discardCount += 1
      else counts.unitCount += 1
      if (output.kind === 'observation' && output.numerics.length > 0) counts.readingCount += 1
      if (counts.readingCount >= untilReadings) queueMicrotask(() => end(undefined))
    }
    const cancel = clock.after(forMs, () => end(undefined))
    const subscription = runDriver({ link: counted, protocol, clock }).subscribe({
      next: take,
      error: () => queueMicrotask(() => end('driver-fault')),
    })
  })
}
