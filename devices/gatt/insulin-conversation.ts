import type { Command } from '../protocol.ts'
import { COUNTER_AT_CONNECT, nextCounter } from './e2e.ts'
import {
  commandOf,
  fetchesFor,
  isSameProcedure,
  pollRound,
  type Procedure,
  READ_ANNUNCIATION,
  READ_CHANGED,
  type RequestName,
  resetStatus,
  type StatusBit,
} from './insulin-procedures.ts'

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
  #sentCounter = COUNTER_AT_CONNECT
  readonly #changed = new Set<string>()
  readonly #fetched = new Set<StatusBit>()

  constructor(features: readonly string[], isProtected: boolean) {
    this.#features = features
    this.#isProtected = isProtected
  }

  get wakeAtMs(): number | undefined {
    const due = [this.#pollAtMs, this.#current?.deadlineMs].filter((atMs) => atMs !== undefined)
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

  begin(atMs: number): readonly Command[] {
    this.#add([READ_CHANGED, READ_ANNUNCIATION])
    return this.#poll(atMs)
  }

  /** The pump says what has changed: what was fetched before that is fetched again. */
  noteChanged(bits: readonly string[], atMs: number): readonly Command[] {
    for (const bit of bits) this.#changed.add(bit)
    for (const bit of this.#fetched) if (bits.includes(bit)) this.#fetched.delete(bit)
    this.#add(fetchesFor(bits, this.#features))
    return this.#advance(atMs)
  }

  /** Ends the current procedure; `follow` comes before everything that waits. */
  finish(isAnswered: boolean, atMs: number, follow: readonly Procedure[] = []): readonly Command[] {
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
    return this.#current !== undefined && atMs >= this.#current.deadlineMs
  }

  pollIfDue(atMs: number): readonly Command[] {
    return this.#pollAtMs !== undefined && atMs >= this.#pollAtMs ? this.#poll(atMs) : []
  }

  #poll(atMs: number): readonly Command[] {
    this.#pollAtMs = atMs + POLL_MS
    this.#add(pollRound(this.#features))
    return this.#advance(atMs)
  }

  #add(procedures: readonly Procedure[]): void {
    this.#queue.push(...procedures.filter((procedure) => !includes(this.#queue, procedure)))
  }

  #advance(atMs: number): readonly Command[] {
    if (this.#current !== undefined) return []
    const procedure = this.#queue.shift() ?? this.#reset()
    if (procedure === undefined) return []
    this.#current = { procedure, deadlineMs: atMs + ANSWER_MS }
    return [commandOf(procedure, this.#counterFor(procedure))]
  }

  #reset(): Procedure | undefined {
    if (this.#fetched.size === 0) return undefined
    const procedure = resetStatus(this.#fetched)
    for (const bit of this.#fetched) this.#changed.delete(bit)
    this.#fetched.clear()
    return procedure
  }

  #counterFor(procedure: Procedure): number | undefined {
    if (!this.#isProtected || procedure.kind === 'read') return undefined
    this.#sentCounter = nextCounter(this.#sentCounter)
    return this.#sentCounter
  }
}

function includes(list: readonly Procedure[], procedure: Procedure): boolean {
  return list.some((other) => isSameProcedure(other, procedure))
}
