/** Reads a segment from front to back, over whatever is damaged in it. */

import type { KeyObject } from 'node:crypto'
import { findHeader, HEADER_BYTES, openBlock, readHeader } from './block.ts'

export interface JournalRecord {
  readonly seq: number
  readonly writtenAtMs: number
  readonly bytes: Buffer
}

interface Damage {
  readonly reason: 'unreadable-bytes' | 'cut-short' | 'unknown-key' | 'not-authentic' | 'malformed-records'
  readonly offset: number
  readonly sizeBytes: number
  /** Records that are lost with it, where the header still says how many. */
  readonly recordCount: number
}

export interface ScanOptions {
  readonly findKey: (id: number) => KeyObject | undefined
  /** Blocks none of whose records is wanted are passed over without being opened. */
  readonly isRangeWanted: (firstSeq: number, lastSeq: number) => boolean
  readonly isWanted: (seq: number) => boolean
  readonly onRecord: (record: JournalRecord) => void
  readonly onDamage: (damage: Damage) => void
}

/** The number of the last record that a header speaks of, or undefined. */
export function scanSegment(bytes: Buffer, options: ScanOptions): number | undefined {
  let lastSeq: number | undefined
  let offset = 0
  while (offset < bytes.length) {
    const header = readHeader(bytes, offset)
    if (header === undefined) {
      const next = findHeader(bytes, offset + 1)
      const end = next === -1 ? bytes.length : next
      // A write that was cut off leaves the beginning of a block, or zeros, at the very end.
      const reason = next === -1 ? 'cut-short' : 'unreadable-bytes'
      options.onDamage({ reason, offset, sizeBytes: end - offset, recordCount: 0 })
      offset = end
      continue
    }
    const { firstSeq, recordCount, writtenAtMs, keyId, bodyBytes } = header
    const end = offset + HEADER_BYTES + bodyBytes
    lastSeq = Math.max(lastSeq ?? 0, firstSeq + recordCount - 1)
    if (end > bytes.length) {
      options.onDamage({ reason: 'cut-short', offset, sizeBytes: bytes.length - offset, recordCount })
      break
    }
    if (options.isRangeWanted(firstSeq, firstSeq + recordCount - 1)) {
      const { isWanted } = options
      const key = options.findKey(keyId)
      const opened = openBlock(bytes.subarray(offset, end), header, { key, isWanted })
      if (opened.kind === 'records')
        for (const record of opened.records) options.onRecord({ ...record, writtenAtMs })
      else options.onDamage({ reason: opened.reason, offset, sizeBytes: end - offset, recordCount })
    }
    offset = end
  }
  return lastSeq
}
