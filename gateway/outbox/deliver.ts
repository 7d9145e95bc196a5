/** Empties an outbox through a message link: while it is online, a bounded number at a time, again after a failure. */

import { filter, firstValueFrom, Observable, race, Subject } from 'rxjs'
import type { Cancel, Clock } from '../clock.ts'
import { errorMessage, UplinkError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { MessageLink } from '../ports.ts'
import type { Lease, Outbox } from './outbox.ts'

export interface DeliveryParts {
  readonly outbox: Outbox
  readonly messageLink: MessageLink
  readonly clock: Clock
  readonly log: Log
}

export interface Delivery {
  /** Resolves when everything is acknowledged, or after `withinMs`, with the number of messages still pending. */
  drain(withinMs: number): Promise<number>
  /** Sends nothing more. What is on its way is neither recalled nor waited for. */
  stop(): void
}

// Enough to keep the group commit of the broker busy, few enough to bound what is sent again after a failure.
const IN_FLIGHT_LIMIT = 64
// Blocks of waveforms have places of their own: however many there are, a reading finds one free.
const LIVE_IN_FLIGHT_LIMIT = 16
const RETRY_MS = 1_000
// An acknowledgement that does not come in this time will not come; a repeat is recognised by its sequence number.
const ACKNOWLEDGE_TIMEOUT_MS = 30_000

export function startDelivery({ outbox, messageLink, clock, log }: DeliveryParts): Delivery {
  const settled$ = new Subject<void>()
  /** The time-outs of what is on its way. */
  const inFlight = new Map<Lease, Cancel>()
  const liveInFlight = new Set<Lease>()
  let isOnline = false
  let isStopped = false
  let cancelRetry: Cancel | undefined

  const pump = (): void => {
    if (isStopped || !isOnline || cancelRetry !== undefined) return
    while (inFlight.size - liveInFlight.size < IN_FLIGHT_LIMIT) {
      const lease = outbox.lease()
      if (lease === undefined) break
      send(lease)
    }
    while (liveInFlight.size < LIVE_IN_FLIGHT_LIMIT) {
      const lease = outbox.leaseLive()
      if (lease === undefined) break
      liveInFlight.add(lease)
      send(lease)
    }
  }

  const send = (lease: Lease): void => {
    const late = new UplinkError(`no acknowledgement in ${ACKNOWLEDGE_TIMEOUT_MS} ms`)
    inFlight.set(
      lease,
      clock.after(ACKNOWLEDGE_TIMEOUT_MS, () => settle(lease, late)),
    )
    messageLink.publish(lease.message).then(
      () => settle(lease),
      (error: unknown) => settle(lease, error),
    )
  }

  const settle = (lease: Lease, failure?: unknown): void => {
    const cancelTimeout = inFlight.get(lease)
    if (cancelTimeout === undefined) return
    cancelTimeout()
    inFlight.delete(lease)
    liveInFlight.delete(lease)
    if (failure === undefined) outbox.acknowledge(lease)
    else {
      outbox.giveBack(lease)
      log.debug('publish-failed', { device: lease.device, reason: errorMessage(failure) })
      holdBack()
    }
    pump()
    settled$.next()
  }

  const holdBack = (): void => {
    cancelRetry ??= clock.after(RETRY_MS, () => {
      cancelRetry = undefined
      pump()
    })
  }

  const online = messageLink.state$.subscribe((state) => {
    isOnline = state.kind === 'online'
    pump()
  })
  const arrivals = outbox.arrival$.subscribe(pump)

  return {
    drain: async (withinMs) => {
      if (outbox.pendingCount > 0) {
        const empty$ = settled$.pipe(filter(() => outbox.pendingCount === 0))
        await firstValueFrom(race(empty$, elapsed(clock, withinMs)))
      }
      return outbox.pendingCount
    },
    stop: () => {
      isStopped = true
      online.unsubscribe()
      arrivals.unsubscribe()
      cancelRetry?.()
      for (const cancelTimeout of inFlight.values()) cancelTimeout()
      inFlight.clear()
    },
  }
}

function elapsed(clock: Clock, delayMs: number): Observable<void> {
  return new Observable((subscriber) => clock.after(delayMs, () => subscriber.next()))
}
