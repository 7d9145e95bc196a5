/**
 * From a stream of bytes to units (a packet, a line, a message), for protocols where the device just talks.
 * The protocol gives a grammar; here are the bounded window, the resynchronisation and the account of what was lost.
 */

import type { DiscardReason, Driver, DriverOutput, LinkEvent } from '../protocol.ts'
import { DiscardRun } from './discard-run.ts'

/** What stands at the front of the bytes not yet understood. */
export type Judgement<Unit> =
  | { readonly kind: 'more'; readonly needBytes: number }
  | { readonly kind: 'unit'; readonly sizeBytes: number; readonly unit: Unit }
  /** Bytes that mean nothing and are no fault, as an empty line. */
  | { readonly kind: 'skip'; readonly sizeBytes: number }
  /** `isWhole` ends the account here: what follows is a matter of its own. */
  | {
      readonly kind: 'discard'
      readonly sizeBytes: number
      readonly reason: DiscardReason
      readonly isWhole?: boolean
    }

export interface Grammar<Unit> {
  /** The largest legal unit; never are more bytes kept. */
  readonly maxUnitBytes: number
  /**
   * Judges the front of `window`, which is reused afterwards: keep no view of it. A judgement may not change when
   * more bytes follow, except that a run of noise may be cut anywhere: then no chunking changes the output.
   * `isAligned` says that a unit should begin here: at the start, and after each unit.
   */
  judge(window: Uint8Array, isAligned: boolean): Judgement<Unit>
}

/**
 * Turns units into outputs; made anew for each opening of the line, so that nothing outlives a connection. What has to,
 * as an alert whose end must be told, belongs to whoever makes the readers. `isAfterLoss` says that bytes were thrown
 * away between the unit before and this one: a wave has a gap there.
 */
export type UnitReader<Unit> = (unit: Unit, isAfterLoss: boolean) => readonly DriverOutput[]

export function createStreamDriver<Unit>(
  grammar: Grammar<Unit>,
  createReader: () => UnitReader<Unit>,
): Driver {
  return new StreamDriver(grammar, createReader)
}

class StreamDriver<Unit> implements Driver {
  readonly #grammar: Grammar<Unit>
  readonly #createReader: () => UnitReader<Unit>
  readonly #window: Uint8Array
  readonly #run = new DiscardRun()
  #read: UnitReader<Unit>
  #used = 0
  #needBytes = 1
  #isAligned = true
  #isAfterLoss = false

  constructor(grammar: Grammar<Unit>, createReader: () => UnitReader<Unit>) {
    this.#grammar = grammar
    this.#createReader = createReader
    this.#window = new Uint8Array(grammar.maxUnitBytes)
    this.#read = createReader()
  }

  receive(event: LinkEvent): readonly DriverOutput[] {
    const out: DriverOutput[] = []
    if (event.kind === 'bytes') this.#take(event.bytes, out)
    if (event.kind === 'opened' || event.kind === 'closed') this.#restart(out)
    return out
  }

  #take(bytes: Uint8Array, out: DriverOutput[]): void {
    let taken = 0
    while (taken < bytes.length) {
      const piece = bytes.subarray(taken, taken + this.#window.length - this.#used)
      this.#window.set(piece, this.#used)
      this.#used += piece.length
      taken += piece.length
      this.#judgeWindow(out)
    }
  }

  #judgeWindow(out: DriverOutput[]): void {
    let front = 0
    while (this.#used - front >= this.#needBytes) {
      const view = this.#window.subarray(front, this.#used)
      const judgement = this.#grammar.judge(view, this.#isAligned)
      if (judgement.kind !== 'more') {
        this.#apply(judgement, view, out)
        front += judgement.sizeBytes
        this.#needBytes = 1
      } else if (view.length === this.#window.length) {
        // No legal unit is this long, so none begins here.
        this.#apply({ kind: 'discard', sizeBytes: 1, reason: 'overflow' }, view, out)
        front += 1
        this.#needBytes = 1
      } else {
        this.#needBytes = Math.min(Math.max(judgement.needBytes, view.length + 1), this.#window.length)
      }
    }
    this.#window.copyWithin(0, front, this.#used)
    this.#used -= front
  }

  #apply(judgement: Exclude<Judgement<Unit>, { kind: 'more' }>, view: Uint8Array, out: DriverOutput[]): void {
    if (judgement.kind === 'discard') {
      this.#run.add(view.subarray(0, judgement.sizeBytes), judgement.reason, out)
      this.#isAligned = judgement.isWhole === true
      this.#isAfterLoss = true
      if (this.#isAligned) this.#run.flush(out)
      return
    }
    this.#run.flush(out)
    this.#isAligned = true
    if (judgement.kind !== 'unit') return
    out.push(...this.#read(judgement.unit, this.#isAfterLoss))
    this.#isAfterLoss = false
  }

  #restart(out: DriverOutput[]): void {
    this.#run.flush(out)
    this.#run.add(this.#window.subarray(0, this.#used), 'truncated', out)
    this.#run.flush(out)
    this.#used = 0
    this.#needBytes = 1
    this.#isAligned = true
    this.#isAfterLoss = false
    this.#read = this.#createReader()
  }
}
