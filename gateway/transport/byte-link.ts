/** What serial lines and TCP device servers have in common: one stream of bytes that is opened, watched and opened again. */

import { merge, Observable, Subject, type Subscriber } from 'rxjs'
import type { LinkEvent } from '../../devices/protocol.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Link } from '../ports.ts'
import { closeWhenSilent } from './no-data-watchdog.ts'
import { reconnecting } from './reconnect.ts'

/** One opening of a line, from the attempt to open it until it is closed. */
export interface ByteLine {
  /** Sends bytes; `failed` is called when they could not be sent. */
  write(bytes: Uint8Array, failed: (reason: string) => void): void
  /** Closes the line, also while it is still being opened. */
  close(): void
}

/** How a line tells what happens to it. The first `closed` ends the opening; `detail` is for the log alone. */
export interface ByteLineListener<Reason extends string> {
  opened(): void
  bytes(bytes: Uint8Array): void
  closed(reason: Reason, detail: string): void
}

export interface ByteLinkOptions {
  readonly silenceMs: number
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
}

const MIN_DELAY_MS = 1_000
const MAX_DELAY_MS = 30_000

/** `advice` says for every reason why such a line is closed what an engineer can do about it. */
export function createByteLink<Reason extends string>(
  openLine: (listener: ByteLineListener<Reason>) => ByteLine,
  advice: Readonly<Record<Reason, string>>,
  options: ByteLinkOptions,
): Link {
  const { log } = options
  let current: { readonly line: ByteLine; readonly subscriber: Subscriber<LinkEvent> } | undefined
  const refused$ = new Subject<LinkEvent>()
  // A line that stays broken for the same reason says so once, not at every attempt.
  let toldReason: Reason | undefined

  const openOnce = (): Observable<LinkEvent> =>
    new Observable<LinkEvent>((subscriber) => {
      const line = openLine({
        opened: () => {
          current = { line, subscriber }
          toldReason = undefined
          log.info('line-opened')
          subscriber.next({ kind: 'opened' })
        },
        bytes: (bytes) => subscriber.next({ kind: 'bytes', bytes }),
        closed: (reason, detail) => {
          if (subscriber.closed) return
          if (reason !== toldReason) log.warn('line-closed', { reason, detail, advice: advice[reason] })
          toldReason = reason
          subscriber.next({ kind: 'closed', reason })
        },
      })
      return () => {
        if (current?.line === line) current = undefined
        line.close()
      }
    }).pipe(closeWhenSilent(options))

  const line$ = reconnecting(openOnce, { ...options, minDelayMs: MIN_DELAY_MS, maxDelayMs: MAX_DELAY_MS })
  return {
    events$: merge(line$, refused$),
    execute: (command) => {
      if (current === undefined) {
        refused$.next({ kind: 'failed', command, reason: 'closed' })
        return
      }
      const { line, subscriber } = current
      const failed = (reason: string): void => subscriber.next({ kind: 'failed', command, reason })
      if (command.kind === 'send') line.write(command.bytes, failed)
      else failed('not-a-byte-command')
    },
  }
}
