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
import { errorCode } from '../errors.ts'
import type { EventSink } from '../ports.ts'
import { sealBlock } from './block.ts'
import { GroupCommit, type Settle } from './group-commit.ts'
import { isDue, openKeyRing, type KeyRing } from './key-ring.ts'
import { readSealedFile, writeSealedFile } from './sealed-file.ts'
import { scanSegment, type JournalRecord } from './scan-segment.ts'
import { openSegmentFile, type OpenSegmentFile, type SegmentFile } from './segment-file.ts'
import {
  listSegments,
  makeJournalDirectory,
  readSegment,
  removeSegment,
  segmentPath,
  storageError,
  syncDirectory,
  type Segment,
} from './segment-files.ts'
import { segmentsToTrim, type JournalBounds } from './trim.ts'

export interface JournalOptions {
  readonly directory: string
  readonly keyFile: string
  readonly clock: Clock
  readonly log: Log
  readonly events: EventSink
  readonly bounds?: Partial<JournalBounds & { readonly segmentBytes: number }>
  /** Tests put a disk that fails in its place. */
  readonly openFile?: OpenSegmentFile
}

export interface ReplayOptions {
  /** Records before this number are passed over, unless `isWanted`. */
  readonly fromSeq: number
  /** Whether any record of this range before `fromSeq` is wanted. */
  readonly isWanted?: (firstSeq: number, lastSeq: number) => boolean
}

const DEFAULT_BOUNDS = {
  totalBytes: 2 * 1024 * 1024 * 1024,
  ageMs: 30 * 86_400_000,
  segmentBytes: 32 * 1024 * 1024,
} as const

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])
/** Of these, however full the disk is, the newest are never given up. */
const SEGMENTS_KEPT = 4

export class Journal {
  readonly #options: JournalOptions
  readonly #bounds: JournalBounds & { readonly segmentBytes: number }
  readonly #group: GroupCommit
  #keys: KeyRing
  #file: SegmentFile | undefined
  #fileBytes = 0
  #fault: string | undefined
  #onSegment: () => void = () => undefined

  /** Opens the journal of a directory, or makes one. A fault of the disk is a StorageError; damage is only reported. */
  static open(options: JournalOptions): Journal {
    makeJournalDirectory(options.directory)
    const keys = openKeyRing(options.keyFile, options.clock.nowMs())
    return new Journal(options, keys, nextSeqOf(options, keys))
  }

