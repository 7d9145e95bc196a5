/** Stored events of an insulin pump (2B28): told as history, in order and once, at the time the pump gives them. */

import { type Metric, METRICS } from '../metrics.ts'
import type { DeviceTime, DriverMemory, DriverOutput, Observation } from '../protocol.ts'
import { epochMsOf } from './date-time.ts'
import { isRecord, wordsOf } from './fields-of.ts'
import { RecordFetch } from './record-fetch.ts'
import { RecordLog } from './record-log.ts'
import { numericOf } from './trust.ts'

type Fields = Readonly<Record<string, unknown>>

const REFERENCE = 'history.reference'

/** "FFFFFFFF for data corruption": such an event has no place in the order. */
const NO_SEQUENCE = 0xffffffff
const HIGHEST_SEQUENCE = NO_SEQUENCE - 1

const { MDC_DOSE_DRUG_BOLUS, MDC_FLOW_FLUID_PUMP_CURRENT, MDC_AMOUNT_DRUG_REMAIN_CONTAINER } = METRICS

interface Measured {
  readonly metric: Metric
  readonly value: (event: Fields) => unknown
  readonly why?: (event: Fields) => readonly string[]
}

/** Events that hold a quantity with a code; the others are told in words alone. */
const MEASURED: Readonly<Record<string, Measured>> = {
  'bolus-delivered-1': {
    metric: MDC_DOSE_DRUG_BOLUS,
    value: ({ fastIU, extendedIU }) => sum(fastIU, extendedIU),
    why: ({ bolusType }) => ['bolus_delivered', `bolus_${String(bolusType)}`],
  },
  'delivered-basal-rate-changed': { metric: MDC_FLOW_FLUID_PUMP_CURRENT, value: ({ newIUh }) => newIUh },
  'reservoir-remaining-changed': {
    metric: MDC_AMOUNT_DRUG_REMAIN_CONTAINER,
    value: ({ reservoirIU }) => reservoirIU,
  },
}

export class InsulinEvents {
  readonly fetch: RecordFetch
  readonly #log: RecordLog

  constructor(memory: DriverMemory | undefined) {
    this.#log = new RecordLog(memory)
    this.fetch = new RecordFetch(this.#log, HIGHEST_SEQUENCE)
  }

  meet(identity: string): void {
    if (!this.#log.meet(identity)) return
    this.fetch.startOver()
    this.#log.memory.set(REFERENCE, '')
  }

  take(event: Fields, atMs: number): readonly DriverOutput[] {
    const sequence = Number(event['sequence'])
    const isNew = sequence === NO_SEQUENCE || this.fetch.take(sequence, atMs)
    if (!isNew) return []
    const time = this.#timeOf(event)
    return [...measured(event, time), words(event, time)]
  }

  /** "Absolute time = date-time of the last reference-time event + offset." That event's own time is its date-time. */
  #timeOf(event: Fields): DeviceTime | undefined {
    const reference = referenceIn(event)
    if (reference !== undefined) {
      this.#log.memory.set(REFERENCE, reference === 'lost' ? '' : `${reference.zone} ${reference.epochMs}`)
      return reference === 'lost' ? undefined : reference
    }
    const [zone, epochMs] = (this.#log.memory.get(REFERENCE) ?? '').split(' ')
    const offsetSeconds = event['offsetSeconds']
    if (epochMs === undefined || typeof offsetSeconds !== 'number') return undefined
    return { epochMs: Number(epochMs) + offsetSeconds * 1000, zone: zone === 'utc' ? 'utc' : 'unknown' }
  }
}

function referenceIn(event: Fields): DeviceTime | 'lost' | undefined {
  const { event: name, reason, dateTime, timeZoneMin, dstMin, baseTime, timeOffsetMin } = event
  if (name !== 'reference-time' && name !== 'reference-time-base-offset') return undefined
  const localMs = epochMsOf(name === 'reference-time' ? dateTime : baseTime)
  // A pump that has lost its time counts from a date of its own.
  if (localMs === undefined || reason === 'date-time-loss') return 'lost'
  if (typeof timeOffsetMin === 'number') return { epochMs: localMs + timeOffsetMin * 60_000, zone: 'unknown' }
  if (typeof timeZoneMin !== 'number' || typeof dstMin !== 'number')
    return { epochMs: localMs, zone: 'unknown' }
  return { epochMs: localMs - (timeZoneMin + dstMin) * 60_000, zone: 'utc' }
}

function measured(event: Fields, deviceTime: DeviceTime | undefined): readonly Observation[] {
  const row = MEASURED[String(event['event'])]
  if (row === undefined) return []
  const why = row.why?.(event) ?? []
  const numeric = numericOf(row.metric, row.value(event), { quality: 'valid', isWithheld: false, why })
  return [
    {
      kind: 'observation',
      numerics: [numeric],
      isHistory: true,
      ...(deviceTime !== undefined && { deviceTime }),
    },
  ]
}

/** Every field of the event by name; a stored annunciation is no alarm of now and is told like the others. */
function words(event: Fields, time: DeviceTime | undefined): DriverOutput {
  const fields = Object.entries(event).flatMap(([key, value]) => wordsFor(key, value))
  const at = time === undefined ? [] : [`epochMs=${time.epochMs}`, `zone=${time.zone}`]
  return { kind: 'text', name: 'history_event', value: [...fields, ...at] }
}

function wordsFor(key: string, value: unknown): readonly string[] {
  if (isRecord(value))
    return Object.entries(value).flatMap(([inner, item]) => wordsFor(`${key}.${inner}`, item))
  if (Array.isArray(value)) return [`${key}=${wordsOf(value).join('+')}`]
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  return isPlain ? [`${key}=${String(value)}`] : []
}

const DIGITS = 12

function sum(a: unknown, b: unknown): unknown {
  if (typeof a !== 'number') return a
  return typeof b === 'number' ? Number((a + b).toPrecision(DIGITS)) : b
}
