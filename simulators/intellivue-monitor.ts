/**
 * A simulated IntelliVue as its data export sees it: unassociated, associated, configured; polls that end by themselves;
 * an association that ends when nobody polls. It speaks user data: the line it stands on is the transport's.
 */

import { readSession } from '../devices/intellivue/association.ts'
import { IntellivueAlarms } from './intellivue-alarms.ts'
import { acceptAssociation, describeMonitor, REFUSE, RELEASED } from './intellivue-greeting.ts'
import {
  cuffReading,
  intellivueReading,
  numericObjects,
  type HeldCuff,
  type IntellivueReading,
  type WireObject,
} from './intellivue-numerics.ts'
import { attribute, list, u16, u32 } from './intellivue-octets.ts'
import { readQuestion, type Question } from './intellivue-question.ts'
import { MDS, operation, pollResults, type Poll } from './intellivue-results.ts'
import { createWaveGenerator, WAVE_PERIOD_MS, WAVE_TEXT_IDS } from './intellivue-waves.ts'
import { seededRandom } from './random.ts'
import type { Talker, TalkerOptions } from './talker.ts'
import type { Due } from './timeline.ts'

/** "If nothing is exchanged for the minimum poll period (40 s) the association times out." */
const PATIENCE_MS = 40_000
const TICKS_PER_MS = 8
const TICK_ROUND = 2 ** 32
const CODE = { numerics: 0x0006, waves: 0x0009, alarms: 0x0036 } as const

interface ActivePoll {
  readonly poll: Poll
  readonly endsAtMs: number
  sequence: number
}

export function createIntellivueMonitor(options: TalkerOptions): Talker {
  return new Monitor(options)
}

class Monitor implements Talker {
  readonly #serial: string
  readonly #waves: ReturnType<typeof createWaveGenerator>
  readonly #alarms = new IntellivueAlarms()
  readonly #polls = new Map<number, ActivePoll>()
  #phase: 'unassociated' | 'associated' | 'configured' = 'unassociated'
  #heardAtMs = 0
  #startedAtMs: number | undefined
  #waveList = WAVE_TEXT_IDS
  #wavesDueMs: number | undefined
  #reading: IntellivueReading | undefined
  #isUnsent = false
  #cuff: HeldCuff | undefined
  #cuffRowAtS: number | undefined

  constructor({ seed, serial }: TalkerOptions) {
    this.#serial = serial
    this.#waves = createWaveGenerator(seededRandom(seed))
  }

  get wakeAtMs(): number | undefined {
    return this.#wavesDueMs
  }

