/** What goes wrong on a cable: noise, lost bytes, cut and repeated messages, silence. Nothing unless a rate says so. */

import { seededRandom, type Random } from './random.ts'

export const LINE_FAULT_KINDS = ['noise', 'lostByte', 'cut', 'silence', 'duplicate'] as const
type LineFaultKind = (typeof LINE_FAULT_KINDS)[number]

/** How likely each fault is for one message, 0 to 1. */
export type LineFaultRates = { readonly [Kind in LineFaultKind]?: number }

/** What of one message arrives; empty when nothing does. */
export type FaultyLine = (message: Uint8Array) => Uint8Array

export function createFaultyLine(rates: LineFaultRates, seed: number): FaultyLine {
  // Two sources of chance: how one fault turns out does not decide whether the next one comes.
  const chance = seededRandom(seed)
  const detail = seededRandom(seed + 1)
  let silentMessages = 0
  return (message) => {
    const hits = LINE_FAULT_KINDS.filter((kind) => chance.next() < (rates[kind] ?? 0))
    if (silentMessages > 0) {
      silentMessages -= 1
      return new Uint8Array()
    }
    if (hits.includes('silence')) silentMessages = detail.below(LONGEST_SILENCE_MESSAGES)
    return hits.reduce((bytes, kind) => DAMAGE[kind](bytes, detail), message)
  }
}

const LONGEST_SILENCE_MESSAGES = 10
const LONGEST_NOISE_BYTES = 16

const DAMAGE: Readonly<Record<LineFaultKind, (bytes: Uint8Array, random: Random) => Uint8Array>> = {
  noise: (bytes, random) => {
    const at = random.below(bytes.length + 1)
    const noise = Array.from({ length: 1 + random.below(LONGEST_NOISE_BYTES) }, () => random.below(256))
    return Uint8Array.of(...bytes.subarray(0, at), ...noise, ...bytes.subarray(at))
  },
  lostByte: (bytes, random) => {
    const lost = random.below(bytes.length)
    return bytes.filter((_byte, at) => at !== lost)
  },
  cut: (bytes, random) => bytes.slice(0, random.below(bytes.length)),
  silence: () => new Uint8Array(),
  duplicate: (bytes) => Uint8Array.of(...bytes, ...bytes),
}
