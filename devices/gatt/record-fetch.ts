/**
 * The conversation that fetches the stored records of a device, whatever control point carries it: one procedure at a
 * time, what is new after the last record told, an abort when the device falls silent, and never a deletion.
 */

import type { RecordLog } from './record-log.ts'

export type RecordRequest =
  | { readonly kind: 'all' }
  | { readonly kind: 'since'; readonly min: number }
  | { readonly kind: 'newest' }
  | { readonly kind: 'abort' }

export type FetchStep =
  | { readonly kind: 'wait' }
  | { readonly kind: 'ask'; readonly request: RecordRequest; readonly note?: string }
  | { readonly kind: 'over'; readonly outcome: FetchOutcome; readonly why?: string }

/** 'later': it is worth asking again after a pause. 'refused': it is not, on this connection. */
export type FetchOutcome = 'complete' | 'later' | 'refused'

// "Silence for 30 s after the write response or the last record: the procedure has failed."
const ANSWER_MS = 30_000

// A record that arrives damaged is asked for again; one that is damaged in the device would be asked for for ever.
const MOST_REPAIRS = 2

const WAIT: FetchStep = { kind: 'wait' }

const BUSY: ReadonlySet<string> = new Set([
  'server-busy',
  'procedure-not-completed',
  'procedure-already-in-progress',
  'cccd-improperly-configured',
  'queue-full',
])
const FILTER_REFUSED: ReadonlySet<string> = new Set([
  'invalid-operator',
  'operator-not-supported',
  'invalid-operand',
  'operand-not-supported',
])

interface Running {
  readonly request: RecordRequest
  deadlineMs: number
  /** What was told before this fetch began. */
  readonly toldBefore: number
  readonly seen: Set<number>
  newest: number | undefined
  isDamaged: boolean
}

export class RecordFetch {
  readonly #log: RecordLog
  readonly #highest: number
  #running: Running | undefined
  #repairs = 0
  #isFilterRefused = false
  #isCounterChecked = false
  /** After a restart of the numbers the records above it are old ones. */
  #ceiling: number | undefined
  /** Records that came live while older ones were still to be fetched. */
  readonly #ahead = new Set<number>()

  /** `highest` is the largest number the control point can express. */
  constructor(log: RecordLog, highest = 0xffff) {
    this.#log = log
    this.#highest = highest
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** Records are expected: a procedure runs, and it is no abort. */
  get isReporting(): boolean {
    return this.#running !== undefined && this.#running.request.kind !== 'abort'
  }

  get deadlineMs(): number | undefined {
    return this.#running?.deadlineMs
  }

  /** The connection has ended, or another one has begun. */
  reset(): void {
    this.#running = undefined
    this.#repairs = 0
    this.#isCounterChecked = false
    this.#ceiling = undefined
  }

  /** Forgets what was told: another session, or another device. */
  startOver(): void {
    this.#log.forget()
    this.#ahead.clear()
  }

  begin(atMs: number): FetchStep {
    this.#repairs = 0
    return this.#report(atMs)
  }

  /** True when this record was not told before; `isLive` when it came by itself while older ones are still wanted. */
  take(sequence: number, atMs: number, isLive = false): boolean {
    const running = this.#running
    if (running === undefined) {
      if (isLive && this.#ahead.has(sequence)) return false
      if (isLive) this.#ahead.add(sequence)
      else this.#log.tell(sequence)
      return true
    }
    running.deadlineMs = atMs + ANSWER_MS
    const isKnown = sequence <= running.toldBefore || running.seen.has(sequence) || this.#ahead.has(sequence)
    if (running.request.kind === 'newest') running.newest = sequence
    // In order and once: what follows a damaged record is asked for again together with it.
    const isFollower = running.isDamaged && !isLive
    if (isKnown || isFollower || sequence > (this.#ceiling ?? Infinity)) return false
    running.seen.add(sequence)
    if (isLive) this.#ahead.add(sequence)
    else this.#log.tell(sequence)
    return true
  }

  /** A record without a number has arrived. */
  touch(atMs: number): void {
    if (this.#running !== undefined) this.#running.deadlineMs = atMs + ANSWER_MS
  }

  /** A record of this fetch could not be read because it was damaged on its way. */
  spoil(atMs: number): void {
    if (this.#running === undefined) return
    this.#running.deadlineMs = atMs + ANSWER_MS
    if (this.#repairs < MOST_REPAIRS) this.#running.isDamaged = true
  }

  /** The result in the words of the control point. */
  answer(result: string, atMs: number): FetchStep {
    const running = this.#running
    if (running === undefined) return WAIT
    const { request } = running
    if (request.kind === 'abort') return this.#over('later', 'aborted')
    if (result === 'success') return this.#succeed(running, atMs)
    if (request.kind === 'newest') return this.#over('complete')
    if (result === 'no-records-found') return this.#checkCounter(request, atMs)
    if (BUSY.has(result)) return this.#over('later', result)
    if (request.kind === 'since' && FILTER_REFUSED.has(result)) {
      this.#isFilterRefused = true
      return this.#ask({ kind: 'all' }, atMs)
    }
    return this.#over('refused', result)
  }

  /** The request could not be written. */
  fail(reason: string): FetchStep {
    if (this.#running === undefined) return WAIT
    return this.#over(
      BUSY.has(reason) || this.#running.request.kind === 'abort' ? 'later' : 'refused',
      reason,
    )
  }

  tick(atMs: number): FetchStep {
    if (this.#running === undefined || atMs < this.#running.deadlineMs) return WAIT
    if (this.#running.request.kind === 'abort') return this.#over('later', 'timed-out')
    return this.#ask({ kind: 'abort' }, atMs, 'timed-out')
  }

  #report(atMs: number): FetchStep {
    const { last } = this.#log
    const canFilter = last !== undefined && last < this.#highest && !this.#isFilterRefused
    return this.#ask(canFilter ? { kind: 'since', min: last + 1 } : { kind: 'all' }, atMs)
  }

  #ask(request: RecordRequest, atMs: number, note?: string): FetchStep {
    this.#running = {
      request,
      deadlineMs: atMs + ANSWER_MS,
      toldBefore: this.#log.last ?? -1,
      seen: new Set(),
      newest: undefined,
      isDamaged: false,
    }
    return { kind: 'ask', request, ...(note !== undefined && { note }) }
  }

  #succeed(running: Running, atMs: number): FetchStep {
    if (running.isDamaged) {
      this.#repairs += 1
      return this.#report(atMs)
    }
    const { last } = this.#log
    const { newest } = running
    if (running.request.kind !== 'newest' || newest === undefined) return this.#over('complete')
    this.#isCounterChecked = true
    if (last === undefined || newest >= last) return this.#over('complete')
    // The newest record has a smaller number than one told before: the device has begun to count again.
    this.startOver()
    this.#ceiling = newest
    return this.#ask({ kind: 'all' }, atMs, 'record-numbers-restarted')
  }

  /** "Nothing after the last" is also what a device says that has begun to count again: its newest record tells. */
  #checkCounter(request: RecordRequest, atMs: number): FetchStep {
    if (request.kind !== 'since' || this.#isCounterChecked) return this.#over('complete')
    return this.#ask({ kind: 'newest' }, atMs)
  }

  #over(outcome: FetchOutcome, why?: string): FetchStep {
    this.#running = undefined
    if (outcome === 'complete') {
      for (const sequence of this.#ahead) this.#log.tell(sequence)
      this.#ahead.clear()
    }
    return { kind: 'over', outcome, ...(why !== undefined && { why }) }
  }
}