  private constructor(options: JournalOptions, keys: KeyRing, nextSeq: number) {
    this.#options = options
    this.#keys = keys
    this.#bounds = { ...DEFAULT_BOUNDS, ...options.bounds }
    this.#group = new GroupCommit({
      firstSeq: nextSeq,
      clock: options.clock,
      write: (firstSeq, records) => this.#write(firstSeq, records),
      asError: (error) => storageError('the journal cannot be written', options.directory, error),
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
    return this.#fault
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

  flush(): Promise<void> {
    return this.#group.flush()
  }

  /** Hands over the records on disk in order, from before this run as well as of it. Synchronous: for the start. */
  replay(
    { fromSeq, isWanted = () => false }: ReplayOptions,
    onRecord: (record: JournalRecord) => void,
  ): void {
    const segments = listSegments(this.#options.directory)
    for (const [index, segment] of segments.entries()) {
      const endSeq = segments[index + 1]?.firstSeq ?? Number.MAX_SAFE_INTEGER
      if (endSeq <= fromSeq && !isWanted(segment.firstSeq, endSeq - 1)) continue
      scanSegment(readSegment(segment), {
        findKey: (id) => this.#keys.find(id),
        isWanted: (first, last) => last >= fromSeq || isWanted(first, last),
        onRecord,
        onDamage: (damage) => {
          this.#options.events.emit('technical', 'journal-damaged', { segment: segment.path, ...damage })
        },
      })
    }
  }

  /** Replaces a sealed file beside the segments, in pieces between which other work goes on. */
  async writeAside(name: string, records: readonly Uint8Array[]): Promise<void> {
    const path = join(this.#options.directory, name)
    const content = { writtenAtMs: this.#options.clock.nowMs(), key: this.#keys.current }
    try {
      await writeSealedFile(path, records, content)
    } catch (error) {
      throw storageError(`cannot write ${path}`, path, error)
    }
  }

  /** The records of a sealed file; undefined when there is none, 'damaged' when not all of it can be read. */
  readAside(name: string): readonly Buffer[] | 'damaged' | undefined {
    const path = join(this.#options.directory, name)
    return readSealedFile(path, (id) => this.#keys.find(id))
  }

  /** Writes what is left and closes the file. */
  async close(): Promise<void> {
    await this.#group.flush()
    await this.#file?.close()
    this.#file = undefined
  }

  async #write(firstSeq: number, records: readonly Uint8Array[]): Promise<void> {
    try {
      await this.#append(firstSeq, records)
    } catch (error) {
      await this.#abandonFile()
      if (!this.#makeRoom(error)) {
        this.#report(error)
        throw error
      }
      await this.#append(firstSeq, records)
    }
    if (this.#fault === undefined) return
    this.#fault = undefined
    this.#options.events.emit('technical', 'journal-recovered', { directory: this.#options.directory })
  }

  async #append(firstSeq: number, records: readonly Uint8Array[]): Promise<void> {
    const writtenAtMs = this.#options.clock.nowMs()
    const block = sealBlock({ firstSeq, writtenAtMs, records }, this.#keys.current)
    const file = await this.#fileFor(firstSeq, block.length)
    await file.write(block)
    this.#fileBytes += block.length
  }

  async #fileFor(firstSeq: number, sizeBytes: number): Promise<SegmentFile> {
    if (this.#file !== undefined && this.#fileBytes + sizeBytes <= this.#bounds.segmentBytes)
      return this.#file
    const { directory, openFile = openSegmentFile, clock, keyFile } = this.#options
    await this.#file?.close()
    this.#file = undefined
    if (isDue({ createdAtMs: this.#keys.currentSinceMs }, clock.nowMs()))
      this.#keys = openKeyRing(keyFile, clock.nowMs())
    this.#trim()
    this.#file = await openFile(segmentPath(directory, firstSeq))
    this.#fileBytes = 0
    // Without this a crash could take the whole file although its content was synced.
    syncDirectory(directory)
    this.#onSegment()
    return this.#file
  }

  #trim(): void {
    const { directory, clock, log } = this.#options
    for (const segment of segmentsToTrim(listSegments(directory), this.#bounds, clock.nowMs())) {
      removeSegment(segment)
      log.info('journal-trimmed', { segment: segment.path, sizeBytes: segment.sizeBytes })
    }
  }

  /** After a failed write nobody knows what of it is on disk: the file is left behind, and the next group begins another. */
  async #abandonFile(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    try {
      await file?.close()
    } catch {
      // The fault that matters is the one of the write, and is reported.
    }
  }

  /** On a full disk the oldest history makes room for what is measured now. True when it is worth trying again. */
  #makeRoom(error: unknown): boolean {
    if (!FULL.has(errorCode(error) ?? '')) return false
    const [oldest, ...others] = listSegments(this.#options.directory)
    if (oldest === undefined || others.length < SEGMENTS_KEPT) return false
    removeSegment(oldest)
    const detail = { segment: oldest.path, sizeBytes: oldest.sizeBytes }
    this.#options.events.emit('technical', 'journal-gave-up-history', { ...detail, reason: 'disk-full' })
    return true
  }

  #report(error: unknown): void {
    const { directory, events } = this.#options
    const { message } = storageError('the journal cannot be written', directory, error)
    if (this.#fault !== message) events.emit('technical', 'journal-failed', { directory, reason: message })
    this.#fault = message
  }
}

/** One past the newest record, and past the name of the newest segment, which may have been cut off before its first block. */
function nextSeqOf({ directory }: JournalOptions, keys: KeyRing): number {
  const segments = listSegments(directory)
  const newest: Segment | undefined = segments.at(-1)
  if (newest === undefined) return 1
  const lastSeq = scanSegment(readSegment(newest), {
    findKey: (id) => keys.find(id),
    isWanted: () => false,
    onRecord: () => undefined,
    onDamage: () => undefined,
  })
  return Math.max(newest.firstSeq, lastSeq ?? 0) + 1
}
