/** The conversation with a continuous glucose sensor: features first, then its session, then records old and new. */

import { AlertConditions } from './alert-conditions.ts'
import { deviceTimeOf, recordNumerics, statusAlerts } from './cgm-readings.ts'
import { CgmSession } from './cgm-session.ts'
import { decodeCharacteristic } from './characteristics.ts'
import { CommonServices } from './common-services.ts'
import type { CrcVariant } from './e2e.ts'
import { recordsOf, wordsOf } from './fields-of.ts'
import { failureText, missingText, offered, read, subscribe } from './gatt-plan.ts'
import { RECORD_ACCESS, RecordAccessPoint } from './record-access-point.ts'
import { RecordLog } from './record-log.ts'
import type {
  DiscardReason,
  Driver,
  DriverMemory,
  DriverOutput,
  LinkEvent,
  Observation,
} from '../protocol.ts'

/** Characteristics of the service that are read or subscribed. */
export const CGM_CHARACTERISTICS = {
  MEASUREMENT: '2AA7',
  FEATURE: '2AA8',
  STATUS: '2AA9',
  SESSION_START: '2AAA',
  RUN_TIME: '2AAB',
} as const

type Fields = Readonly<Record<string, unknown>>
type ValueEvent = Extract<LinkEvent, { kind: 'value' }>
type Handler = (value: Fields, bytes: Uint8Array, atMs: number) => readonly DriverOutput[]

const { MEASUREMENT, FEATURE, STATUS, SESSION_START, RUN_TIME } = CGM_CHARACTERISTICS

const RETRY_MS = 30_000

/** What 2AA8 told; without it no record can be read. */
interface Features {
  readonly hasCrc: boolean
  readonly isControlSolution: boolean
}

export class CgmDriver implements Driver {
  readonly #crc: CrcVariant
  readonly #log: RecordLog
  readonly #access: RecordAccessPoint
  readonly #session: CgmSession
  readonly #common = new CommonServices()
  readonly #alerts = new AlertConditions()
  #present: readonly string[] | undefined
  #features: Features | undefined
  #retryAtMs: number | undefined

  constructor(crc: CrcVariant, memory: DriverMemory | undefined) {
    this.#crc = crc
    this.#log = new RecordLog(memory)
    this.#access = new RecordAccessPoint(this.#log, { service: 'cgm' })
    this.#session = new CgmSession(this.#log, this.#access.fetch)
  }

  get wakeAtMs(): number | undefined {
    const due = [this.#retryAtMs, this.#access.wakeAtMs, this.#common.wakeAtMs].filter(
      (atMs) => atMs !== undefined,
    )
    return due.length === 0 ? undefined : Math.min(...due)
  }

