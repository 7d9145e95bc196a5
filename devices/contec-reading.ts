/**
 * What the streams of Contec oximeters share: sixty packets a second with one pleth sample and the numbers each. The
 * numbers are told when they change and once a second, the pleth in blocks of a second.
 */

import { METRICS } from './metrics.ts'
import type { Metric } from './metrics.ts'
import type { DriverOutput, Numeric, Waveform } from './protocol.ts'
import { WAVES } from './waves.ts'

const CONTEC_RATE_HZ = 60
const BLOCK_SAMPLES = CONTEC_RATE_HZ

/** What one packet says. A number is null where the packet holds its no-value marker. */
export interface ContecPacket {
  readonly pulseRate: number | null
  readonly spo2: number | null
  /** Absent where the format has no field for it. */
  readonly perfusionIndexPct?: number | null
  readonly pleth: number
  readonly signalStrength: number
  /** Device flags that forbid the numbers, as words. */
  readonly faults: readonly string[]
  readonly isDropping: boolean
}

/** One flag of a packet: which byte (of the data), which bit, and its word. */
export interface ContecFlag {
  readonly at: number
  readonly mask: number
  readonly word: string
}

const NO_FAULTS: readonly string[] = []

export function faultsIn(data: Uint8Array, flags: readonly ContecFlag[]): readonly string[] {
  // Nearly every packet is without one, and there are sixty a second.
  if (!flags.some(({ at, mask }) => ((data[at] ?? 0) & mask) !== 0)) return NO_FAULTS
  return flags.filter(({ at, mask }) => ((data[at] ?? 0) & mask) !== 0).map(({ word }) => word)
}

/** From packets to outputs, for one opening of the line. */
export class ContecSession {
  #told: ContecPacket | undefined
  #toldSignal: number | undefined
  #packetsSinceTold = 0
  #samples: number[] = []
  #hasGap = false

  take(packet: ContecPacket, isAfterLoss: boolean): readonly DriverOutput[] {
    const out: DriverOutput[] = []
    if (isAfterLoss && this.#told !== undefined) {
      out.push(...this.flush())
      this.#hasGap = true
    }
    this.#packetsSinceTold += 1
    if (this.#packetsSinceTold >= CONTEC_RATE_HZ || !isSameReading(packet, this.#told))
      this.#tell(packet, out)
    this.#samples.push(packet.pleth)
    if (this.#samples.length === BLOCK_SAMPLES) out.push(...this.flush())
    return out
  }

  /** The samples that do not yet fill a block. */
  flush(): readonly Waveform[] {
    if (this.#samples.length === 0) return []
    const samples = this.#samples
    this.#samples = []
    const isAfterGap = this.#hasGap
    this.#hasGap = false
    return [
      {
        kind: 'waveform',
        channel: 'pleth',
        wave: WAVES.MDC_PULS_OXIM_PLETH,
        label: 'pleth',
        rateHz: CONTEC_RATE_HZ,
        samples,
        ...(isAfterGap ? { isAfterGap } : {}),
      },
    ]
  }

  #tell(packet: ContecPacket, out: DriverOutput[]): void {
    this.#told = packet
    this.#packetsSinceTold = 0
    out.push({ kind: 'observation', numerics: numericsOf(packet) })
    if (packet.signalStrength === this.#toldSignal) return
    this.#toldSignal = packet.signalStrength
    out.push({ kind: 'text', name: 'signal_strength', value: packet.signalStrength })
  }
}

function isSameReading(a: ContecPacket, b: ContecPacket | undefined): boolean {
  return (
    b !== undefined &&
    a.pulseRate === b.pulseRate &&
    a.spo2 === b.spo2 &&
    a.perfusionIndexPct === b.perfusionIndexPct &&
    a.isDropping === b.isDropping &&
    a.faults.length === b.faults.length &&
    a.faults.every((fault, index) => fault === b.faults[index])
  )
}

function numericsOf(packet: ContecPacket): readonly Numeric[] {
  const { faults, perfusionIndexPct } = packet
  const perfusion =
    perfusionIndexPct === undefined
      ? []
      : [toNumeric(METRICS.MDC_BLD_PERF_INDEX, perfusionIndexPct, faults, NO_FAULTS)]
  return [
    toNumeric(METRICS.MDC_PULS_OXIM_PULS_RATE, packet.pulseRate, faults, NO_FAULTS),
    toNumeric(
      METRICS.MDC_PULS_OXIM_SAT_O2,
      packet.spo2,
      faults,
      packet.isDropping ? ['spo2_dropping'] : NO_FAULTS,
    ),
    ...perfusion,
  ]
}

/** A fault forbids the number; a remark goes with it. */
function toNumeric(
  metric: Metric,
  value: number | null,
  faults: readonly string[],
  remarks: readonly string[],
): Numeric {
  if (value === null)
    return { metric, value, quality: 'absent', why: faults.length > 0 ? faults : ['missing'] }
  const why = faults.length + remarks.length > 0 ? { why: [...faults, ...remarks] } : {}
  return { metric, value, quality: faults.length > 0 ? 'invalid' : 'valid', ...why }
}

/** True when an oximeter can send these numbers. */
export function isPossibleContec({ pulseRate, spo2, perfusionIndexPct }: ContecPacket): boolean {
  return (
    isPossible(METRICS.MDC_PULS_OXIM_PULS_RATE, pulseRate) &&
    isPossible(METRICS.MDC_PULS_OXIM_SAT_O2, spo2) &&
    isPossible(METRICS.MDC_BLD_PERF_INDEX, perfusionIndexPct)
  )
}

function isPossible({ possible }: Metric, value: number | null | undefined): boolean {
  return value === null || value === undefined || (value >= possible[0] && value <= possible[1])
}
