/**
 * The life of one reading at the bedside, and the line state beside it. Relayed topics are `numeric` and `state`;
 * waveforms and alerts are counted and go no further.
 */

import {
  catchError,
  connect,
  defer,
  filter,
  ignoreElements,
  map,
  merge,
  Observable,
  of,
  pipe,
  repeat,
  tap,
  type OperatorFunction,
} from 'rxjs'
import type { DeviceProtocol, DriverMemory, Observation } from '../devices/protocol.ts'
import type { Clock } from './clock.ts'
import type { IngestSet, IngestState, LinkName } from './contract/reading.ts'
import { ingestTopic, type IngestKind } from './contract/topics.ts'
import { errorMessage } from './errors.ts'
import type { Log } from './log.ts'
import type { Outbox } from './outbox/outbox.ts'
import type { Counters, EventSink, Link, OutboundMessage } from './ports.ts'
import { createAccount } from './stages/account.ts'
import { lineState, lineStates } from './stages/line-state.ts'
import { requireIdentity, type ExpectedIdentity } from './stages/require-identity.ts'
import { runDriver, type Received } from './stages/run-driver.ts'
import { createStamper, type Stamper } from './stages/stamp.ts'

export interface BedsideDevice {
  readonly id: string
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

/** Runs for ever; a fault of ours restarts this device with a fresh driver and touches no other. */
export function pipeline(device: BedsideDevice, parts: PipelineParts): Observable<never> {
  const { clock, outbox, check = (set) => set } = parts
  const stamp = createStamper({ ...parts, ...device, device: device.id })
  const account = createAccount(device.id, parts, device.port)
  const { identity } = device
  const identified =
    identity === undefined
      ? (received$: Observable<Received>) => received$
      : requireIdentity(identity, { ...parts, device: device.id })

  return defer(() => runDriver({ ...device, clock })).pipe(
    identified,
    tap(account),
    connect((received$) =>
      merge(
        received$.pipe(stamped(stamp), map(check), map(numericMessage)),
        received$.pipe(lineStates(device.id), map(stateMessage)),
      ),
    ),
    catchError((fault: unknown) => {
      parts.log.error('pipeline-fault', { device: device.id, err: fault })
      parts.events.emit('technical', 'pipeline-restarted', { device: device.id, reason: errorMessage(fault) })
      return of(stateMessage(lineState(device.id, 'down', 'internal-fault', clock.nowMs())))
    }),
    repeat({ delay: () => elapsed(clock, RESTART_MS) }),
    tap((message) => outbox.put(device.id, message)),
    ignoreElements(),
  )
}

function stamped(stamp: Stamper): OperatorFunction<Received, IngestSet> {
  return pipe(
    filter((received) => received.kind === 'measured'),
    filter(isReading),
    map(({ output, receivedAtMs }) => stamp(output, receivedAtMs)),
  )
}

/** An observation without a single numeric says nothing. */
function isReading(
  received: Extract<Received, { readonly kind: 'measured' }>,
): received is typeof received & { readonly output: Observation } {
  return received.output.kind === 'observation' && received.output.numerics.length > 0
}

function numericMessage(set: IngestSet): OutboundMessage {
  return ingestMessage(set, 'numeric')
}

export function stateMessage(state: IngestState): OutboundMessage {
  return ingestMessage(state, 'state')
}

function ingestMessage(content: IngestSet | IngestState, kind: IngestKind): OutboundMessage {
  return {
    topic: ingestTopic(content.device, kind),
    payload: Buffer.from(JSON.stringify(content)),
    qos: 1,
    retain: false,
  }
}

function elapsed(clock: Clock, delayMs: number): Observable<true> {
  return new Observable((subscriber) => clock.after(delayMs, () => subscriber.next(true)))
}
