/** A block of a waveform, as types. Its JSON Schema is in relay.schema.ts; docs/schema/README.md reads one in a browser. */

import type { Quality, SampleScale } from '../../devices/protocol.ts'
import type { IngestSource, SetSource } from './reading.ts'

export type SampleFormat = 'int16' | 'int32'

/** Equally spaced samples of one channel. */
interface WaveBlock {
  readonly v: 1
  readonly device: string
  /** Names the wave within its device; the last level of its topic. */
  readonly channel: string
  /** The MDC code of the wave and its name; absent where the field has none. */
  readonly mdc?: number
  readonly ref?: string
  /** What the device calls it. */
  readonly label: string
  /** Counts up by one within one `boot` and channel: a number that is missing is a block that was lost. */
  readonly seq: number
  readonly boot: string
  /** Time of the first sample: receipt less the length of the block. */
  readonly t: string
  /** How long after its last sample the block may be shown as current, in ms. */
  readonly ttl: number
  /** Samples a second, and the time between two of them in microseconds; either may be fractional. */
  readonly rate: number
  readonly periodUs: number
  readonly format: SampleFormat
  readonly n: number
  /** Base64 of `n` little-endian whole numbers; the most negative of the format marks a missing sample. */
  readonly samples: string
  /** Physical value = offset + sample x resolution, in `unit` (UCUM). Absent: the samples have a shape and no size. */
  readonly scale?: SampleScale
  /** Samples are missing between the block before and this one. */
  readonly gap?: boolean
  readonly q: Quality
  readonly why?: readonly string[]
}

/** Published on `ingest/v1/{device}/waveform`: untrusted. */
export interface IngestWaveform extends WaveBlock {
  readonly tr?: string
  readonly bed?: string
  readonly assoc?: string
  readonly src?: IngestSource
}

/** Published on `vitals/v1/{ward}/{bed}/{device}/waveform/{channel}`: trusted, never retained, QoS 0. */
export interface WaveformMessage extends WaveBlock {
  readonly bed: string
  readonly assoc: string
  readonly tr: string
  readonly src: SetSource
}
