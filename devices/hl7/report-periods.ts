/**
 * How often a bed is reported: once a second by one gateway, once a minute by another, and no field says it. A value
 * lives for three of the intervals that were seen.
 */

import type { DriverOutput } from '../protocol.ts'

const PERIODS = 3
/** Before a second report, and for gateways that report faster. */
export const SHORTEST_LIFE_MS = 15_000
const LONGEST_LIFE_MS = 180_000
const MAX_PARTS = 256

interface Reported {
  readonly atMs: number
  readonly lifeMs: number
}

export class ReportPeriods {
  readonly #parts = new Map<string, Reported>()

  /** Notes each bed of a message once. */
  note(outputs: readonly DriverOutput[], atMs: number): void {
    const parts = new Set(
      outputs.flatMap((output) => (output.kind === 'observation' ? [output.part ?? ''] : [])),
    )
    for (const part of parts) {
      const before = this.#parts.get(part)
      const intervalMs = before === undefined ? 0 : Math.max(0, atMs - before.atMs)
      const lifeMs = Math.min(LONGEST_LIFE_MS, Math.max(SHORTEST_LIFE_MS, PERIODS * intervalMs))
      this.#parts.delete(part)
      this.#parts.set(part, { atMs, lifeMs })
    }
    const [oldest] = this.#parts.keys()
    if (this.#parts.size > MAX_PARTS && oldest !== undefined) this.#parts.delete(oldest)
  }

  withLifetime(output: DriverOutput): DriverOutput {
    if (output.kind !== 'observation') return output
    return { ...output, ttlMs: this.#parts.get(output.part ?? '')?.lifeMs ?? SHORTEST_LIFE_MS }
  }
}
