/** Reads an insulin pump: its state, its annunciation, its stored events. Nothing here gives it an order. */

import { AlertConditions } from './alert-conditions.ts'
import { decodeCharacteristic } from './characteristics.ts'
import { CommonServices } from './common-services.ts'
import { COUNTER_AT_CONNECT } from './e2e.ts'
import { numbersOf, wordsOf } from './fields-of.ts'
import { failureText, missingText, offered, read, subscribe } from './gatt-plan.ts'
import { InsulinConversation } from './insulin-conversation.ts'
import { InsulinEvents } from './insulin-events.ts'
import { bolusDelivery, HISTORY_ACCESS, HISTORY_DATA, STATUS_READER } from './insulin-procedures.ts'
import { annunciation, factsOf, readingOf, refusedReading, reservoir } from './insulin-readings.ts'
import type {
  Command,
  DiscardReason,
  Driver,
  DriverMemory,
  DriverOutput,
  LinkEvent,
  Text,
} from '../protocol.ts'

type Fields = Readonly<Record<string, unknown>>
type ValueEvent = Extract<LinkEvent, { kind: 'value' }>
type Handler = (value: Fields, bytes: Uint8Array, atMs: number) => readonly DriverOutput[]

/** Values of the pump's state. */
export const PUMP_VALUES = {
  CHANGED: '2B20',
  STATUS: '2B21',
  ANNUNCIATION: '2B22',
  FEATURES: '2B23',
} as const

const { CHANGED, STATUS, ANNUNCIATION, FEATURES } = PUMP_VALUES

export const PUMP_INDICATIONS: Readonly<Record<string, string>> = {
  [STATUS_READER]: 'indicate the answers of the status reader',
  [CHANGED]: 'indicate what has changed',
  [STATUS]: 'indicate therapy state, operational state and reservoir',
  [ANNUNCIATION]: 'indicate the active annunciation',
  [HISTORY_ACCESS]: 'indicate the result of a report of events',
  [HISTORY_DATA]: 'notify stored events',
}

const MANDATORY = [FEATURES, STATUS, STATUS_READER]

export class InsulinDeliveryDriver implements Driver {
  readonly #alerts = new AlertConditions()
  readonly #common = new CommonServices()
  readonly #facts = new Map<string, string>()
  readonly #counters = new Map<string, number>()
  #present: readonly string[] | undefined
  #isProtected: boolean | undefined
  readonly #events: InsulinEvents
  #talk: InsulinConversation | undefined

  constructor(memory: DriverMemory | undefined) {
    this.#events = new InsulinEvents(memory)
  }

