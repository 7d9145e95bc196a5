/** The life of a reading at the bedside, from the line to the outbox, with the state of the line beside it. */

import {
  catchError,
  connect,
  defer,
  endWith,
  from,
  ignoreElements,
  map,
  merge,
  mergeMap,
  type MonoTypeOperatorFunction,
  Observable,
  repeat,
  takeUntil,
  tap,
} from 'rxjs'
import type { DeviceProtocol, DriverMemory } from '../devices/protocol.ts'
import type { Clock } from './clock.ts'
import type { IngestSet, LinkName } from './contract/reading.ts'
import { errorMessage } from './errors.ts'
import type { Log } from './log.ts'
import type { Outbox } from './outbox/outbox.ts'
import type { Counters, EventSink, Link } from './ports.ts'
import { createAccount } from './stages/account.ts'
import { lineState, lineStates } from './stages/line-state.ts'
import { createPartRouter, devicesOf, type LineParts } from './stages/parts-of-line.ts'
import { createRelay, relayedState, type Relay, type Relayed } from './stages/relay.ts'
import { requireIdentity, type ExpectedIdentity } from './stages/require-identity.ts'
import { runDriver, type Received } from './stages/run-driver.ts'

/** A line and the devices behind it. */
export interface BedsideDevice extends LineParts {
  readonly protocol: DeviceProtocol
  readonly link: Link
  readonly linkName: LinkName
  /** Nothing is published before the device has said that it is this one. */
  readonly identity?: ExpectedIdentity
  readonly memory?: DriverMemory
  /** The terminal of a serial line, for advice. */
  readonly port?: string
}

export interface PipelineParts {
  readonly outbox: Outbox
  readonly bootId: string
  /** The bedside's own look at a set before it is sent. */
  readonly check?: (set: IngestSet) => IngestSet
  readonly clock: Clock
  readonly log: Log
  readonly events: EventSink
  readonly counters: Counters
}

const RESTART_MS = 5_000
// How late a present alert may be told again; far less than its lifetime allows.
const REFRESH_CHECK_MS = 1_000

/** Runs for ever; a fault of ours restarts this line with a fresh driver and touches no other. */
export function pipeline(device: BedsideDevice, parts: PipelineParts): Observable<never> {
  const { clock, outbox } = parts
  const ids = devicesOf(device)
  const relays = relaysOf(device, parts)
  const routeOf = createPartRouter(device, parts)
  const account = createAccount(ids, parts, device.port)

  const take = (received: Received): readonly Relayed[] => {
    if (received.kind === 'line' && received.phase === 'closed') loseAll(relays)
    const id = received.kind === 'measured' ? routeOf(received.output) : device.id
    account(received, id)
    if (received.kind !== 'measured' || id === undefined) return []
    return relays.get(id)?.take(received.output, received.receivedAtMs) ?? []
  }
  const refresh = (): readonly Relayed[] =>
    [...relays.values()].flatMap((relay) => relay.refresh(clock.nowMs()))

  return defer(() => runDriver({ ...device, clock })).pipe(
    identified(device, parts),
    connect((received$) =>
      merge(
        received$.pipe(mergeMap(take)),
        ...ids.map((id) => received$.pipe(lineStates(id), map(relayedState))),
        every(clock, REFRESH_CHECK_MS).pipe(
          mergeMap(refresh),
          takeUntil(received$.pipe(ignoreElements(), endWith(true))),
        ),
      ),
    ),
    catchError((fault: unknown) => {
      parts.log.error('pipeline-fault', { device: device.id, err: fault })
      parts.events.emit('technical', 'pipeline-restarted', { device: device.id, reason: errorMessage(fault) })
      loseAll(relays)
      return from(ids.map((id) => relayedState(lineState(id, 'down', 'internal-fault', clock.nowMs()))))
    }),
    repeat({ delay: () => elapsed(clock, RESTART_MS) }),
    tap((relayed) => outbox.put(relayed)),
    ignoreElements(),
  )
}

function identified(
  { id, identity }: BedsideDevice,
  parts: PipelineParts,
): MonoTypeOperatorFunction<Received> {
  return identity === undefined
    ? (received$) => received$
    : requireIdentity(identity, { ...parts, device: id })
}

function relaysOf(device: BedsideDevice, parts: PipelineParts): ReadonlyMap<string, Relay> {
  const { check = (set) => set, bootId, counters } = parts
  const onRefused = (reason: string): void => counters.count('not_relayed_total', { reason })
  return new Map(
    devicesOf(device).map((id) => [id, createRelay({ ...device, device: id, bootId, check, onRefused })]),
  )
}

function loseAll(relays: ReadonlyMap<string, Relay>): void {
  for (const relay of relays.values()) relay.lineLost()
}

function elapsed(clock: Clock, delayMs: number): Observable<true> {
  return new Observable((subscriber) => clock.after(delayMs, () => subscriber.next(true)))
}

function every(clock: Clock, periodMs: number): Observable<true> {
  return new Observable((subscriber) => clock.every(periodMs, () => subscriber.next(true)))
}
