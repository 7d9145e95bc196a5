/** A consumer of one or more wards: one mutual-TLS session, one board, every message in order. */

import { map, merge, Subject, type Observable } from 'rxjs'
import type { Clock } from '../gateway/clock.ts'
import type { Log } from '../gateway/log.ts'
import type { MessageLinkState } from '../gateway/ports.ts'
import type { TrustedTime } from '../gateway/security/trusted-time.ts'
import { createMqttLink, type ClientMaterial, type RenewOutcome } from '../gateway/uplink/mqtt-link.ts'
import { type BoardChange, WardBoard } from './ward-board.ts'

export interface StationOptions {
  readonly url: string
  readonly id: string
  /** Asked at every connect. */
  readonly material: () => ClientMaterial
  readonly filters: readonly string[]
  /** By which the certificate of the gateway is judged while the clock of this machine is not believed. */
  readonly time?: TrustedTime
  readonly clock: Clock
  readonly log: Log
}

export interface StationMessage {
  readonly topic: string
  readonly payload: Buffer
  readonly receivedAtMs: number
  readonly change: BoardChange
}

export interface Station {
  readonly board: WardBoard
  readonly messages$: Observable<StationMessage>
  /** Every time the session is refused or lost, with the reason. */
  readonly failed$: Observable<{ readonly reason: string }>
  /** The session in words, with protocol and cipher when it is there. */
  status(): string
  readonly session: () => MessageLinkState
  /** Goes over to the newest certificate; what is retained comes again. */
  renew(): Promise<RenewOutcome>
  close(): Promise<void>
}

export function openStation(options: StationOptions): Station {
  const { url, id, material, filters, time, clock, log } = options
  const dates = time === undefined ? undefined : { time, server: 'ours' as const }
  const board = new WardBoard()
  const messages$ = new Subject<StationMessage>()
  const failed$ = new Subject<{ reason: string }>()
  let state: MessageLinkState = { kind: 'connecting' }
  const link = createMqttLink({ url, clientId: id, material, dates, clock, log, random: Math.random })
  const states = link.state$.subscribe((next) => {
    state = next
    if (next.kind === 'offline' || next.kind === 'refused') failed$.next({ reason: next.reason })
  })
  const deliveries = merge(...filters.map((each) => link.subscribe(each)))
    .pipe(
      map(({ topic, payload }) => {
        const receivedAtMs = clock.nowMs()
        return { topic, payload, receivedAtMs, change: board.apply(topic, payload, receivedAtMs) }
      }),
    )
    .subscribe(messages$)
  return {
    board,
    messages$,
    failed$,
    status: () => describe(id, state),
    session: () => state,
    renew: () => link.renew(),
    async close() {
      deliveries.unsubscribe()
      states.unsubscribe()
      await link.close()
    },
  }
}

function describe(id: string, state: MessageLinkState): string {
  if (state.kind === 'online') return `${id}: online, ${state.protocol} ${state.cipher}`
  if (state.kind === 'connecting') return `${id}: connecting`
  return `${id}: ${state.kind.toUpperCase()} (${state.reason}); values below are struck out as their lifetime ends`
}