  receive(event: LinkEvent, atMs: number): readonly DriverOutput[] {
    switch (event.kind) {
      case 'opened':
        return this.#open(event.characteristics)
      case 'closed':
        this.#reset()
        return []
      case 'failed':
        if (isFeatureRead(event)) this.#retryAtMs = atMs + RETRY_MS
        return [failureText(event), ...this.#access.failed(event.command, event.reason, atMs)]
      case 'value': {
        const outputs = this.#value(event, atMs)
        return event.via === 'read'
          ? [...outputs, ...this.#access.settle(event.characteristic, atMs)]
          : outputs
      }
      case 'bytes':
        break
    }
    return []
  }

  tick(atMs: number): readonly DriverOutput[] {
    const others = [...this.#access.tick(atMs), ...this.#common.tick(atMs)]
    if (this.#retryAtMs === undefined || atMs < this.#retryAtMs) return others
    this.#retryAtMs = undefined
    return [read(FEATURE), ...others]
  }

  #open(present: readonly string[] | undefined): readonly DriverOutput[] {
    this.#reset()
    this.#present = present
    const missing = [FEATURE, MEASUREMENT].filter((uuid) => offered([uuid], present).length === 0)
    return missing.length > 0 ? [missingText(missing)] : [read(FEATURE)]
  }

  #reset(): void {
    this.#alerts.reopened()
    this.#features = undefined
    this.#session.close()
    this.#access.close()
    this.#common.close()
    this.#retryAtMs = undefined
  }

  #value({ characteristic, bytes }: ValueEvent, atMs: number): readonly DriverOutput[] {
    if (characteristic === RECORD_ACCESS) return this.#access.answer(bytes, atMs)
    const handle = this.#handlers[characteristic]
    if (handle === undefined) return this.#beside(characteristic, bytes, atMs)
    if (this.#features === undefined && characteristic !== FEATURE) return [discarded('unsupported', bytes)]
    const context = { e2e: this.#features?.hasCrc ?? false, crc: this.#crc }
    const decoded = decodeCharacteristic(characteristic, bytes, context)
    if (decoded.ok) return handle(decoded.value, bytes, atMs)
    if (characteristic === FEATURE) this.#retryAtMs = atMs + RETRY_MS
    return [discarded(decoded.reason, bytes), ...this.#mend(characteristic, decoded.reason, atMs)]
  }

  /** Device information, battery, clock; another serial number means that nothing of this device was told yet. */
  #beside(characteristic: string, bytes: Uint8Array, atMs: number): readonly DriverOutput[] {
    const outputs = this.#common.value(characteristic, bytes, atMs)
    const { identity } = this.#common
    if (identity !== undefined && this.#log.meet(identity)) this.#access.fetch.startOver()
    return outputs
  }

  #mend(characteristic: string, reason: DiscardReason, atMs: number): readonly DriverOutput[] {
    if (characteristic !== MEASUREMENT || reason !== 'bad-crc') return []
    this.#access.fetch.spoil(atMs)
    return this.#access.repair(atMs)
  }

  readonly #handlers: Readonly<Record<string, Handler>> = {
    [FEATURE]: (value, _bytes, atMs) => this.#learn(value, atMs),
    [STATUS]: (value) => [
      ...this.#session.noteStatus(offsetOf(value)),
      ...this.#alerts.update(statusAlerts(value)),
    ],
    [SESSION_START]: (value) => this.#session.noteStart(value),
    [RUN_TIME]: ({ runTimeHours }) => [
      { kind: 'text', name: 'session_run_time_hours', value: Number(runTimeHours) },
    ],
    [MEASUREMENT]: (value, bytes, atMs) => this.#measure(recordsOf(value['records']), bytes, atMs),
  }

  #learn(value: Fields, atMs: number): readonly DriverOutput[] {
    const isFirst = this.#features === undefined
    const { type, location } = value
    this.#features = {
      hasCrc: wordsOf(value['features']).includes('e2e-crc'),
      isControlSolution: type === 'control-solution' || location === 'control-solution',
    }
    const facts: readonly DriverOutput[] = [
      { kind: 'text', name: 'sample_type', value: String(type) },
      { kind: 'text', name: 'sample_location', value: String(location) },
    ]
    if (!isFirst) return facts
    const canReport = this.#present?.includes(RECORD_ACCESS) === true
    const reads = offered([SESSION_START, RUN_TIME, STATUS], this.#present ?? []).map(read)
    const besides = this.#common.open(this.#present, atMs)
    if (canReport) this.#access.open([...reads, ...besides], atMs)
    const streams = canReport ? [MEASUREMENT, RECORD_ACCESS] : [MEASUREMENT]
    return [...facts, ...reads, ...streams.map(subscribe), ...besides]
  }

  #measure(records: readonly Fields[], bytes: Uint8Array, atMs: number): readonly DriverOutput[] {
    if (this.#features?.isControlSolution === true) return [discarded('test-data', bytes)]
    const newestMin = Math.max(...records.map(offsetOf))
    const { fetch } = this.#access
    const restart = fetch.isRunning ? [] : this.#followSession(newestMin)
    const observations = records.flatMap((record) => this.#observe(record, newestMin, atMs))
    const newest = records.find((record) => offsetOf(record) === newestMin) ?? {}
    const isCurrent = observations.some(({ isHistory }) => isHistory !== true)
    return [...restart, ...observations, ...(isCurrent ? this.#alerts.update(statusAlerts(newest)) : [])]
  }

  #observe(record: Fields, newestMin: number, atMs: number): readonly Observation[] {
    const offsetMin = offsetOf(record)
    const { fetch, isCatchingUp } = this.#access
    const isSince = this.#session.isMeasuredSince(offsetMin)
    const isFetched = fetch.isRunning && !isSince
    const isLive = isCatchingUp && !isFetched
    // Where records can be fetched, one that comes a second time was told; elsewhere the sensor is believed.
    const isAgain = this.#present?.includes(RECORD_ACCESS) === true && offsetMin === this.#log.last
    if (isAgain || !fetch.take(offsetMin, atMs, isLive)) return []
    // Several records in one notification are a back-log: all but the newest were measured earlier.
    const isHistory = isFetched || offsetMin < newestMin
    return [
      {
        kind: 'observation',
        numerics: recordNumerics(record),
        ...deviceTimeOf(record, this.#session.start),
        ...(isHistory && { isHistory }),
      },
    ]
  }

  // The offset counts from the session start: when it falls, another session has begun at a time not read yet.
  #followSession(newestMin: number): readonly DriverOutput[] {
    if (newestMin >= (this.#log.last ?? -1)) return []
    return [...offered([SESSION_START], this.#present ?? []).map(read), ...this.#session.restart()]
  }
}

function offsetOf(record: Fields): number {
  return Number(record['timeOffsetMin'])
}

function isFeatureRead({ command }: Extract<LinkEvent, { kind: 'failed' }>): boolean {
  return command.kind === 'read' && command.characteristic === FEATURE
}

/** Also for a value before 2AA8 was read: whether it ends in a CRC is not known, so it cannot be believed. */
function discarded(reason: DiscardReason, bytes: Uint8Array): DriverOutput {
  return { kind: 'discarded', reason, bytes }
}
