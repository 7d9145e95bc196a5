/**
 * Lets nothing of a device through before it has said that it is the one the configuration means; and nothing at all
 * of another one. What it says is compared with every identity its driver tells (serial number, system id).
 */

import { Observable, repeat, tap, type MonoTypeOperatorFunction } from 'rxjs'
import type { Text } from '../../devices/protocol.ts'
import type { Cancel, Clock } from '../clock.ts'
import type { EventSink } from '../ports.ts'
import type { Received } from './run-driver.ts'
import { createWithheld } from './withheld.ts'

export interface ExpectedIdentity {
  readonly value: string
  /** 'seek': the line leads on to the next place when this one does not say who it is; 'wait': there is no other. */
  readonly untold: 'seek' | 'wait'
  /** The device was recognised where the line is now. */
  readonly recognised?: () => void
}

export interface IdentityParts {
  readonly device: string
  readonly clock: Clock
  readonly events: EventSink
}

const WRONG_DEVICE = 'wrong-device'
const IDENTITY_NOT_TOLD = 'identity-not-told'

const TELL_LIMIT_MS = 20_000
// A device may tell two identities one after the other, and the configuration means the second.
const SECOND_IDENTITY_MS = 2_000
// A wrong device is not let go and taken again all the time; elsewhere the right one may be found at once.
const RETRY_MS = { wait: 10_000, seek: 500 } as const
const MOST_TOLD = 16

interface Judge {
  readonly expected: ExpectedIdentity
  readonly clock: Clock
  /** Under which name the device was recognised; another value under it is decisive. */
  name: string | undefined
  readonly tellWrong: (text: Text) => void
}

/** Each subscription of the source opens the line with a fresh driver: nothing of a wrong device is remembered. */
export function requireIdentity(
  expected: ExpectedIdentity,
  { device, clock, events }: IdentityParts,
): MonoTypeOperatorFunction<Received> {
  const told = new Set<string>()
  const tellWrong = (text: Text): void => {
    const found = identityOf(text)
    if (told.has(found) || told.size >= MOST_TOLD) return
    told.add(found)
    events.emit('security', WRONG_DEVICE, { device, name: text.name, expected: expected.value, found })
  }
  const judge: Judge = { expected, clock, name: undefined, tellWrong }
  return (source$) =>
    judged(source$, judge).pipe(
      tap((received) => {
        if (received.kind !== 'line' || received.phase !== 'opened') return
        told.clear()
        expected.recognised?.()
      }),
      repeat({ delay: () => pause(clock, RETRY_MS[expected.untold]) }),
    )
}

/** Ends when the device is another one, or does not say which it is while there are other places to look at. */
function judged(source$: Observable<Received>, judge: Judge): Observable<Received> {
  const { expected, clock, tellWrong } = judge
  return new Observable<Received>((subscriber) => {
    const withheld = createWithheld()
    let phase: 'closed' | 'unknown' | 'recognised' = 'closed'
    let cancelLimit: Cancel = () => undefined
    let cancelDoubt: Cancel | undefined

    const reset = (next: typeof phase): void => {
      phase = next
      cancelLimit()
      cancelDoubt?.()
      cancelDoubt = undefined
      withheld.forget()
    }

    const begin = (): void => {
      reset('unknown')
      cancelLimit = clock.after(TELL_LIMIT_MS, () => {
        say(IDENTITY_NOT_TOLD)
        if (expected.untold === 'seek') subscriber.complete()
      })
    }

    const say = (reason: string): void =>
      subscriber.next({ kind: 'line', phase: 'closed', reason, atMs: clock.nowMs() })

    const reject = (text: Text): void => {
      reset('closed')
      tellWrong(text)
      say(WRONG_DEVICE)
      subscriber.complete()
    }

    const recognise = ({ name }: Text): void => {
      const kept = withheld.release()
      reset('recognised')
      judge.name = name
      subscriber.next({ kind: 'line', phase: 'opened', atMs: clock.nowMs() })
      subscriber.next({ kind: 'line', phase: 'delivering', atMs: clock.nowMs() })
      for (const received of kept) subscriber.next(received)
    }

    const hear = (text: Text): void => {
      if (identityOf(text) === expected.value) {
        if (phase !== 'recognised') recognise(text)
      } else if (text.name === judge.name) reject(text)
      else if (phase !== 'recognised') cancelDoubt ??= clock.after(SECOND_IDENTITY_MS, () => reject(text))
    }

    const take = (received: Received): void => {
      if (isLine(received, 'opened')) begin()
      else if (isLine(received, 'closed')) {
        reset('closed')
        subscriber.next(received)
      } else if (PASSING.has(received.kind === 'line' ? received.phase : received.kind))
        subscriber.next(received)
      else {
        if (phase === 'closed') begin()
        const text = identityText(received)
        if (text !== undefined) hear(text)
        if (phase === 'recognised') subscriber.next(received)
        else if (!subscriber.closed) withheld.keep(received)
      }
    }

    subscriber.add(() => reset('closed'))
    subscriber.add(
      source$.subscribe({
        next: take,
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    )
  })
}

// What says something about the line, not about the device behind it.
const PASSING: ReadonlySet<string> = new Set([
  'not-understood',
  'understood',
  'command-failed',
  'command-forbidden',
])

function isLine(received: Received, phase: 'opened' | 'closed'): boolean {
  return received.kind === 'line' && received.phase === phase
}

function identityText(received: Received): Text | undefined {
  if (received.kind !== 'measured' || received.output.kind !== 'text') return undefined
  // What stands behind a line (the pumps of a rack) may be exchanged without the line leading elsewhere.
  const isOfTheLine = received.output.isIdentity === true && received.output.part === undefined
  return isOfTheLine ? received.output : undefined
}

function identityOf({ value }: Text): string {
  return Array.isArray(value) ? value.join(' ') : String(value)
}

function pause(clock: Clock, delayMs: number): Observable<true> {
  return new Observable((subscriber) => clock.after(delayMs, () => subscriber.next(true)))
}