  get wakeAtMs(): number | undefined {
    const due = [this.#talk?.wakeAtMs, this.#common.wakeAtMs].filter((atMs) => atMs !== undefined)
    return due.length === 0 ? undefined : Math.min(...due)
  }

  receive(event: LinkEvent, atMs: number): readonly DriverOutput[] {
    switch (event.kind) {
      case 'opened':
        return this.#open(event.characteristics)
      case 'closed':
        this.#forget()
        return []
      case 'failed':
        return [failureText(event), ...this.#failed(event.command, event.reason, atMs)]
      case 'value':
        return this.#value(event, atMs)
      case 'bytes':
        break
    }
    return []
  }

  tick(atMs: number): readonly DriverOutput[] {
    const talk = this.#talk
    if (talk === undefined) return this.#common.tick(atMs)
    const late: readonly DriverOutput[] = talk.hasTimedOut(atMs)
      ? [fact('procedure_timed_out', talk.request?.name ?? 'read'), ...talk.finish(false, atMs)]
      : []
    const history = talk.follow(this.#events.fetch.tick(atMs), atMs)
    return [...late, ...history, ...talk.pollIfDue(atMs), ...this.#common.tick(atMs)]
  }

  #open(present: readonly string[] | undefined): readonly DriverOutput[] {
    this.#forget()
    this.#present = present
    const missing = MANDATORY.filter((uuid) => offered([uuid], present).length === 0)
    return missing.length > 0 ? [missingText(missing)] : [read(FEATURES)]
  }

  /** Counters start again on every connection, and what the pump said before may no longer hold. */
  #forget(): void {
    this.#alerts.reopened()
    this.#counters.clear()
    this.#facts.clear()
    this.#isProtected = undefined
    this.#talk = undefined
    this.#common.close()
    this.#events.fetch.reset()
  }

  #failed(command: Command, reason: string, atMs: number): readonly DriverOutput[] {
    const talk = this.#talk
    if (talk === undefined) return []
    if (command.kind === 'write' && command.characteristic === HISTORY_ACCESS)
      return talk.follow(this.#events.fetch.fail(reason), atMs)
    const isCurrent =
      command.kind === 'read'
        ? talk.isReading(command.characteristic)
        : command.kind === 'write' && talk.request !== undefined
    return isCurrent ? talk.finish(false, atMs) : []
  }

  #value(event: ValueEvent, atMs: number): readonly DriverOutput[] {
    const { characteristic, bytes } = event
    const handle = this.#handlers[characteristic]
    if (handle === undefined) return this.#beside(characteristic, bytes, atMs)
    // Before 2B23 was read it is not known whether a value ends in counter and CRC: it cannot be believed.
    if (this.#isProtected === undefined && characteristic !== FEATURES)
      return [discarded('unsupported', bytes)]
    const decoded = decodeCharacteristic(characteristic, bytes, {
      e2e: this.#isProtected ?? false,
      lastCounter: this.#counters.get(characteristic) ?? COUNTER_AT_CONNECT,
    })
    if (!decoded.ok) return this.#refuse(event, decoded.reason, atMs)
    const counter = characteristic === FEATURES ? bytes[2] : bytes[bytes.length - 3]
    this.#counters.set(characteristic, counter ?? COUNTER_AT_CONNECT)
    const wasAsked = this.#isAsked(event)
    const outputs = handle(decoded.value, bytes, atMs)
    return wasAsked ? [...outputs, ...(this.#talk?.finish(true, atMs) ?? [])] : outputs
  }

  /** Another serial number means that no event of this pump was told yet. */
  #beside(characteristic: string, bytes: Uint8Array, atMs: number): readonly DriverOutput[] {
    const outputs = this.#common.value(characteristic, bytes, atMs)
    if (this.#common.identity !== undefined) this.#events.meet(this.#common.identity)
    return outputs
  }

  #isAsked({ characteristic, via }: ValueEvent): boolean {
    return via === 'read' && this.#talk?.isReading(characteristic) === true
  }

  #refuse(event: ValueEvent, reason: DiscardReason, atMs: number): readonly DriverOutput[] {
    const refusal = discarded(reason, event.bytes)
    if (reason === 'bad-counter') {
      // A lost value leaves the counters apart until the next connection: stay silent, so that the link is opened anew.
      this.#talk = undefined
      return [refusal, fact('session_out_of_step', event.characteristic)]
    }
    if (event.characteristic === HISTORY_DATA && reason === 'bad-crc') this.#events.fetch.spoil(atMs)
    const talk = this.#talk
    const isAnswer = event.characteristic === STATUS_READER && talk?.request !== undefined
    if (talk === undefined || !(isAnswer || this.#isAsked(event))) return [refusal]
    return [refusal, ...talk.finish(false, atMs)]
  }

  readonly #handlers: Readonly<Record<string, Handler>> = {
    [FEATURES]: (value, _bytes, atMs) => this.#learn(value, atMs),
    [CHANGED]: ({ changed }, _bytes, atMs) => this.#talk?.noteChanged(wordsOf(changed), atMs) ?? [],
    [STATUS]: (value) => [
      ...this.#news('therapy_control_state', value['therapyControlState']),
      ...this.#news('operational_state', value['operationalState']),
      reservoir(value),
    ],
    [ANNUNCIATION]: (value) => this.#alerts.update(annunciation(value)),
    [HISTORY_DATA]: (value, _bytes, atMs) => this.#events.take(value, atMs),
    [HISTORY_ACCESS]: ({ opCode, response }, bytes, atMs) =>
      opCode === 'response-code' && this.#talk?.isFetchingHistory === true
        ? this.#talk.follow(this.#events.fetch.answer(String(response), atMs), atMs)
        : [discarded('unexpected-op-code', bytes)],
    [STATUS_READER]: (value, bytes, atMs) => this.#answer(value, bytes, atMs),
  }

  #learn(value: Fields, atMs: number): readonly DriverOutput[] {
    if (this.#isProtected !== undefined) return []
    const features = wordsOf(value['features'])
    this.#isProtected = features.includes('e2e-protection')
    const hasHistory = [HISTORY_ACCESS, HISTORY_DATA].every((uuid) => this.#present?.includes(uuid) === true)
    const fetch = hasHistory ? this.#events.fetch : undefined
    this.#talk = new InsulinConversation(features, this.#isProtected, fetch)
    return [
      ...this.#news('insulin_concentration_iu_per_ml', value['concentrationIUmL']),
      ...offered(Object.keys(PUMP_INDICATIONS), this.#present).map(subscribe),
      ...this.#common.open(this.#present, atMs),
      ...this.#talk.begin(atMs),
    ]
  }

  #answer(value: Fields, bytes: Uint8Array, atMs: number): readonly DriverOutput[] {
    const talk = this.#talk
    const request = talk?.request
    if (talk === undefined || request === undefined) return [discarded('unexpected-op-code', bytes)]
    const { opCode, requestOpCode, response } = value
    if (opCode === 'response-code' && requestOpCode === request.name) {
      const isDone = response === 'success' && request.name === 'reset-status'
      const reading = isDone ? [] : refusedReading(request.name, response)
      return [...reading, ...talk.finish(isDone, atMs)]
    }
    if (opCode !== `${request.name}-response` || !isAboutBolus(request.operand, value)) {
      return [discarded('unexpected-op-code', bytes)]
    }
    const follow = [...new Set(numbersOf(value['bolusIds']))].map(bolusDelivery)
    const reading = readingOf(request.name, value, this.#facts.get('therapy_control_state'))
    return [...reading, ...factsOf(request.name, value), ...talk.finish(true, atMs, follow)]
  }

  /** A fact is told when it is new or has changed. */
  #news(name: string, value: unknown): readonly Text[] {
    const text = String(value)
    if (this.#facts.get(name) === text) return []
    this.#facts.set(name, text)
    return [fact(name, text)]
  }
}

// A delivery answer names its bolus; the request had the same two octets first.
function isAboutBolus([low, high]: readonly number[], { bolusId }: Fields): boolean {
  return bolusId === undefined || bolusId === (low ?? 0) + (high ?? 0) * 256
}

function fact(name: string, value: string): Text {
  return { kind: 'text', name, value }
}

function discarded(reason: DiscardReason, bytes: Uint8Array): DriverOutput {
  return { kind: 'discarded', reason, bytes }
}
