import type { DriverOutput } from '../protocol.ts'
import { COUNTER_AT_CONNECT, nextCounter } from './e2e.ts'
import {
  ASKED_ONCE,
  commandOf,
  FETCH_HISTORY,
  fetchesFor,
  HISTORY_ACCESS,
  historyCommand,
  isSameProcedure,
  pollRound,
  type Procedure,
  READ_ANNUNCIATION,
  READ_CHANGED,
  type RequestName,
  resetStatus,
  STATUS_READER,
  type StatusBit,
} from './insulin-procedures.ts'
import type { FetchStep, RecordFetch } from './record-fetch.ts'
import { snakeCase } from './trust.ts'

const POLL_MS = 60_000
// "No response within 30 seconds: the procedure has failed."
const ANSWER_MS = 30_000

/**
 * One connection to a pump: one procedure at a time over all control points, polls every minute, and the changed-bits
 * of 2B20 reset only when what they announced has been fetched.
 */
export class InsulinConversation {
  readonly #features: readonly string[]
  readonly #isProtected: boolean
  #queue: Procedure[] = []
  #current: { readonly procedure: Procedure; readonly deadlineMs: number } | undefined
  #pollAtMs: number | undefined
  readonly #history: RecordFetch | undefined
  #isHistoryDue = false
  readonly #sentCounters = new Map<string, number>()
  readonly #changed = new Set<string>()
  readonly #fetched = new Set<StatusBit>()

  /** `history` is absent for a pump without record access. */
  constructor(features: readonly string[], isProtected: boolean, history: RecordFetch | undefined) {
    this.#features = features
    this.#isProtected = isProtected
    this.#history = history
  }

  get wakeAtMs(): number | undefined {
    const deadlineMs = this.isFetchingHistory ? this.#history?.deadlineMs : this.#current?.deadlineMs
    const due = [this.#pollAtMs, deadlineMs].filter((atMs) => atMs !== undefined)
    return due.length === 0 ? undefined : Math.min(...due)
  }

  isReading(characteristic: string): boolean {
    const procedure = this.#current?.procedure
    return procedure?.kind === 'read' && procedure.characteristic === characteristic
  }

  /** The request whose answer is awaited on the control point. */
  get request(): { readonly name: RequestName; readonly operand: readonly number[] } | undefined {
    const procedure = this.#current?.procedure
    return procedure?.kind === 'request' ? procedure : undefined
  }

  /** The record access control point is at work: what it reports and answers belongs to the fetch. */
  get isFetchingHistory(): boolean {
    return this.#current?.procedure.kind === 'history'
  }

  begin(atMs: number): readonly DriverOutput[] {
    this.#add([READ_CHANGED, READ_ANNUNCIATION])
    const first = this.#poll(atMs)
    this.#add([...(this.#history === undefined ? [] : [FETCH_HISTORY]), ...ASKED_ONCE])
    return first
  }

  /** What the fetch of the history wants to do next. */
  follow(step: FetchStep, atMs: number): readonly DriverOutput[] {
    if (step.kind === 'wait') return []
    if (step.kind === 'ask')
      return [...noted(step.note), historyCommand(step.request, this.#count(HISTORY_ACCESS))]
    this.#isHistoryDue = step.outcome === 'later'
    return [...noted(step.why), ...this.finish(step.outcome === 'complete', atMs)]
  }

  /** The pump says what has changed: what was fetched before that is fetched again. */
  noteChanged(bits: readonly string[], atMs: number): readonly DriverOutput[] {
    for (const bit of bits) this.#changed.add(bit)
    for (const bit of this.#fetched) if (bits.includes(bit)) this.#fetched.delete(bit)
    this.#add(fetchesFor(bits, this.#features, this.#history !== undefined))
    return this.#advance(atMs)
  }

  /** Ends the current procedure; `follow` comes before everything that waits. */
  finish(isAnswered: boolean, atMs: number, follow: readonly Procedure[] = []): readonly DriverOutput[] {
    const covers = this.#current?.procedure.covers ?? []
    this.#current = undefined
    if (isAnswered) {
      for (const bit of covers) if (this.#changed.has(bit)) this.#fetched.add(bit)
    }
    this.#queue = [...follow, ...this.#queue.filter((waiting) => !includes(follow, waiting))]
    return this.#advance(atMs)
  }

  /** True when the current procedure has waited for its answer too long. */
  hasTimedOut(atMs: number): boolean {
    return !this.isFetchingHistory && this.#current !== undefined && atMs >= this.#current.deadlineMs
  }

  pollIfDue(atMs: number): readonly DriverOutput[] {
    return this.#pollAtMs !== undefined && atMs >= this.#pollAtMs ? this.#poll(atMs) : []
  }

  #poll(atMs: number): readonly DriverOutput[] {
    this.#pollAtMs = atMs + POLL_MS
    this.#add([...pollRound(this.#features), ...(this.#isHistoryDue ? [FETCH_HISTORY] : [])])
    return this.#advance(atMs)
  }

  #add(procedures: readonly Procedure[]): void {
    this.#queue.push(...procedures.filter((procedure) => !includes(this.#queue, procedure)))
  }

  #advance(atMs: number): readonly DriverOutput[] {
    if (this.#current !== undefined) return []
    const procedure = this.#queue.shift() ?? this.#reset()
    if (procedure === undefined) return []
    this.#current = { procedure, deadlineMs: atMs + ANSWER_MS }
    if (procedure.kind === 'history') {
      return this.#history === undefined ? [] : this.follow(this.#history.begin(atMs), atMs)
    }
    return [commandOf(procedure, procedure.kind === 'read' ? undefined : this.#count(STATUS_READER))]
  }

  #reset(): Procedure | undefined {
    if (this.#fetched.size === 0) return undefined
    const procedure = resetStatus(this.#fetched)
    for (const bit of this.#fetched) this.#changed.delete(bit)
    this.#fetched.clear()
    return procedure
  }

  // "One counter per characteristic and direction."
  #count(characteristic: string): number | undefined {
    if (!this.#isProtected) return undefined
    const counter = nextCounter(this.#sentCounters.get(characteristic) ?? COUNTER_AT_CONNECT)
    this.#sentCounters.set(characteristic, counter)
    return counter
  }
}

function noted(word: string | undefined): readonly DriverOutput[] {
  return word === undefined ? [] : [{ kind: 'text', name: 'record_access', value: snakeCase(word) }]
}

function includes(list: readonly Procedure[], procedure: Procedure): boolean {
  return list.some((other) => isSameProcedure(other, procedure))
}
