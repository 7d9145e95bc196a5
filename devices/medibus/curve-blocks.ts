/** Samples of the configured curves on their way out, half a second at a time. */

import type { DriverOutput, Waveform } from '../protocol.ts'
import { curveKind, scaleOf, type Curve } from './curves.ts'

const BLOCK_US = 500_000
const MAX_BLOCK_SAMPLES = 512
const US_PER_S = 1_000_000

interface Block {
  readonly curve: Curve
  readonly size: number
  readonly channel: string
  samples: (number | null)[]
}

export class CurveBlocks {
  readonly #blocks: readonly Block[]

  constructor(curves: readonly Curve[]) {
    const seen = new Set<string>()
    this.#blocks = curves.map((curve) => {
      const { channel } = curveKind(curve.code)
      // Two curves of one name, as CO2 in two units, must stay two.
      const name = seen.has(channel) ? `${channel}-${curve.code.toLowerCase()}` : channel
      seen.add(name)
      const size = Math.min(Math.max(1, Math.round(BLOCK_US / curve.intervalUs)), MAX_BLOCK_SAMPLES)
      return { curve, size, channel: name, samples: [] }
    })
  }

  /** `index` counts from 0 in the order of the configuration. A step above the last one is no value. */
  add(index: number, raw: number | null, out: DriverOutput[]): void {
    const block = this.#blocks[index]
    if (block === undefined) return
    block.samples.push(raw !== null && raw <= block.curve.maxBin ? raw : null)
    if (block.samples.length === block.size) out.push(emptied(block))
  }

  flush(out: DriverOutput[]): void {
    for (const block of this.#blocks) if (block.samples.length > 0) out.push(emptied(block))
  }
}

function emptied(block: Block): Waveform {
  const { curve, samples, channel } = block
  block.samples = []
  const { label, wave } = curveKind(curve.code)
  const scale = scaleOf(curve)
  return {
    kind: 'waveform',
    channel,
    wave,
    label,
    rateHz: US_PER_S / curve.intervalUs,
    samples,
    ...(scale !== undefined && { scale }),
  }
}