  /** The monitor measures: who has asked for it is told. */
  show(due: Due, atMs: number): readonly Uint8Array[] {
    this.#reading = intellivueReading(due)
    const cuff = cuffReading(due)
    if (cuff !== undefined && due.row?.atS !== this.#cuffRowAtS) {
      this.#cuff = { reading: cuff, measuredAtMs: atMs }
      this.#cuffRowAtS = due.row?.atS
    }
    this.#isUnsent = true
    this.#expire(atMs)
    return [...this.#continue(CODE.numerics, atMs), ...this.#continue(CODE.alarms, atMs)]
  }

  connected(): readonly Uint8Array[] {
    return []
  }

  hear(userData: Uint8Array, atMs: number): readonly Uint8Array[] {
    this.#expire(atMs)
    const session = readSession(userData)
    if (!('reason' in session)) {
      this.#heardAtMs = atMs
      if (session.phase === 'request') return this.#accept(session.profile?.extendedOptions ?? 0, atMs)
      if (session.phase === 'abort') this.#part()
      if (session.phase !== 'release-request' || this.#phase === 'unassociated') return []
      this.#part()
      return [RELEASED]
    }
    if (session.reason !== 'unsupported') return [REFUSE]
    return this.#phase === 'unassociated' ? [] : this.#answer(readQuestion(userData), atMs)
  }

  tick(atMs: number): readonly Uint8Array[] {
    this.#expire(atMs)
    if (this.#wavesDueMs === undefined || atMs < this.#wavesDueMs) return []
    // What is long overdue is not made up for: a monitor does not store its waves.
    this.#wavesDueMs = Math.max(this.#wavesDueMs + WAVE_PERIOD_MS, atMs)
    return this.#continue(CODE.waves, atMs)
  }

  #accept(askedOptions: number, atMs: number): readonly Uint8Array[] {
    this.#part()
    this.#phase = 'associated'
    const identity = { serial: this.#serial, nowMs: atMs, ticks: this.#ticksAt(atMs) }
    return [acceptAssociation(askedOptions), describeMonitor(identity)]
  }

  #part(): void {
    this.#phase = 'unassociated'
    this.#polls.clear()
    this.#wavesDueMs = undefined
  }

  #expire(atMs: number): void {
    if (this.#phase !== 'unassociated' && atMs - this.#heardAtMs > PATIENCE_MS) this.#part()
    for (const [code, { endsAtMs }] of this.#polls) if (atMs >= endsAtMs) this.#polls.delete(code)
    if (!this.#polls.has(CODE.waves)) this.#wavesDueMs = undefined
  }

  #answer(question: Question, atMs: number): readonly Uint8Array[] {
    if (question.kind === 'nonsense')
      return question.invokeId === undefined ? [] : [failure(question.invokeId)]
    this.#heardAtMs = atMs
    if (question.kind === 'mds-acknowledged') this.#phase = 'configured'
    if (question.kind === 'mds-acknowledged' || this.#phase !== 'configured') return []
    if (question.kind === 'get-wave-list') return [waveListResult(question.invokeId, this.#waveList, GET)]
    if (question.kind === 'set-wave-list') {
      this.#waveList = question.textIds.filter((textId) => WAVE_TEXT_IDS.includes(textId))
      return [waveListResult(question.invokeId, this.#waveList, CONFIRMED_SET)]
    }
    return this.#begin(question.poll, question.activeTicks, atMs)
  }

  /** A single poll tells everything once; an extended one begins with what the objects are. */
  #begin(poll: Poll, activeTicks: number, atMs: number): readonly Uint8Array[] {
    const objects = this.#objects(poll.objectCode, poll.isExtended ? undefined : this.#reading)
    if (objects === undefined) return [failure(poll.invokeId)]
    if (!poll.isExtended) {
      const everything = objects.map((one) => [one, [...one.statics, ...one.values]] as const)
      return pollResults({ poll, sequence: 0, ticks: this.#ticksAt(atMs), objects: everything })
    }
    this.#polls.set(poll.objectCode, { poll, endsAtMs: atMs + activeTicks / TICKS_PER_MS, sequence: 1 })
    if (poll.objectCode === CODE.waves) this.#wavesDueMs ??= atMs + WAVE_PERIOD_MS
    const statics = objects.map((one) => [one, one.statics] as const)
    const first = pollResults({ poll, sequence: 0, ticks: this.#ticksAt(atMs), objects: statics })
    if (poll.objectCode !== CODE.numerics || !this.#isUnsent) return first
    return [...first, ...this.#continue(CODE.numerics, atMs)]
  }

  #continue(code: number, atMs: number): readonly Uint8Array[] {
    const active = this.#polls.get(code)
    if (active === undefined || this.#phase !== 'configured' || this.#reading === undefined) return []
    const objects = this.#objects(code, this.#reading) ?? []
    const { poll, sequence } = active
    active.sequence = (sequence + 1) & 0xffff
    if (code === CODE.numerics) this.#isUnsent = false
    const values = objects.map((one) => [one, one.values] as const)
    return pollResults({ poll, sequence, ticks: this.#ticksAt(atMs), objects: values })
  }

  /** Without a reading the objects are there, and have no values. */
  #objects(code: number, reading: IntellivueReading | undefined): readonly WireObject[] | undefined {
    if (code === CODE.numerics) return numericObjects(reading ?? NOTHING, this.#cuff)
    if (code === CODE.alarms) return [this.#alarms.object(reading)]
    return code === CODE.waves ? this.#waves.objects(this.#waveList, reading) : undefined
  }

  #ticksAt(atMs: number): number {
    this.#startedAtMs ??= atMs
    return Math.round((atMs - this.#startedAtMs) * TICKS_PER_MS) % TICK_ROUND
  }
}

const NOTHING: IntellivueReading = intellivueReading({ atS: 0, elapsedS: 0, row: undefined })

const GET = 3
const CONFIRMED_SET = 5
const RESULT = 2
const ERROR = 3

function waveListResult(invokeId: number, textIds: readonly number[], command: number): Uint8Array {
  const argument = [...MDS, ...list([attribute(0xf23a, list(textIds.map(u32)))])]
  return operation(RESULT, [...u16(invokeId), ...u16(command), ...u16(argument.length), ...argument])
}

/** The value of an error was not captured: only under which id something failed is of use. */
function failure(invokeId: number): Uint8Array {
  return operation(ERROR, [...u16(invokeId), ...u16(0), ...u16(0)])
}
