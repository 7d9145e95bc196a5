/**
 * Keeps the certificates of a running process alive: looks once an hour, does what is due, tells what it did or could not
 * do, and warns of what runs out. Nothing that fails here stops the gateway; it is tried again.
 */

import type { Cancel, Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { EventSink } from '../ports.ts'
import type { TrustedTime } from '../security/trusted-time.ts'
import { createExpiryAlarms, isPressing, type ExpiryRow } from './expiry-alarms.ts'
import { LONGEST_DELAY_MS, Retries } from './retries.ts'
import { upkeepDue, type Holding, type UpkeepAct } from './upkeep-due.ts'

/** What an act has made, for its event: serial, validity. Undefined when there is nothing to tell. */
export type UpkeepDone = Readonly<Record<string, string | number>> | undefined

export interface UpkeepOptions {
  /** Nothing is renewed on a clock that cannot be right: it would be dated wrongly. */
  readonly time: TrustedTime
  /** What this process holds, and what it uses that others hold. */
  readonly holdings: (nowMs: number) => readonly Holding[]
  readonly perform: (act: UpkeepAct, nowMs: number, signal: AbortSignal) => Promise<UpkeepDone>
  readonly expiries: (nowMs: number) => readonly ExpiryRow[]
  /** For the metrics. */
  readonly onExpiries?: ((rows: readonly ExpiryRow[], nowMs: number) => void) | undefined
  /** Within this time it looks for the first time; an hour when absent. */
  readonly firstLookMs?: number | undefined
  /** After every look: listeners and links take up what has changed, also what others have changed. */
  readonly takeUp: () => Promise<void>
  readonly clock: Clock
  readonly events: EventSink
}

export interface Upkeep {
  /** Before anybody is served: does what needs nobody else, and so keeps nothing waiting for a network. */
  prepare(): Promise<void>
  /** Looks now, or once more after the look that is under way: what it finds is no older than the question. */
  look(): Promise<void>
  /** What this process cannot work without and has less than a day of, each with what to do; as of the last look. */
  notReady(): readonly string[]
  stop(): Promise<void>
}

const LOOK_EVERY_MS = LONGEST_DELAY_MS
/** A clock is put right by a person who waits for it. */
const WAIT_FOR_CLOCK_MS = 60_000

/** Looks by itself from now on; call `look` for one in between. */
export function startUpkeep(options: UpkeepOptions): Upkeep {
  return new RunningUpkeep(options)
}

class RunningUpkeep implements Upkeep {
  readonly #options: UpkeepOptions
  readonly #retries = new Retries()
  readonly #alarms = createExpiryAlarms()
  /** As of the last look: whoever asks whether the gateway is ready asks often, and reads no certificate. */
  #rows: readonly ExpiryRow[] = []
  #looking: Promise<void> | undefined
  #lookingAgain: Promise<void> | undefined
  #cancelNext: Cancel
  readonly #stopping = new AbortController()

  constructor(options: UpkeepOptions) {
    this.#options = options
    this.#cancelNext = this.#arm(options.firstLookMs ?? LOOK_EVERY_MS)
  }

  prepare(): Promise<void> {
    return this.#attempt('upkeep', () => this.#doWhatIsDue(isLocal))
  }

  look(): Promise<void> {
    if (this.#looking === undefined) {
      this.#looking = this.#look().finally(() => {
        this.#looking = undefined
      })
      return this.#looking
    }
    this.#lookingAgain ??= this.#looking.then(() => {
      this.#lookingAgain = undefined
      return this.look()
    })
    return this.#lookingAgain
  }

  notReady(): readonly string[] {
    return this.#rows.flatMap((row) => {
      if (!isPressing(row)) return []
      const verb = row.level === 'expired' ? 'has ended' : 'ends'
      return [
        `certificates: ${row.role} '${row.id}' ${verb} ${new Date(row.notAfterMs).toISOString()}: ${row.advice}`,
      ]
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#cancelNext()
    await this.#looking
  }

  #arm(delayMs: number): Cancel {
    return this.#options.clock.after(delayMs, () => void this.look())
  }

  async #look(): Promise<void> {
    const { clock, takeUp, time } = this.#options
    this.#cancelNext()
    if (this.#stopping.signal.aborted) return
    await this.#attempt('upkeep', () => this.#doWhatIsDue(() => true))
    await this.#attempt('take-up', takeUp)
    await this.#attempt('alarms', async () => this.#warn())
    if (this.#stopping.signal.aborted) return
    const retryInMs = this.#retries.nextInMs(clock.monotonicMs()) ?? LOOK_EVERY_MS
    const longestMs = time.standing === 'trusted' ? LOOK_EVERY_MS : WAIT_FOR_CLOCK_MS
    this.#cancelNext = this.#arm(Math.min(longestMs, retryInMs))
  }

  async #doWhatIsDue(isWanted: (act: UpkeepAct) => boolean): Promise<void> {
    const { time, holdings, clock } = this.#options
    if (time.standing === 'implausible')
      throw new Error(`nothing is renewed while the clock is implausible: ${time.reason ?? 'unknown'}`)
    const nowMs = time.nowMs()
    const due = upkeepDue(holdings(nowMs), nowMs).filter(isWanted)
    this.#retries.forgetOthers([...STEPS, ...due.map(nameOf)])
    for (const act of due) {
      if (this.#stopping.signal.aborted) return
      if (!this.#retries.isWaiting(nameOf(act), clock.monotonicMs())) await this.#perform(act, nowMs)
    }
  }

  async #perform(act: UpkeepAct, nowMs: number): Promise<void> {
    const { perform, clock, events } = this.#options
    try {
      const done = await perform(act, nowMs, this.#stopping.signal)
      this.#retries.succeed(nameOf(act))
      if (done !== undefined) events.emit('technical', SUCCESS[act.act], { ...subjectOf(act), ...done })
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      const reason = errorMessage(error)
      if (this.#retries.fail(nameOf(act), reason, clock.monotonicMs()))
        events.emit('technical', FAILURE[act.act], { ...subjectOf(act), reason })
    }
  }

  #warn(): void {
    const { time, expiries, onExpiries, events } = this.#options
    const nowMs = time.nowMs()
    this.#rows = expiries(nowMs)
    onExpiries?.(this.#rows, nowMs)
    for (const { row, level, daysLeft } of this.#alarms.take(this.#rows, nowMs))
      events.emit('technical', level === 'expired' ? 'certificate-expired' : 'certificate-expires', {
        role: row.role,
        id: row.id,
        level,
        daysLeft,
        notAfter: new Date(row.notAfterMs).toISOString(),
        ...(row.actByMs === undefined ? {} : { actBy: new Date(row.actByMs).toISOString() }),
        advice: row.advice,
      })
  }

  /** A step of a look: what it throws is told and tried again, and the steps after it go on. */
  async #attempt(step: (typeof STEPS)[number], run: () => Promise<void>): Promise<void> {
    const { clock, events } = this.#options
    try {
      await run()
      this.#retries.succeed(step)
    } catch (error) {
      const reason = errorMessage(error)
      if (this.#retries.fail(step, reason, clock.monotonicMs()))
        events.emit('technical', 'upkeep-failed', { step, reason })
    }
  }
}

function isLocal(act: UpkeepAct): boolean {
  return act.act === 'renew-certificate' ? act.by === 'store' : act.act !== 'refresh-trust'
}

const STEPS = ['upkeep', 'take-up', 'alarms'] as const

const SUCCESS: Readonly<Record<UpkeepAct['act'], string>> = {
  'renew-authority': 'certificate-renewed',
  'renew-certificate': 'certificate-renewed',
  'refresh-lists': 'crl-renewed',
  'refresh-trust': 'trust-refreshed',
}
const FAILURE: Readonly<Record<UpkeepAct['act'], string>> = {
  'renew-authority': 'certificate-not-renewed',
  'renew-certificate': 'certificate-not-renewed',
  'refresh-lists': 'crl-not-renewed',
  'refresh-trust': 'trust-not-refreshed',
}

function subjectOf(act: UpkeepAct): Readonly<Record<string, string>> {
  if (act.act === 'refresh-lists') return {}
  return act.act === 'renew-authority' ? { role: act.role, id: act.role } : { role: act.role, id: act.id }
}

function nameOf(act: UpkeepAct): string {
  return [act.act, ...Object.values(subjectOf(act))].join(' ')
}
