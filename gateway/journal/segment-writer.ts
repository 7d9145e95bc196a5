/** Writes sealed blocks to segments: begins new ones, gives up old ones, and says what to do about a disk that fails. */

import type { Clock } from '../clock.ts'
import { errorCode } from '../errors.ts'
import type { Log } from '../log.ts'
import type { EventSink } from '../ports.ts'
import { sealBlock } from './block.ts'
import type { KeyHolder } from './key-ring.ts'
import { openSegmentFile, type OpenSegmentFile, type SegmentFile } from './segment-file.ts'
import { listSegments, removeSegment, segmentPath, storageError, syncDirectory } from './segment-files.ts'
import { segmentsToTrim, type JournalBounds } from './trim.ts'

export interface WriterOptions {
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  readonly events: EventSink
  readonly bounds: JournalBounds
  readonly keys: KeyHolder
  /** Called whenever a segment has been begun. */
  readonly onSegment: () => void
  /** Tests put a disk that fails in its place. */
  readonly openFile?: OpenSegmentFile | undefined
}

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])
/** So many of the newest are never given up, however full the disk is. */
const SEGMENTS_KEPT = 4

export class SegmentWriter {
  readonly #options: WriterOptions
  #file: SegmentFile | undefined
  #path = ''
  #fileBytes = 0
  #fault: string | undefined

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Why nothing can be written, or undefined while all is well. */
  get fault(): string | undefined {
    return this.#fault
  }

  /** Resolves when the records are on disk. */
  async write(firstSeq: number, records: readonly Uint8Array[]): Promise<void> {
    const { events, directory } = this.#options
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
    events.emit('technical', 'journal-recovered', { directory })
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }

  async #append(firstSeq: number, records: readonly Uint8Array[]): Promise<void> {
    const { clock, keys } = this.#options
    const block = sealBlock({ firstSeq, writtenAtMs: clock.nowMs(), records }, keys.current())
    const file = await this.#fileFor(firstSeq, block.length)
    await file.write(block)
    this.#fileBytes += block.length
  }

  async #fileFor(firstSeq: number, sizeBytes: number): Promise<SegmentFile> {
    const { directory, bounds, openFile = openSegmentFile, onSegment } = this.#options
    if (this.#file !== undefined && this.#fileBytes + sizeBytes <= bounds.segmentBytes) return this.#file
    await this.close()
    this.#trim()
    this.#path = segmentPath(directory, firstSeq)
    this.#fileBytes = 0
    this.#file = await openFile(this.#path)
    // Without this a crash could take the whole file although its content was synced.
    syncDirectory(directory)
    onSegment()
    return this.#file
  }

  #trim(): void {
    const { directory, clock, log, bounds } = this.#options
    for (const segment of segmentsToTrim(listSegments(directory), bounds, clock.nowMs())) {
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
      // A disk that stays full must not be filled with the names of what could not be written.
      if (this.#fileBytes === 0) removeSegment({ path: this.#path })
    } catch {
      // The fault that matters is the one of the write, and is reported.
    }
  }

  /** On a full disk the oldest history makes room for what is measured now. True when it is worth trying again. */
  #makeRoom(error: unknown): boolean {
    if (!FULL.has(errorCode(error) ?? '')) return false
    const { directory, events } = this.#options
    const [oldest, ...others] = listSegments(directory)
    if (oldest === undefined || others.length < SEGMENTS_KEPT) return false
    removeSegment(oldest)
    const detail = { segment: oldest.path, sizeBytes: oldest.sizeBytes, reason: 'disk-full' }
    events.emit('technical', 'journal-gave-up-history', detail)
    return true
  }

  #report(error: unknown): void {
    const { directory, events } = this.#options
    const { message } = storageError('the journal cannot be written', directory, error)
    if (this.#fault !== message) events.emit('technical', 'journal-failed', { directory, reason: message })
    this.#fault = message
  }
}
