/** Wave samples: physio id, state, length, big-endian samples of the width that the specification gave. */

import type { Quality, Text, Waveform } from '../protocol.ts'
import { ticksBetween } from './device-clock.ts'
import { measurementState } from './measurement-state.ts'
import type { KnownObject } from './object-memory.ts'
import { channelOf, hex16, nameOf, waveOf } from './physio.ts'
import { rateOf, scaleOf, waveFormWords, type SampleSpec } from './wave-form.ts'

export interface SampleBlock {
  readonly physioId: number
  readonly state: number
  readonly data: Uint8Array
}

/** When the block was answered: by the monitor's ticks, and in which result of all. */
export interface BlockPlace {
  readonly ticks: number
  readonly result: number
}

/** Undefined while the specification is missing, or when the same block came before (two polls that overlap). */
export function waveformOf(block: SampleBlock, object: KnownObject, place: BlockPlace): Waveform | undefined {
  const rateHz = rateOf(object.wave)
  const { spec, periodTicks } = object.wave
  if (rateHz === undefined || spec === undefined || periodTicks === undefined) return undefined
  const ahead = object.blockTicks === undefined ? undefined : ticksBetween(object.blockTicks, place.ticks)
  const isNextPart = place.result === object.blockResult
  if (ahead !== undefined && ahead <= 0 && !isNextPart) return undefined
  const isAfterGap = ahead !== undefined && ahead > object.blockLengthTicks * GAP_RATIO
  const { quality, words } = measurementState(block.state)
  const samples = isShown(quality) ? samplesOf(block.data, spec) : gapsOf(block.data, spec)
  object.blockTicks = place.ticks
  object.blockLengthTicks = samples.length * periodTicks + (isNextPart ? object.blockLengthTicks : 0)
  object.blockResult = place.result
  const scale = scaleOf(object.wave.range, object.unitCode)
  return {
    kind: 'waveform',
    channel: channelOf(block.physioId),
    wave: waveOf(block.physioId) ?? null,
    label: object.label === '' ? nameOf(block.physioId) : object.label,
    rateHz,
    samples,
    ...(scale !== undefined && { scale }),
    ...(isAfterGap && { isAfterGap }),
    ...(quality !== 'valid' && { quality }),
    ...(words.length > 0 && { why: words }),
  }
}

/** Results come when the monitor has time: one may be late by less than half its length. */
const GAP_RATIO = 1.5

function isShown(quality: Quality): boolean {
  return quality === 'valid' || quality === 'questionable'
}

/** False when the data is no whole number of samples of the width that was announced. */
export function isReadable({ data }: SampleBlock, { wave }: KnownObject): boolean {
  return wave.spec?.sampleBits !== 16 || data.length % 2 === 0
}

/** "Bits above the significant ones mark special samples: treat such a sample as a gap." */
function samplesOf(
  data: Uint8Array,
  { sampleBits, significantBits }: SampleSpec,
): readonly (number | null)[] {
  const limit = 2 ** significantBits
  const isWide = sampleBits === 16
  const count = isWide ? data.length >>> 1 : data.length
  const samples: (number | null)[] = []
  for (let index = 0; index < count; index += 1) {
    const raw = isWide ? ((data[2 * index] ?? 0) << 8) | (data[2 * index + 1] ?? 0) : (data[index] ?? 0)
    samples.push(raw < limit ? raw : null)
  }
  return samples
}

function gapsOf(data: Uint8Array, { sampleBits }: SampleSpec): readonly null[] {
  return Array.from({ length: data.length / (sampleBits / 8) }, () => null)
}

/**
 * For a capture that begins after the specification: which wave it is can be said, what its samples are cannot. The
 * words are raw, of no known rate (0) and size; what leaves a driver has both.
 */
export function unspecifiedWave({ physioId, state, data }: SampleBlock): Waveform {
  const { words } = measurementState(state)
  const asWords = { samplesPerMessage: 0, sampleBits: 16, significantBits: 16 }
  return {
    kind: 'waveform',
    channel: channelOf(physioId),
    wave: waveOf(physioId) ?? null,
    label: nameOf(physioId),
    rateHz: 0,
    samples: samplesOf(data, asWords),
    quality: 'invalid',
    why: [...words, 'no_specification'],
  }
}

export function waveFormText(object: KnownObject, handle: number): Text {
  const name = object.label === '' ? `wave-${hex16(handle)}` : object.label
  return { kind: 'text', name: `${name} spec`, value: waveFormWords(object.wave, object.unitCode) }
}
