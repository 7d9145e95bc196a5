/** From a block of samples to what goes over the wire: when its first sample was, which channel, which number. */

import type { Quality, Waveform } from '../../devices/protocol.ts'
import { toInstant } from '../contract/instant.ts'
import { CONTRACT_VERSION } from '../contract/reading.ts'
import { packSamples } from '../contract/sample-block.ts'
import type { IngestWaveform } from '../contract/waveform.ts'
import { ID_LENGTH, toId } from './spell-id.ts'
import type { Origin } from './stamp.ts'

/** Why a block is not sent. */
export type WaveRefusal = 'waveform-unfit' | 'waveform-channels'

export interface WaveStamper {
  readonly stamp: (waveform: Waveform, receivedAtMs: number) => IngestWaveform | WaveRefusal
  /** What comes next on each channel comes after a gap. */
  readonly lineLost: () => void
}

/** More waves than any bedside device has. */
const MAX_CHANNELS = 32
const MAX_LABEL = 64

// A wave of these qualities must never reach a screen as a curve.
const WITHOUT_SAMPLES: ReadonlySet<Quality> = new Set<Quality>(['invalid', 'absent', 'calibrating'])

/** Numbers the blocks of each channel from 1; keep it for the whole run. */
export function createWaveStamper({ device, protocol, linkName, bootId }: Origin): WaveStamper {
  const seqOf = new Map<string, number>()
  const isBroken = new Set<string>()

  const stamp: WaveStamper['stamp'] = (waveform, receivedAtMs) => {
    const { rateHz, quality = 'valid', why, wave, scale } = waveform
    const channel = toId(waveform.channel.slice(0, ID_LENGTH))
    if (!seqOf.has(channel) && seqOf.size >= MAX_CHANNELS) return 'waveform-channels'
    const isHidden = WITHOUT_SAMPLES.has(quality)
    const block = packSamples(isHidden ? waveform.samples.map(() => null) : waveform.samples)
    if (block === undefined || !(rateHz > 0 && rateHz <= 100_000)) {
      if (seqOf.has(channel)) isBroken.add(channel)
      return 'waveform-unfit'
    }
    const seq = (seqOf.get(channel) ?? 0) + 1
    seqOf.set(channel, seq)
    const isAfterGap = isBroken.delete(channel) || waveform.isAfterGap === true
    return {
      v: CONTRACT_VERSION,
      device,
      channel,
      ...(wave !== null && { mdc: wave.mdc, ref: wave.ref }),
      label: waveform.label.slice(0, MAX_LABEL),
      seq,
      boot: bootId,
      t: toInstant(receivedAtMs - (block.n * 1000) / rateHz),
      tr: toInstant(receivedAtMs),
      ttl: protocol.ttlMs,
      rate: rateHz,
      periodUs: 1_000_000 / rateHz,
      ...block,
      ...(scale !== undefined && { scale }),
      ...(isAfterGap && { gap: true }),
      q: quality,
      ...(why !== undefined && why.length > 0 && { why }),
      src: { link: linkName, driver: `${protocol.id}@${protocol.version}` },
    }
  }
  return {
    stamp,
    lineLost: () => {
      for (const channel of seqOf.keys()) isBroken.add(channel)
    },
  }
}
