/** Glucose Service 1808: a meter that stores its results and reports them when asked. */

import { AlertConditions } from './gatt/alert-conditions.ts'
import { decodeCharacteristic } from './gatt/characteristics.ts'
import { CommonServices } from './gatt/common-services.ts'
import { wordsOf } from './gatt/fields-of.ts'
import {
  failureText,
  missingText,
  offered,
  read,
  readRules,
  subscribe,
  subscribeRules,
} from './gatt/gatt-plan.ts'
import {
  contextText,
  GLUCOSE_METRICS,
  glucoseNumeric,
  isControlSolution,
  meterAlerts,
  recordText,
  recordTime,
} from './gatt/glucose-readings.ts'
import { RECORD_ACCESS, RECORD_ACCESS_RULES, RecordAccessPoint } from './gatt/record-access-point.ts'
import { RecordLog } from './gatt/record-log.ts'
import type { DeviceProtocol, Driver, DriverMemory, DriverOutput, LinkEvent } from './protocol.ts'

const MEASUREMENT = '2A18'
const CONTEXT = '2A34'
const FEATURE = '2A51'

// A meter says nothing by itself: a result taken while it is connected is found by asking again.
const POLL_MS = 10_000

// A finger-stick stands until the next one, and not longer than a quarter of an hour.
const TTL_MS = 15 * 60_000

export const bleGlucose: DeviceProtocol = {
  id: 'ble-glucose',
  version: '1.0.0',
  devices: 'Blood glucose meters with the Bluetooth Glucose Service',
  link: { kind: 'gatt', service: '1808', security: 'encrypted' },
  source: 'Glucose Service, GATT Specification Supplement; layout checked with captures of live meters',
  metrics: GLUCOSE_METRICS,
  sends: [
    ...subscribeRules({ [MEASUREMENT]: 'notify records', [CONTEXT]: 'notify what a record was taken under' }),
    ...RECORD_ACCESS_RULES,
    ...readRules({ [FEATURE]: 'what the meter supports' }),
  ],
  ttlMs: TTL_MS,
  uncertaintyMs: POLL_MS,
  silenceMs: 5 * 60_000,
  createDriver: (memory) => new GlucoseDriver(memory),
}

class GlucoseDriver implements Driver {
  readonly #log: RecordLog
  readonly #access: RecordAccessPoint
  readonly #common = new CommonServices()
  readonly #alerts = new AlertConditions()
  /** Records whose context follows. */
  readonly #awaited = new Set<unknown>()

  constructor(memory: DriverMemory | undefined) {
    this.#log = new RecordLog(memory)
    this.#access = new RecordAccessPoint(this.#log, { pollMs: POLL_MS })
  }

  get wakeAtMs(): number | undefined {
    return earliest(this.#access.wakeAtMs, this.#common.wakeAtMs)
  }

  receive(event: LinkEvent, atMs: number): readonly DriverOutput[] {
    switch (event.kind) {
      case 'opened':
        return this.#open(event.characteristics, atMs)
      case 'closed':
        this.#alerts.reopened()
        this.#access.close()
        this.#common.close()
        this.#awaited.clear()
        return []
      case 'failed':
        return [failureText(event), ...this.#access.failed(event.command, event.reason, atMs)]
      case 'value': {
        const outputs = this.#value(event.characteristic, event.bytes, atMs)
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
    return [...this.#access.tick(atMs), ...this.#common.tick(atMs)]
  }

  #open(present: readonly string[] | undefined, atMs: number): readonly DriverOutput[] {
    const missing = [MEASUREMENT, RECORD_ACCESS].filter((uuid) => offered([uuid], present).length === 0)
    if (missing.length > 0) return [missingText(missing)]
    const reads = [...offered([FEATURE], present ?? []).map(read), ...this.#common.open(present, atMs)]
    this.#access.open(reads, atMs)
    const subscriptions = offered([MEASUREMENT, CONTEXT, RECORD_ACCESS], present).map(subscribe)
    return reads.length > 0
      ? [...subscriptions, ...reads]
      : [...subscriptions, ...this.#access.settle(FEATURE, atMs)]
  }

  #value(characteristic: string, bytes: Uint8Array, atMs: number): readonly DriverOutput[] {
    if (characteristic === RECORD_ACCESS) return this.#access.answer(bytes, atMs)
    if (characteristic === MEASUREMENT) return this.#record(bytes, atMs)
    if (characteristic === CONTEXT) return this.#context(bytes)
    if (characteristic === FEATURE) return features(bytes)
    const outputs = this.#common.value(characteristic, bytes, atMs)
    const { identity } = this.#common
    if (identity !== undefined) this.#log.meet(identity)
    return outputs
  }

  #record(bytes: Uint8Array, atMs: number): readonly DriverOutput[] {
    const decoded = decodeCharacteristic(MEASUREMENT, bytes)
    if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
    const record = decoded.value
    if (!this.#access.fetch.take(Number(record['sequence']), atMs)) return []
    if (isControlSolution(record)) return [{ kind: 'discarded', reason: 'test-data', bytes }]
    if (record['contextFollows'] === true) this.#awaited.add(record['sequence'])
    const isHistory = this.#access.isCatchingUp
    const alerts = isHistory ? [] : this.#alerts.update(meterAlerts(record))
    const numeric = glucoseNumeric(record)
    if (numeric === undefined) return [recordText(record), ...alerts]
    const numerics = [numeric]
    return [
      { kind: 'observation', numerics, ...recordTime(record), ...(isHistory && { isHistory }) },
      ...alerts,
    ]
  }

  #context(bytes: Uint8Array): readonly DriverOutput[] {
    const decoded = decodeCharacteristic(CONTEXT, bytes)
    if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
    // Of a record that was told before, or of a control solution, there is no context either.
    return this.#awaited.delete(decoded.value['sequence']) ? [contextText(decoded.value)] : []
  }
}

function features(bytes: Uint8Array): readonly DriverOutput[] {
  const decoded = decodeCharacteristic(FEATURE, bytes)
  if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
  return [{ kind: 'text', name: 'features', value: wordsOf(decoded.value['features']) }]
}

function earliest(...dueAtMs: readonly (number | undefined)[]): number | undefined {
  const known = dueAtMs.filter((atMs) => atMs !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
