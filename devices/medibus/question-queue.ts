/**
 * One question at a time: "a response must complete within 10 s, then up to three repeats". Measured data and alarms
 * go round every second, the rest every half minute; a slow line makes the rounds longer by itself.
 */

import { CODE } from './codes.ts'
import { question, type Question } from './sends.ts'

const ROUND_MS = 1000
const SLOW_ROUND_MS = 30_000
const ANSWER_WITHIN_MS = 10_000
const REPEATS = 3

const EACH_ROUND: readonly Question[] = [CODE.measured1, CODE.alarms1, CODE.measured2, CODE.alarms2]
const SLOW: readonly Question[] = [
  CODE.settings,
  CODE.lowLimits1,
  CODE.highLimits1,
  CODE.lowLimits2,
  CODE.highLimits2,
  CODE.texts,
  CODE.dateTime,
]
const FIRST: readonly Question[] = [CODE.deviceId, ...EACH_ROUND, CODE.realtimeRequest, ...SLOW]

type Ask = Question | typeof CODE.realtimeConfigure

interface Waiting {
  readonly code: Ask
  readonly bytes: Uint8Array
  sentAtMs: number
  repeatsLeft: number
  isRepeatDue: boolean
}

export class QuestionQueue {
  #asks: Ask[] = []
  #configuration: Uint8Array | undefined
  #waiting: Waiting | undefined
  #refused = new Set<Ask>()
  #roundAtMs = 0
  #slowAtMs = 0

  /** When `next` can have something to say. */
  get dueAtMs(): number {
    if (this.#waiting !== undefined)
      return this.#waiting.isRepeatDue ? 0 : this.#waiting.sentAtMs + ANSWER_WITHIN_MS
    return this.#asks.length > 0 ? 0 : this.#roundAtMs
  }

  begin(atMs: number): void {
    this.#asks = [...FIRST]
    this.#waiting = undefined
    this.#configuration = undefined
    this.#refused = new Set()
    this.#roundAtMs = atMs + ROUND_MS
    this.#slowAtMs = atMs + SLOW_ROUND_MS
  }

  ask(code: Question): void {
    if (!this.#asks.includes(code)) this.#asks.push(code)
  }

  /** The curves are chosen next. */
  configure(bytes: Uint8Array): void {
    this.#configuration = bytes
    this.#asks.unshift(CODE.realtimeConfigure)
  }

  /** What to send now; `given-up` when the device has not answered one question in all its repeats. */
  next(atMs: number): Uint8Array | 'given-up' | undefined {
    if (this.#waiting !== undefined) return this.#repeat(this.#waiting, atMs)
    if (this.#asks.length === 0 && atMs >= this.#roundAtMs) this.#fill(atMs)
    const code = this.#asks.shift()
    const bytes = code === undefined ? undefined : this.#bytesOf(code)
    if (code === undefined || bytes === undefined) return undefined
    this.#waiting = { code, bytes, sentAtMs: atMs, repeatsLeft: REPEATS, isRepeatDue: false }
    return bytes
  }

  answered(code: number): 'answered' | 'none' {
    if (this.#waiting?.code !== code) return 'none'
    this.#waiting = undefined
    return 'answered'
  }

  /** The device did not understand: said again, and after that not asked any more. */
  refused(atMs: number): 'answered' | 'none' {
    const waiting = this.#waiting
    if (waiting === undefined) return 'none'
    if (waiting.repeatsLeft === 0) {
      this.#refused.add(waiting.code)
      this.#waiting = undefined
    } else {
      waiting.isRepeatDue = true
      waiting.sentAtMs = atMs
    }
    return 'answered'
  }

  /** The device gave up its answer. */
  drop(): void {
    this.#waiting = undefined
  }

  #repeat(waiting: Waiting, atMs: number): Uint8Array | 'given-up' | undefined {
    if (!waiting.isRepeatDue && atMs - waiting.sentAtMs < ANSWER_WITHIN_MS) return undefined
    if (waiting.repeatsLeft === 0) return 'given-up'
    waiting.repeatsLeft -= 1
    waiting.isRepeatDue = false
    waiting.sentAtMs = atMs
    return waiting.bytes
  }

  #fill(atMs: number): void {
    const isSlowDue = atMs >= this.#slowAtMs
    const wanted = isSlowDue ? [...EACH_ROUND, ...SLOW] : EACH_ROUND
    this.#asks = wanted.filter((code) => !this.#refused.has(code))
    this.#roundAtMs = atMs + ROUND_MS
    if (isSlowDue) this.#slowAtMs = atMs + SLOW_ROUND_MS
  }

  #bytesOf(code: Ask): Uint8Array | undefined {
    return code === CODE.realtimeConfigure ? this.#configuration : question(code)
  }
}
