/**
 * What one poll result becomes: the values of one instant together, in the order of the wire. An object with a time stamp
 * of its own (a cuff pressure) was measured then, not now, and makes an observation of its own.
 */

import type { DeviceTime, DriverOutput, Numeric, Observation, Text } from '../protocol.ts'
import { ToldTexts } from './told-texts.ts'

/** `live` tells what is new; `capture` tells everything that is said, for whoever reads a recording. */
export type Reading = 'live' | 'capture'

/** How long a stamped value may be shown as current, from its stamp; the cuff works every few minutes. */
const STAMPED_TTL_MS = 1_800_000

export class ResultOutputs {
  readonly #reading: Reading
  readonly #texts = new ToldTexts()
  readonly #told = new Map<number, string>()
  #numerics: Numeric[] = []
  #objectFrom = 0
  #time: DeviceTime | undefined
  #out: DriverOutput[] = []

  constructor(reading: Reading) {
    this.#reading = reading
  }

  begin(time: DeviceTime | undefined): void {
    this.#time = time
    this.#out = []
    this.#numerics = []
    this.#objectFrom = 0
  }

  beginObject(): void {
    this.#objectFrom = this.#numerics.length
  }

  numeric(numeric: Numeric): void {
    this.#numerics.push(numeric)
  }

  /** Numbers without a code. Live, only what may be trusted and has changed. */
  text(text: Text, isTrusted: boolean): void {
    if (this.#reading === 'live' && !(isTrusted && this.#texts.isNew(text))) return
    this.output(text)
  }

  /** What is no number: told when it changes. */
  fact(text: Text): void {
    if (this.#reading === 'live' && !this.#texts.isNew(text)) return
    this.output(text)
  }

  output(output: DriverOutput): void {
    if (this.#reading === 'capture') this.#flush()
    this.#out.push(output)
  }

  /** `key` names the object whose values have all come; `stampMs` is the device's time of measurement. */
  endStampedObject(key: number, stampMs: number): void {
    const numerics = this.#numerics.splice(this.#objectFrom)
    if (numerics.length === 0 || !this.#isNewReading(key, stampMs, numerics)) return
    this.#flush()
    this.#out.push(this.#stamped(numerics, stampMs))
  }

  end(): readonly DriverOutput[] {
    this.#flush()
    return this.#out
  }

  #isNewReading(key: number, stampMs: number, numerics: readonly Numeric[]): boolean {
    if (this.#reading === 'capture') return true
    const now = [stampMs, ...numerics.map(({ value, quality }) => `${value}${quality}`)].join()
    if (this.#told.get(key) === now) return false
    if (this.#told.size >= MAX_STAMPED) this.#told.clear()
    this.#told.set(key, now)
    return true
  }

  #stamped(numerics: readonly Numeric[], stampMs: number): Observation {
    const deviceTime: DeviceTime = { epochMs: stampMs, zone: 'unknown' }
    const ageMs = this.#time === undefined ? 0 : Math.max(0, this.#time.epochMs - stampMs)
    const leftMs = STAMPED_TTL_MS - ageMs
    const lifetime = leftMs > 0 ? { ttlMs: leftMs } : { isHistory: true }
    return { kind: 'observation', numerics, deviceTime, ...lifetime }
  }

  #flush(): void {
    if (this.#numerics.length > 0) this.#out.push(observation(this.#numerics, this.#time))
    this.#numerics = []
    this.#objectFrom = 0
  }
}

const MAX_STAMPED = 64

function observation(numerics: readonly Numeric[], deviceTime: DeviceTime | undefined): Observation {
  return deviceTime === undefined
    ? { kind: 'observation', numerics }
    : { kind: 'observation', numerics, deviceTime }
}
