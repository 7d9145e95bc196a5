/**
 * The host's side of MEDIBUS. The device calls until it is answered, asks who is there, and then answers one question
 * after the other as long as the line is never silent for 3 s. What it asks is answered, always.
 */

import type { Command } from '../protocol.ts'
import { CODE } from './codes.ts'
import { chooseCurves, type Curve } from './curves.ts'
import type { Message } from './message.ts'
import { QuestionQueue } from './question-queue.ts'
import { configureCurves, emptyAnswer, enableCurves, NAK, OUR_ID, question } from './sends.ts'
import type { Control } from './slow-line.ts'

const CALL_EVERY_MS = 3000
/** "Wait 200 ms before configuring." */
const SETTLE_MS = 200
const SILENCE_MS = 3000
const NOP_AFTER_MS = 2000
const RESUME_WITHIN_MS = 3000
/** An enable command has no answer and is repeated. */
const ENABLE_EVERY_MS = 5000

type Phase = 'closed' | 'calling' | 'settling' | 'talking'

export class Conversation {
  readonly #queue = new QuestionQueue()
  #phase: Phase = 'closed'
  /** When the next call is due, or when the device has settled. */
  #phaseDueAtMs = 0
  #sentAtMs = 0
  #heardAtMs = 0
  #suspendedUntilMs = 0
  #curves: readonly Curve[] = []
  #enableAtMs = 0

  /** The curves that flow, in their order; empty when none was configured since the device began anew. */
  get curves(): readonly Curve[] {
    return this.#curves
  }

  get wakeAtMs(): number | undefined {
    if (this.#phase === 'closed') return undefined
    if (this.#phase !== 'talking') return this.#phaseDueAtMs
    return Math.min(
      this.#heardAtMs + SILENCE_MS,
      this.#sentAtMs + NOP_AFTER_MS,
      Math.max(this.#queue.dueAtMs, this.#suspendedUntilMs),
      this.#curves.length > 0 ? this.#enableAtMs : Infinity,
    )
  }

  open(atMs: number): readonly Command[] {
    return this.#call(atMs)
  }

  close(): void {
    this.#phase = 'closed'
    this.#curves = []
  }

  /** Bytes of the slow protocol came; those of the curves are no sign of life. */
  alive(atMs: number): void {
    this.#heardAtMs = atMs
  }

  command({ code }: Message, atMs: number): readonly Command[] {
    if (this.#phase === 'closed') return []
    if (code === CODE.icc) this.#settle(atMs)
    if (code === CODE.deviceId) {
      if (this.#phase !== 'talking') this.#settle(atMs)
      return this.#send(OUR_ID, atMs)
    }
    if (code === CODE.timeChanged) this.#queue.ask(CODE.dateTime)
    if (code === CODE.realtimeChanged) {
      this.#curves = []
      this.#queue.ask(CODE.realtimeRequest)
    }
    const answer = emptyAnswer(code)
    const answered = answer === undefined ? [] : this.#send(answer, atMs)
    if (code === CODE.stop) this.#wait(atMs)
    return answered
  }

  corruptCommand(atMs: number): readonly Command[] {
    return this.#phase === 'closed' ? [] : this.#send(NAK, atMs)
  }

  control(control: Control, atMs: number): void {
    if (control === 'suspend') this.#suspendedUntilMs = atMs + RESUME_WITHIN_MS
    if (control === 'resume') this.#suspendedUntilMs = atMs
    if (control === 'abort') this.#queue.drop()
  }

  /** `offered` is what the device has described so far. */
  response({ code }: Message, offered: readonly Curve[], atMs: number): readonly Command[] {
    if (code === CODE.icc && this.#phase === 'calling') this.#settle(atMs)
    if (this.#phase !== 'talking') return []
    const answered = code === CODE.nak ? this.#queue.refused(atMs) : this.#queue.answered(code)
    if (answered === 'none') return []
    if (code === CODE.realtimeRequest) {
      const chosen = chooseCurves(offered)
      if (chosen.length > 0) this.#queue.configure(configureCurves(chosen))
    }
    if (code === CODE.realtimeConfigure) {
      this.#curves = chooseCurves(offered)
      this.#enableAtMs = atMs
    }
    return this.due(atMs)
  }

  due(atMs: number): readonly Command[] {
    if (this.#phase === 'closed') return []
    if (this.#phase !== 'talking') {
      if (atMs < this.#phaseDueAtMs) return []
      if (this.#phase === 'calling') return this.#call(atMs)
      this.#phase = 'talking'
      this.#heardAtMs = atMs
      this.#queue.begin(atMs)
    }
    if (atMs - this.#heardAtMs >= SILENCE_MS) return this.#call(atMs)
    return this.#talk(atMs)
  }

  #talk(atMs: number): readonly Command[] {
    if (atMs < this.#suspendedUntilMs) return []
    const next = this.#queue.next(atMs)
    if (next === 'given-up') return this.#call(atMs)
    const asked = next === undefined ? [] : this.#send(next, atMs)
    const kept = atMs - this.#sentAtMs >= NOP_AFTER_MS ? this.#send(question(CODE.nop), atMs) : []
    return [...asked, ...kept, ...this.#enable(atMs)]
  }

  #enable(atMs: number): readonly Command[] {
    if (this.#curves.length === 0 || atMs < this.#enableAtMs) return []
    this.#enableAtMs = atMs + ENABLE_EVERY_MS
    return [{ kind: 'send', bytes: enableCurves(this.#curves.length) }]
  }

  #call(atMs: number): readonly Command[] {
    this.#wait(atMs)
    return this.#send(question(CODE.icc), atMs)
  }

  #wait(atMs: number): void {
    this.#phase = 'calling'
    this.#phaseDueAtMs = atMs + CALL_EVERY_MS
    this.#curves = []
    this.#suspendedUntilMs = atMs
  }

  // "After any re-initialisation all configuration is lost."
  #settle(atMs: number): void {
    this.#phase = 'settling'
    this.#phaseDueAtMs = atMs + SETTLE_MS
    this.#curves = []
  }

  #send(bytes: Uint8Array, atMs: number): readonly Command[] {
    this.#sentAtMs = atMs
    return [{ kind: 'send', bytes }]
  }
}
