/** Insulin Delivery Service 183A, read only: status, annunciation, and the requests of the status reader. */

import { AlertConditions } from './gatt/alert-conditions.ts'
import { decodeCharacteristic } from './gatt/characteristics.ts'
import { CommonServices } from './gatt/common-services.ts'
import { COUNTER_AT_CONNECT } from './gatt/e2e.ts'
import { numbersOf, wordsOf } from './gatt/fields-of.ts'
import {
  failureText,
  missingText,
  offered,
  read,
  readRules,
  subscribe,
  subscribeRules,
} from './gatt/gatt-plan.ts'
import { InsulinConversation } from './gatt/insulin-conversation.ts'
import { bolusDelivery, REQUEST_RULES, STATUS_READER } from './gatt/insulin-procedures.ts'
import {
  annunciation,
  INSULIN_METRICS,
  readingOf,
  refusedReading,
  reservoir,
} from './gatt/insulin-readings.ts'
import type {
  Command,
  DeviceProtocol,
  DiscardReason,
  Driver,
  DriverOutput,
  LinkEvent,
  Text,
} from './protocol.ts'

type Fields = Readonly<Record<string, unknown>>
type ValueEvent = Extract<LinkEvent, { kind: 'value' }>
type Handler = (value: Fields, bytes: Uint8Array, atMs: number) => readonly DriverOutput[]

const CHANGED = '2B20'
const STATUS = '2B21'
const ANNUNCIATION = '2B22'
const FEATURES = '2B23'

const INDICATIONS: Readonly<Record<string, string>> = {
  [STATUS_READER]: 'indicate the answers of the status reader',
  [CHANGED]: 'indicate what has changed',
  [STATUS]: 'indicate therapy state, operational state and reservoir',
  [ANNUNCIATION]: 'indicate the active annunciation',
}

const MANDATORY = [FEATURES, STATUS, STATUS_READER]

export const bleInsulinDelivery: DeviceProtocol = {
  id: 'ble-insulin-delivery',
  version: '1.0.0',
  devices: 'Insulin pumps with the Bluetooth Insulin Delivery Service',
  link: { kind: 'gatt', service: '183A', security: 'authenticated' },
  source:
    'Insulin Delivery Service 1.0.2 and Profile 1.0.2; no unencrypted capture of a standard pump was available',
  metrics: INSULIN_METRICS,
  sends: [
    ...subscribeRules(INDICATIONS),
    ...readRules({
      [FEATURES]: 'whether values are protected end to end, and what the pump supports',
      [CHANGED]: 'what has changed',
      [STATUS]: 'therapy state, operational state and reservoir',
      [ANNUNCIATION]: 'the active annunciation',
    }),
    ...REQUEST_RULES,
  ],
  ttlMs: 180_000,
  uncertaintyMs: 2_000,
  silenceMs: 180_000,
  createDriver: () => new InsulinDeliveryDriver(),
}

class InsulinDeliveryDriver implements Driver {
  readonly #alerts = new AlertConditions()
  readonly #common = new CommonServices()
  readonly #facts = new Map<string, string>()
  readonly #counters = new Map<string, number>()
  #present: readonly string[] | undefined
  #isProtected: boolean | undefined
  #talk: InsulinConversation | undefined

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
        return [failureText(event), ...this.#failed(event.command, atMs)]
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
    return [...late, ...talk.pollIfDue(atMs), ...this.#common.tick(atMs)]
  }

  #open(present: readonly string[] | undefined): readonly DriverOutput[] {
    this.#forget()
    this.#present = present
    const missing = MANDATORY.filter((uuid) => offered([uuid], present).length === 0)
    return missing.length > 0 ? [missingText(missing)] : [read(FEATURES)]
  }

  /** Counters start again on every connection, and what the pump said before may no longer hold. */
  #forget(): void {
    this.#counters.clear()
    this.#facts.clear()
    this.#isProtected = undefined
    this.#talk = undefined
    this.#common.close()
  }

  #failed(command: Command, atMs: number): readonly DriverOutput[] {
    const talk = this.#talk
    if (talk === undefined) return []
    const isCurrent =
      command.kind === 'read'
        ? talk.isReading(command.characteristic)
        : command.kind === 'write' && talk.request !== undefined
    return isCurrent ? talk.finish(false, atMs) : []
  }

  #value(event: ValueEvent, atMs: number): readonly DriverOutput[] {
    const { characteristic, bytes } = event
    const handle = this.#handlers[characteristic]
    if (handle === undefined) return this.#common.value(characteristic, bytes, atMs)
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
    [STATUS_READER]: (value, bytes, atMs) => this.#answer(value, bytes, atMs),
  }

  #learn(value: Fields, atMs: number): readonly DriverOutput[] {
    if (this.#isProtected !== undefined) return []
    const features = wordsOf(value['features'])
    this.#isProtected = features.includes('e2e-protection')
    this.#talk = new InsulinConversation(features, this.#isProtected)
    return [
      ...this.#news('insulin_concentration_iu_per_ml', value['concentrationIUmL']),
      ...offered(Object.keys(INDICATIONS), this.#present).map(subscribe),
      ...this.#talk.begin(atMs),
      ...this.#common.open(this.#present, atMs),
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
    return [...reading, ...talk.finish(true, atMs, follow)]
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
