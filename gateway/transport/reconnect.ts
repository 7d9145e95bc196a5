/** A broken line is opened again, for ever, with pauses that grow and are spread at random. */

import { catchError, concat, defer, Observable, of, repeat, takeWhile, tap } from 'rxjs'
import type { LinkEvent } from '../../devices/protocol.ts'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'

export interface ReconnectOptions {
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly minDelayMs: number
  readonly maxDelayMs: number
}

/**
 * The pause before attempt number `attempt` (0 is the first after a failure): exponential, with full jitter, so that
 * the lines of a ward that broke together do not come back together.
 */
export function reconnectDelayMs(attempt: number, options: Omit<ReconnectOptions, 'clock'>): number {
  const ceilingMs = Math.min(options.maxDelayMs, options.minDelayMs * 2 ** attempt)
  return options.random() * ceilingMs
}

/**
 * Subscribes to `open()`, and again after each end of it. An end is always seen as exactly one `closed` event,
 * whether it came as an event, as a completion or as an error. Unsubscribing closes the line or cancels the pause.
 */
export function reconnecting(
  open: () => Observable<LinkEvent>,
  options: ReconnectOptions,
): Observable<LinkEvent> {
  return defer(() => {
    let attempt = 0
    return openOnce(open).pipe(
      whenSettled(options, () => {
        attempt = 0
      }),
      repeat({ delay: () => pause(options.clock, reconnectDelayMs(attempt++, options)) }),
    )
  })
}

function openOnce(open: () => Observable<LinkEvent>): Observable<LinkEvent> {
  const ended: LinkEvent = { kind: 'closed', reason: 'ended' }
  return concat(defer(open), of(ended)).pipe(
    catchError((error: unknown) => of<LinkEvent>({ kind: 'closed', reason: errorMessage(error) })),
    takeWhile((event) => event.kind !== 'closed', true),
  )
}

// A line that opens and breaks at once must go on backing off: only one that still delivers after the longest pause
// has earned a quick retry.
function whenSettled(options: ReconnectOptions, settled: () => void) {
  let openedAtMs: number | undefined
  return tap<LinkEvent>((event) => {
    if (event.kind === 'opened') openedAtMs = options.clock.monotonicMs()
    if (event.kind !== 'bytes' && event.kind !== 'value') return
    if (openedAtMs === undefined) return
    if (options.clock.monotonicMs() - openedAtMs >= options.maxDelayMs) settled()
  })
}

function pause(clock: Clock, delayMs: number): Observable<true> {
  return new Observable((subscriber) => clock.after(delayMs, () => subscriber.next(true)))
}
