/** A cable can be pulled, and a device switched off, without any sign but silence. */

import { Observable, type MonoTypeOperatorFunction } from 'rxjs'
import type { LinkEvent } from '../../devices/protocol.ts'
import type { Cancel, Clock } from '../clock.ts'

export interface WatchdogOptions {
  readonly clock: Clock
  readonly silenceMs: number
}

/** Ends an opened line with `closed`, reason `silent`, once no data has come for `silenceMs`. */
export function closeWhenSilent({ clock, silenceMs }: WatchdogOptions): MonoTypeOperatorFunction<LinkEvent> {
  return (source$) =>
    new Observable<LinkEvent>((subscriber) => {
      let heardAtMs = 0
      let cancelTimer: Cancel | undefined

      // One timer that looks back, instead of one timer for every piece of data.
      const watch = (delayMs: number): void => {
        cancelTimer = clock.after(delayMs, () => {
          const leftMs = heardAtMs + silenceMs - clock.monotonicMs()
          if (leftMs > 0) {
            watch(leftMs)
            return
          }
          subscriber.next({ kind: 'closed', reason: 'silent' })
          subscriber.complete()
        })
      }

      subscriber.add(() => cancelTimer?.())
      subscriber.add(
        source$.subscribe({
          next: (event) => {
            if (event.kind !== 'failed') heardAtMs = clock.monotonicMs()
            if (event.kind === 'opened') watch(silenceMs)
            subscriber.next(event)
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      )
    })
}
