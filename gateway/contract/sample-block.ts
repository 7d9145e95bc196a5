/**
 * The samples of a waveform block as they travel: base64 of little-endian whole numbers of two or four bytes, the most
 * negative of which marks a sample that is missing. docs/schema/README.md says why this form.
 */

import type { SampleFormat } from './waveform.ts'

export interface SampleBlock {
  readonly format: SampleFormat
  readonly n: number
  readonly samples: string
}

/** A longer block is refused: at the fastest wave of a bedside device it is more than ten seconds. */
export const MAX_SAMPLES = 8_192

interface Format {
  readonly sizeBytes: number
  readonly gap: number
  readonly max: number
  readonly read: (view: DataView, at: number) => number
  readonly write: (view: DataView, at: number, raw: number) => void
}

const FORMATS: Readonly<Record<SampleFormat, Format>> = {
  int16: {
    sizeBytes: 2,
    gap: -0x8000,
    max: 0x7fff,
    read: (view, at) => view.getInt16(at, true),
    write: (view, at, raw) => view.setInt16(at, raw, true),
  },
  int32: {
    sizeBytes: 4,
    gap: -0x80000000,
    max: 0x7fffffff,
    read: (view, at) => view.getInt32(at, true),
    write: (view, at, raw) => view.setInt32(at, raw, true),
  },
}

/** Undefined when there are none, too many, or one that no format can hold: a sample is never rounded or clipped. */
export function packSamples(samples: readonly (number | null)[]): SampleBlock | undefined {
  if (samples.length === 0 || samples.length > MAX_SAMPLES) return undefined
  const format = (['int16', 'int32'] as const).find((name) =>
    samples.every((raw) => fits(raw, FORMATS[name])),
  )
  if (format === undefined) return undefined
  const { sizeBytes, gap, write } = FORMATS[format]
  const bytes = Buffer.alloc(samples.length * sizeBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (const [index, raw] of samples.entries()) write(view, index * sizeBytes, raw ?? gap)
  return { format, n: samples.length, samples: bytes.toString('base64') }
}

/** null marks a missing sample. Undefined when the bytes are not base64 of exactly `n` samples. */
export function unpackSamples({ format, n, samples }: SampleBlock): readonly (number | null)[] | undefined {
  const { sizeBytes, gap, read } = FORMATS[format]
  const bytes = Buffer.from(samples, 'base64')
  // Node reads around characters that are not base64; what does not come back the same was not.
  if (bytes.length !== n * sizeBytes || bytes.toString('base64') !== samples) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: n }, (_, index) => {
    const raw = read(view, index * sizeBytes)
    return raw === gap ? null : raw
  })
}

function fits(raw: number | null, { gap, max }: Format): boolean {
  return raw === null || (Number.isInteger(raw) && raw > gap && raw <= max)
}
