/** The realtime stream of a simulated ventilator: made-up curves of its breaths, sixteen milliseconds a step. */

import type { MedibusReading } from './medibus-reading.ts'
import { breathShape, nextPhase } from './pulse-wave.ts'

const STEP_MS = 16
const RATE_HZ = 1000 / STEP_MS
const STEPS_PER_CHUNK = 6
const CHUNK_MS = STEP_MS * STEPS_PER_CHUNK
/** An enable command that is not repeated has lapsed. */
const ENABLED_MS = 15_000

const SYNC = 0xd0
const COMMAND = 0xc0
const VALUE = 0x80
const BREATH = 6
const EXPIRATION_FROM = 0.5

interface CurveRow {
  readonly min: number
  readonly max: number
  readonly maxBin: number
  readonly sample: (phase: number, reading: MedibusReading) => number
}

const CURVES: Readonly<Record<string, CurveRow>> = {
  '00': {
    min: -10,
    max: 100,
    maxBin: 0x370,
    sample: (phase, { peepMbar, peakMbar }) => peepMbar + (peakMbar - peepMbar) * breathShape(phase),
  },
  '01': { min: -200, max: 200, maxBin: 0x3e8, sample: (phase) => 35 * Math.sin(2 * Math.PI * phase) },
  '06': {
    min: -20,
    max: 100,
    maxBin: 0x460,
    sample: (phase, { etCo2MmHg }) => etCo2MmHg * breathShape((phase + 0.5) % 1),
  },
}

/** "At most 12" curves; a sync byte has room for four. */
export class MedibusCurves {
  #codes: readonly string[] = []
  #enabled = 0
  #lapsesAtMs = 0
  #dueAtMs = 0
  #phase = 0
  #host: number[] = []

  get wakeAtMs(): number | undefined {
    return this.#enabled === 0 ? undefined : this.#dueAtMs
  }

  configure(codes: readonly string[]): void {
    this.#codes = codes
    this.#enabled = 0
  }

  /** A realtime byte of the host: `D0`, then pairs of command and argument up to `C0 C0`. */
  hear(byte: number, atMs: number): void {
    if ((byte & 0xf0) === SYNC) this.#host = []
    else if ((byte & 0xf0) === COMMAND) {
      this.#host.push(byte & 0x0f)
      const [command, argument] = this.#host
      if (command === 1 && argument !== undefined && this.#host.length === 2) this.#enable(argument, atMs)
    }
  }

  chunk(reading: MedibusReading, atMs: number): readonly Uint8Array[] {
    if (this.#enabled === 0 || atMs < this.#dueAtMs) return []
    if (atMs >= this.#lapsesAtMs) this.#enabled = 0
    this.#dueAtMs = Math.max(this.#dueAtMs + CHUNK_MS, atMs + 1)
    const bytes = Array.from({ length: STEPS_PER_CHUNK }, () => this.#record(reading)).flat()
    return [Uint8Array.from(bytes)]
  }

  #enable(bits: number, atMs: number): void {
    if (this.#enabled === 0) this.#dueAtMs = atMs + CHUNK_MS
    this.#enabled = bits & (2 ** this.#codes.length - 1)
    this.#lapsesAtMs = atMs + ENABLED_MS
  }

  #record(reading: MedibusReading): readonly number[] {
    const before = this.#phase
    this.#phase = nextPhase(before, reading.ratePerMin, RATE_HZ)
    const values = this.#codes.flatMap((code, index) =>
      ((this.#enabled >>> index) & 1) === 0 ? [] : this.#value(code, reading),
    )
    return [SYNC | this.#enabled, ...markOf(before, this.#phase), ...values]
  }

  #value(code: string, reading: MedibusReading): readonly number[] {
    const row = CURVES[code]
    if (row === undefined) return [VALUE, VALUE]
    const { min, max, maxBin, sample } = row
    const share = (sample(this.#phase, reading) - min) / (max - min)
    const raw = Math.round(Math.min(Math.max(share, 0), 1) * maxBin)
    return [VALUE | (raw & 0x3f), VALUE | (raw >>> 6)]
  }
}

/** Inspiration begins with the breath, expiration in its middle. */
function markOf(before: number, after: number): readonly number[] {
  if (after < before) return [COMMAND | BREATH, COMMAND]
  if (before < EXPIRATION_FROM && after >= EXPIRATION_FROM) return [COMMAND | BREATH, COMMAND | 1]
  return []
}
