/**
 * The journal: an append-only log of sealed blocks in segments. A record whose `settle` was called without an error is
 * on disk. It knows nothing of what the records mean.
 *
 * A damaged block is reported and passed over, a block that was cut off by a crash likewise; neither keeps the gateway
 * from starting. Numbers are never used twice; a group that could not be written leaves a gap.
 */

import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { EventSink } from '../ports.ts'
import { GroupCommit, type Settle } from './group-commit.ts'
import { openKeys, type KeyHolder } from './key-ring.ts'
import { scanSegment, type JournalRecord } from './scan-segment.ts'
import { readSealedFile, writeSealedFile } from './sealed-file.ts'
import type { OpenSegmentFile } from './segment-file.ts'
import { listSegments, makeJournalDirectory, readSegment, storageError } from './segment-files.ts'
import { SegmentWriter } from './segment-writer.ts'
import type { JournalBounds } from './trim.ts'

export interface JournalOptions {
  readonly directory: string
  readonly keyFile: string
  readonly clock: Clock
  readonly log: Log
  readonly events: EventSink
  readonly bounds?: Partial<JournalBounds>
  readonly openFile?: OpenSegmentFile
}

/** Which records are handed over: all from `fromSeq` on, and of those before it the ones of the set. */
export interface ReplayOptions {
  readonly fromSeq: number
  readonly also?: ReadonlySet<number>
}

/** A ward of 200 devices that report each second writes about 60 MB an hour. */
const DEFAULT_BOUNDS: JournalBounds = {
  segmentBytes: 32 * 1024 * 1024,
  totalBytes: 4 * 1024 * 1024 * 1024,
  ageMs: 30 * 86_400_000,
}

export class Journal {
  readonly #options: JournalOptions
  readonly #keys: KeyHolder
  readonly #writer: SegmentWriter
  readonly #group: GroupCommit
  #onSegment: () => void = () => undefined

  /** Opens the journal of a directory, or makes one. A fault of the disk is a StorageError; damage is only reported. */
  static open(options: JournalOptions): Journal {
    makeJournalDirectory(options.directory)
    return new Journal(options)
  }

  private constructor(options: JournalOptions) {
    const { directory, clock } = options
    this.#options = options
    this.#keys = openKeys(options.keyFile, clock)
    this.#writer = new SegmentWriter({
      ...options,
      bounds: { ...DEFAULT_BOUNDS, ...options.bounds },
      keys: this.#keys,
      onSegment: () => this.#onSegment(),
    })
    this.#group = new GroupCommit({
      firstSeq: nextSeqOf(directory),
      clock,
      write: (firstSeq, records) => this.#writer.write(firstSeq, records),
      asError: (error) => storageError('the journal cannot be written', directory, error),
    })
  }

  /** The number the next record gets. */
  get nextSeq(): number {
    return this.#group.nextSeq
  }

  /** The last record that is on disk, or has failed. */
  get settledSeq(): number {
    return this.#group.settledSeq
  }

  /** Why nothing can be written, or undefined while all is well. */
  get fault(): string | undefined {
    return this.#writer.fault
  }

  /** Called whenever a segment has been begun: a good moment to write down what can be told from the ones before. */
  set onSegment(listener: () => void) {
    this.#onSegment = listener
  }

  /** Takes a record and answers its number; `settle` is called when it is on disk, or cannot be. */
  commit(record: Uint8Array, settle: Settle): number {
    return this.#group.add(record, settle)
  }

  /** Takes a record that nobody waits for: it is on disk a moment later, before or with any later one. */
  note(record: Uint8Array): number {
    return this.#group.add(record)
  }

  /** Resolves when everything taken so far is on disk, or has failed. */
  flush(): Promise<void> {
    return this.#group.flush()
  }

  /** Hands over the records on disk in order. Synchronous: for the start, before anything is written. */
  replay({ fromSeq, also = NONE }: ReplayOptions, onRecord: (record: JournalRecord) => void): void {
    const sorted = [...also].toSorted((a, b) => a - b)
    const isRangeWanted = (first: number, last: number): boolean =>
      last >= fromSeq || (sorted[firstAtLeast(sorted, first)] ?? Infinity) <= last
    const segments = listSegments(this.#options.directory)
    for (const [index, segment] of segments.entries()) {
      const lastSeq = (segments[index + 1]?.firstSeq ?? Number.MAX_SAFE_INTEGER) - 1
      if (!isRangeWanted(segment.firstSeq, lastSeq)) continue
      scanSegment(readSegment(segment), {
        findKey: (id) => this.#keys.find(id),
        isRangeWanted,
        isWanted: (seq) => seq >= fromSeq || also.has(seq),
        onRecord,
        onDamage: (damage) => {
          this.#options.events.emit('technical', 'journal-damaged', { segment: segment.path, ...damage })
        },
      })
    }
  }

  /** Replaces a sealed file beside the segments. */
  async writeAside(name: string, records: readonly Uint8Array[]): Promise<void> {
    const path = join(this.#options.directory, name)
    const content = { writtenAtMs: this.#options.clock.nowMs(), key: this.#keys.current() }
    try {
      await writeSealedFile(path, records, content)
    } catch (error) {
      throw storageError(`cannot write ${path}`, path, error)
    }
  }

  /** The records of a sealed file; undefined when there is none, 'damaged' when not all of it can be read. */
  readAside(name: string): readonly Buffer[] | 'damaged' | undefined {
    return readSealedFile(join(this.#options.directory, name), (id) => this.#keys.find(id))
  }

  /** Writes what is left and closes the file. */
  async close(): Promise<void> {
    await this.#group.flush()
    await this.#writer.close()
  }
}

const NONE: ReadonlySet<number> = new Set()

/** The index of the first number that is not below `least`. */
function firstAtLeast(sorted: readonly number[], least: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? Infinity) < least) low = middle + 1
    else high = middle
  }
  return low
}

/** One past the newest record, and past the name of the newest segment, which may have been cut off before its first block. */
function nextSeqOf(directory: string): number {
  const newest = listSegments(directory).at(-1)
  if (newest === undefined) return 1
  const lastSeq = scanSegment(readSegment(newest), {
    findKey: () => undefined,
    isRangeWanted: () => false,
    isWanted: () => false,
    onRecord: () => undefined,
    onDamage: () => undefined,
  })
  return Math.max(newest.firstSeq, lastSeq ?? 0) + 1
}
