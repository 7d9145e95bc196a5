/**
 * A line that may be found under several names: they are tried in turn, each until it breaks or until nobody listens
 * any more, because what spoke there was another device. Where the device was recognised is tried first the next time.
 */

import { Observable, Subject, merge, type Subscription } from 'rxjs'
import type { Command, LinkEvent } from '../../devices/protocol.ts'
import type { Cancel, Clock } from '../clock.ts'
import type { Link } from '../ports.ts'
import { reconnectDelayMs } from './reconnect.ts'

export interface RoamingLinkOptions {
  /** Where the device may be, in the order of preference; asked at the start of each round. */
  readonly candidates: () => readonly string[]
  readonly openAt: (path: string) => Link
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
}

export interface RoamingLink extends Link {
  /** The device was recognised where the line is open now. */
  recognised(): void
}

const NEXT_CANDIDATE_MS = 200
const ROUND_PAUSE = { minDelayMs: 1_000, maxDelayMs: 15_000 } as const

export function createRoamingLink(options: RoamingLinkOptions): RoamingLink {
  const { clock } = options
  const refused$ = new Subject<LinkEvent>()
  let current: { readonly path: string; readonly link: Link } | undefined
  let home: string | undefined
  let round: string[] = []
  let isRecognised = false
  let vainRounds = 0
  let isResumed = false
  const links = new Map<string, Link>()

  const linkAt = (path: string): Link => {
    const link = links.get(path) ?? options.openAt(path)
    links.set(path, link)
    return link
  }

  const seek = (emit: (event: LinkEvent) => void): (() => void) => {
    let listening: Subscription | undefined
    let cancelPause: Cancel = () => undefined

    const next = (): void => {
      if (round.length === 0) {
        const candidates = options.candidates()
        round = freshRound(candidates, home)
        for (const path of links.keys()) if (!candidates.includes(path)) links.delete(path)
      }
      const path = round.shift()
      if (path === undefined) {
        emit({ kind: 'closed', reason: 'no-such-port' })
        pause()
        return
      }
      tryAt(path)
    }

    const tryAt = (path: string): void => {
      const link = linkAt(path)
      let hasEnded = false
      current = { path, link }
      isRecognised = false
      const subscription = link.events$.subscribe((event) => {
        if (hasEnded) return
        hasEnded = event.kind === 'closed'
        if (hasEnded) {
          current = undefined
          // Where it was a moment ago it is looked for first; once only, as it may have moved.
          if (isRecognised) round = []
          listening?.unsubscribe()
          pause()
        }
        emit(event)
      })
      listening = subscription
      if (hasEnded) subscription.unsubscribe()
    }

    const pause = (): void => {
      const isRoundOver = round.length === 0
      const delayMs = isRoundOver
        ? reconnectDelayMs(vainRounds++, { ...options, ...ROUND_PAUSE })
        : NEXT_CANDIDATE_MS
      cancelPause = clock.after(delayMs, next)
    }

    if (round.length === 0 && isResumed) pause()
    else next()
    isResumed = true
    return () => {
      cancelPause()
      listening?.unsubscribe()
      // Nobody wants what is here: it was another device, or none that says who it is.
      if (current?.path === home) home = undefined
      current = undefined
    }
  }

  return {
    events$: merge(
      new Observable<LinkEvent>((subscriber) => seek((event) => subscriber.next(event))),
      refused$,
    ),
    execute: (command: Command) => {
      if (current === undefined) refused$.next({ kind: 'failed', command, reason: 'closed' })
      else current.link.execute(command)
    },
    recognised: () => {
      home = current?.path
      isRecognised = true
      vainRounds = 0
    },
  }
}

function freshRound(candidates: readonly string[], home: string | undefined): string[] {
  const known = candidates.filter((path) => path !== home)
  return home === undefined || known.length === candidates.length ? known : [home, ...known]
}
