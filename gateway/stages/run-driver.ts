/** Lets a driver live on a link: events and time go in, what it measured comes out, its commands go to the link. */

import { Observable } from 'rxjs'
import type {
  Command,
  DeviceProtocol,
  DriverMemory,
  DriverOutput,
  LinkEvent,
} from '../../devices/protocol.ts'
import type { Cancel, Clock } from '../clock.ts'
import type { Link } from '../ports.ts'
import { createComprehension } from './comprehension.ts'
import { isPermitted } from './permit-command.ts'

export type Measured = Exclude<DriverOutput, Command>

export type Received =
  | { readonly kind: 'measured'; readonly output: Measured; readonly receivedAtMs: number }
  /** What became of the line; `delivering` is the first data after it was opened. */
  | {
      readonly kind: 'line'
      readonly phase: 'opened' | 'delivering' | 'not-understood' | 'understood'
      readonly atMs: number
    }
  | { readonly kind: 'line'; readonly phase: 'closed'; readonly reason: string; readonly atMs: number }
  | { readonly kind: 'command-failed'; readonly command: Command; readonly reason: string }
  /** The driver asked for what its own closed list does not hold: a fault of ours. It was not executed. */
  | { readonly kind: 'command-forbidden'; readonly command: Command }

export interface DriverRun {
  readonly link: Link
  readonly protocol: Pick<DeviceProtocol, 'createDriver' | 'sends' | 'silenceMs'>
  readonly clock: Clock
  readonly memory?: DriverMemory
}

// A driver that wants to be woken in the past must not turn into a busy loop.
const SHORTEST_WAKE_MS = 10

/**
 * Each subscription opens the link and makes a fresh driver. An exception of the driver is an error of the stream:
 * whoever subscribes decides about a new start.
 */
export function runDriver({ link, protocol, clock, memory }: DriverRun): Observable<Received> {
  return new Observable<Received>((subscriber) => {
    const driver = protocol.createDriver(memory)
    const comprehension = createComprehension(protocol.silenceMs)
    const steadyNowMs = steadyTime(clock)
    const inbox: LinkEvent[] = []
    let isWorking = false
    let hasDelivered = false
    let cancelWake: Cancel | undefined

    const attempt = (work: () => void): void => {
      try {
        work()
      } catch (error) {
        subscriber.error(error)
      }
    }

    // A link may answer a command at once; the answer waits until the driver has finished with what it is at.
    const take = (event: LinkEvent): void => {
      inbox.push(event)
      if (isWorking) return
      isWorking = true
      attempt(() => {
        for (let next = inbox.shift(); next !== undefined && !subscriber.closed; next = inbox.shift())
          feed(next)
        planWake()
      })
      isWorking = false
    }

    const feed = (event: LinkEvent): void => {
      const receivedAtMs = clock.nowMs()
      announce(event, receivedAtMs)
      handOn(driver.receive(event, steadyNowMs()), receivedAtMs)
    }

    const announce = (event: LinkEvent, atMs: number): void => {
      if (event.kind === 'closed')
        subscriber.next({ kind: 'line', phase: 'closed', reason: event.reason, atMs })
      else if (event.kind === 'failed')
        subscriber.next({ kind: 'command-failed', command: event.command, reason: event.reason })
      else if (event.kind === 'opened') {
        hasDelivered = false
        comprehension.opened(clock.monotonicMs())
        subscriber.next({ kind: 'line', phase: 'opened', atMs })
      } else if (!hasDelivered) {
        hasDelivered = true
        subscriber.next({ kind: 'line', phase: 'delivering', atMs })
      }
    }

    const handOn = (outputs: readonly DriverOutput[], receivedAtMs: number): void => {
      for (const output of outputs) {
        if (!isCommand(output)) subscriber.next({ kind: 'measured', output, receivedAtMs })
        else if (isPermitted(output, protocol.sends)) link.execute(output)
        else subscriber.next({ kind: 'command-forbidden', command: output })
      }
      const phase = comprehension.note(outputs, clock.monotonicMs())
      if (phase !== undefined) subscriber.next({ kind: 'line', phase, atMs: receivedAtMs })
    }

    const planWake = (): void => {
      cancelWake?.()
      cancelWake = undefined
      if (subscriber.closed || driver.wakeAtMs === undefined || driver.tick === undefined) return
      const delayMs = Math.max(SHORTEST_WAKE_MS, driver.wakeAtMs - steadyNowMs())
      cancelWake = clock.after(delayMs, wake)
    }

    const wake = (): void => {
      isWorking = true
      attempt(() => handOn(driver.tick?.(steadyNowMs()) ?? [], clock.nowMs()))
      isWorking = false
      attempt(planWake)
    }

    subscriber.add(() => cancelWake?.())
    subscriber.add(
      link.events$.subscribe({
        next: take,
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    )
  })
}

/** A driver's time-outs must survive a step of the wall clock: epoch milliseconds that only ever move forward. */
function steadyTime(clock: Clock): () => number {
  const offsetMs = clock.nowMs() - clock.monotonicMs()
  return () => clock.monotonicMs() + offsetMs
}

const COMMAND_KINDS: ReadonlySet<string> = new Set<Command['kind']>(['send', 'read', 'subscribe', 'write'])

function isCommand(output: DriverOutput): output is Command {
  return COMMAND_KINDS.has(output.kind)
}
