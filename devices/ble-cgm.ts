/** Continuous Glucose Monitoring Service 181F: one record every few minutes, always in mg/dL. */

import { AlertConditions } from './gatt/alert-conditions.ts'
import {
  deviceTimeOf,
  patientAlerts,
  recordNumerics,
  type SessionStart,
  sessionStartOf,
} from './gatt/cgm-readings.ts'
import { decodeCharacteristic } from './gatt/characteristics.ts'
import { deviceIdentityText } from './gatt/device-identity.ts'
import { recordsOf, wordsOf } from './gatt/fields-of.ts'
import {
  failureText,
  identityReads,
  missingText,
  offered,
  read,
  readRules,
  subscribe,
  subscribeRules,
} from './gatt/gatt-plan.ts'
import { METRICS } from './metrics.ts'
import type { DeviceProtocol, Driver, DriverOutput, LinkEvent } from './protocol.ts'

type Fields = Readonly<Record<string, unknown>>

const MEASUREMENT = '2AA7'
const FEATURE = '2AA8'
const SESSION_START = '2AAA'
const RUN_TIME = '2AAB'

const RETRY_MS = 30_000

export const bleCgm: DeviceProtocol = {
  id: 'ble-cgm',
  version: '1.0.0',
  devices: 'Glucose sensors with the Bluetooth Continuous Glucose Monitoring Service',
  link: { kind: 'gatt', service: '181F', security: 'authenticated' },
  source: 'Continuous Glucose Monitoring Service 1.0.2; layout checked with captures of a live sensor',
  metrics: [METRICS.MDC_CONC_GLU_ISF, METRICS.MDCX_GLU_RATE_OF_CHANGE, METRICS.MDCX_CGM_QUALITY],
  sends: [
    ...subscribeRules({ [MEASUREMENT]: 'notify glucose records' }),
    ...readRules({
      [FEATURE]: 'whether records carry a CRC, and what is sampled',
      [SESSION_START]: 'when the session began',
      [RUN_TIME]: 'how long a session lasts',
    }),
  ],
  ttlMs: 15 * 60_000,
  uncertaintyMs: 60_000,
  silenceMs: 16 * 60_000,
  createDriver: () => new CgmDriver(),
}

/** What 2AA8 told; without it no record can be read. */
interface Features {
  readonly hasCrc: boolean
  readonly isControlSolution: boolean
}

class CgmDriver implements Driver {
  readonly #alerts = new AlertConditions()
  #present: readonly string[] | undefined
  #features: Features | undefined
  #start: SessionStart | undefined
  #lastOffsetMin = -1
  #retryAtMs: number | undefined

  get wakeAtMs(): number | undefined {
    return this.#retryAtMs
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
        return [failureText(event)]
      case 'value':
        return this.#value(event.characteristic, event.bytes, atMs)
      case 'bytes':
        break
    }
    return []
  }

  tick(atMs: number): readonly DriverOutput[] {
    if (this.#retryAtMs === undefined || atMs < this.#retryAtMs) return []
    this.#retryAtMs = undefined
    return [read(FEATURE)]
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
    this.#start = undefined
    this.#lastOffsetMin = -1
    this.#retryAtMs = undefined
  }

  #value(characteristic: string, bytes: Uint8Array, atMs: number): readonly DriverOutput[] {
    const handle = this.#handlers[characteristic]
    if (handle === undefined) return deviceIdentityText(characteristic, bytes)
    if (this.#features === undefined && characteristic !== FEATURE) return [unsupported(bytes)]
    const decoded = decodeCharacteristic(characteristic, bytes, { e2e: this.#features?.hasCrc ?? false })
    if (decoded.ok) return handle(decoded.value, bytes)
    if (characteristic === FEATURE) this.#retryAtMs = atMs + RETRY_MS
    return [{ kind: 'discarded', reason: decoded.reason, bytes }]
  }

  readonly #handlers: Readonly<
    Record<string, (value: Fields, bytes: Uint8Array) => readonly DriverOutput[]>
  > = {
    [FEATURE]: (value) => this.#learn(value),
    [SESSION_START]: (value) => {
      this.#start = sessionStartOf(value)
      return []
    },
    [RUN_TIME]: ({ runTimeHours }) => [
      { kind: 'text', name: 'session_run_time_hours', value: Number(runTimeHours) },
    ],
    [MEASUREMENT]: (value, bytes) => this.#measure(recordsOf(value['records']), bytes),
  }

  #learn(value: Fields): readonly DriverOutput[] {
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
    return [
      ...facts,
      ...offered([SESSION_START, RUN_TIME], this.#present ?? []).map(read),
      subscribe(MEASUREMENT),
      ...identityReads(this.#present),
    ]
  }

  #measure(records: readonly Fields[], bytes: Uint8Array): readonly DriverOutput[] {
    if (this.#features?.isControlSolution === true) return [{ kind: 'discarded', reason: 'test-data', bytes }]
    const newestMin = Math.max(...records.map(offsetOf))
    const restart = this.#followSession(newestMin)
    // Several records in one notification are a back-log: all but the newest were measured earlier.
    const observations = records.map((record): DriverOutput => {
      const isHistory = offsetOf(record) < newestMin
      return {
        kind: 'observation',
        numerics: recordNumerics(record),
        ...deviceTimeOf(record, this.#start),
        ...(isHistory && { isHistory }),
      }
    })
    const newest = records.find((record) => offsetOf(record) === newestMin) ?? {}
    return [...restart, ...observations, ...this.#alerts.update(patientAlerts(newest))]
  }

  // The offset counts from the session start: when it falls, another session has begun at a time not read yet.
  #followSession(newestMin: number): readonly DriverOutput[] {
    const isNewSession = newestMin < this.#lastOffsetMin
    this.#lastOffsetMin = newestMin
    if (!isNewSession) return []
    this.#start = undefined
    return offered([SESSION_START], this.#present ?? []).map(read)
  }
}

function offsetOf(record: Fields): number {
  return Number(record['timeOffsetMin'])
}

function isFeatureRead({ command }: Extract<LinkEvent, { kind: 'failed' }>): boolean {
  return command.kind === 'read' && command.characteristic === FEATURE
}

/** A value before 2AA8 was read: whether it ends in a CRC is not known, so it cannot be believed. */
function unsupported(bytes: Uint8Array): DriverOutput {
  return { kind: 'discarded', reason: 'unsupported', bytes }
}
