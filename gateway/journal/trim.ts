/** Which segments a journal gives up: the oldest, beyond its size or its age. Pure. */

import type { Segment } from './segment-files.ts'

export interface JournalBounds {
  /** A new segment begins when one would grow beyond this. */
  readonly segmentBytes: number
  readonly totalBytes: number
  readonly ageMs: number
}

/** Never the newest: it is being written. A clock that stepped back gives up nothing for its age. */
export function segmentsToTrim(
  segments: readonly Segment[],
  { totalBytes, ageMs }: Pick<JournalBounds, 'totalBytes' | 'ageMs'>,
  nowMs: number,
): readonly Segment[] {
  let keptBytes = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const trimmed: Segment[] = []
  for (const segment of segments.slice(0, -1)) {
    if (keptBytes <= totalBytes && nowMs - segment.modifiedAtMs <= ageMs) break
    trimmed.push(segment)
    keptBytes -= segment.sizeBytes
  }
  return trimmed
}
