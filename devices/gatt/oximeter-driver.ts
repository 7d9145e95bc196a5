/** The conversation with an oximeter: a stream, spot checks, and the spot checks it has stored. */

import type { Driver, DriverMemory, DriverOutput, LinkEvent, Observation } from '../protocol.ts'
import { decodeCharacteristic } from './characteristics.ts'
import { CommonServices } from './common-services.ts'
import { wordsOf } from './fields-of.ts'
import { failureText, missingText, offered, read, subscribe } from './gatt-plan.ts'
import { isTestReading, oximeterNumerics, SPOT_CHECK_TTL_MS, spotCheckTime } from './oximeter-readings.ts'
import { RECORD_ACCESS, RecordAccessPoint } from './record-access-point.ts'
import { RecordLog } from './record-log.ts'
import { StoredSpotChecks } from './stored-spot-checks.ts'

const CONTINUOUS = '2A5F'
const SPOT_CHECK = '2A5E'
const FEATURES = '2A60'

export class OximeterDriver implements Driver {
  readonly #common = new CommonServices()
  readonly #stored: StoredSpotChecks<Observation>
  readonly #access: RecordAccessPoint

  constructor(memory: DriverMemory | undefined) {
    this.#stored = new StoredSpotChecks(memory)
    // Spot checks are not numbered: every report is one of all of them, and this log stays empty.
    this.#access = new RecordAccessPoint(new RecordLog(undefined))
  }

  get wakeAtMs(): number | undefined {
    const due = [this.#access.wakeAtMs, this.#common.wakeAtMs].filter((atMs) => atMs !== undefined)
    return due.length === 0 ? undefined : Math.min(...due)
  }

  receive(event: LinkEvent, atMs: number): readonly DriverOutput[] {
    switch (event.kind) {
      case 'opened':
        return this.#open(event.characteristics, atMs)
      case 'closed':
        this.#close()
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
    const outputs = this.#access.tick(atMs)
    if (!this.#access.fetch.isReporting) this.#stored.drop()
    return [...outputs, ...this.#common.tick(atMs)]
  }

  #close(): void {
    this.#access.close()
    this.#stored.drop()
    this.#common.close()
  }

  #open(present: readonly string[] | undefined, atMs: number): readonly DriverOutput[] {
    this.#close()
    const streams = offered([CONTINUOUS, SPOT_CHECK], present)
    if (streams.length === 0) return [missingText([CONTINUOUS, SPOT_CHECK])]
    const canReport = [SPOT_CHECK, RECORD_ACCESS].every((uuid) => present?.includes(uuid) === true)
    const reads = [...offered([FEATURES], present ?? []).map(read), ...this.#common.open(present, atMs)]
    if (canReport) this.#access.open(reads, atMs)
    return [
      ...[...streams, ...(canReport ? [RECORD_ACCESS] : [])].map(subscribe),
      ...reads,
      ...(canReport && reads.length === 0 ? this.#access.settle(FEATURES, atMs) : []),
    ]
  }

  #value(characteristic: string, bytes: Uint8Array, atMs: number): readonly DriverOutput[] {
    if (characteristic === CONTINUOUS) return continuous(bytes)
    if (characteristic === SPOT_CHECK) return this.#spotCheck(bytes, atMs)
    if (characteristic === RECORD_ACCESS) return this.#result(bytes, atMs)
    if (characteristic === FEATURES) return this.#features(bytes)
    return this.#common.value(characteristic, bytes, atMs)
  }

  #spotCheck(bytes: Uint8Array, atMs: number): readonly DriverOutput[] {
    const decoded = decodeCharacteristic(SPOT_CHECK, bytes)
    if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
    const { value } = decoded
    const { fetch } = this.#access
    if (isTestReading(value)) {
      fetch.touch(atMs)
      return [{ kind: 'discarded', reason: 'test-data', bytes }]
    }
    const reading: Observation = {
      kind: 'observation',
      ttlMs: SPOT_CHECK_TTL_MS,
      ...spotCheckTime(value),
      numerics: oximeterNumerics(value),
    }
    const print = printOf(bytes)
    const isStored = wordsOf(value['measurementStatus']).includes('from-storage')
    if (fetch.isReporting) {
      fetch.touch(atMs)
      this.#stored.hold({ reading: { ...reading, isHistory: true }, print })
      return []
    }
    this.#stored.tell({ reading, print })
    return [isStored ? { ...reading, isHistory: true } : reading]
  }

  #result(bytes: Uint8Array, atMs: number): readonly DriverOutput[] {
    const wasReporting = this.#access.fetch.isReporting
    const outputs = this.#access.answer(bytes, atMs)
    if (!wasReporting || this.#access.fetch.isReporting) return outputs
    if (this.#access.isCatchingUp) {
      this.#stored.drop()
      return outputs
    }
    return [...this.#stored.release(), ...outputs]
  }

  #features(bytes: Uint8Array): readonly DriverOutput[] {
    const decoded = decodeCharacteristic(FEATURES, bytes)
    if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
    const features = wordsOf(decoded.value['features'])
    if (!features.includes('storage')) this.#access.close()
    return [{ kind: 'text', name: 'features', value: features }]
  }
}

function continuous(bytes: Uint8Array): readonly DriverOutput[] {
  const decoded = decodeCharacteristic(CONTINUOUS, bytes)
  if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
  if (isTestReading(decoded.value)) return [{ kind: 'discarded', reason: 'test-data', bytes }]
  return [{ kind: 'observation', numerics: oximeterNumerics(decoded.value) }]
}

/** Values and time: a stored one has other status bits than when it came live. */
function printOf(bytes: Uint8Array): Uint8Array {
  const hasTime = ((bytes[0] ?? 0) & 1) === 1
  return bytes.subarray(1, hasTime ? 12 : 5)
}
