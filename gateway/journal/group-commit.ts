/**
 * Writes records in groups: whatever has gathered while one group was on its way to the disk makes up the next. A record
 * that comes alone is written alone, at once; under load a group grows with the time the disk takes.
 */

import type { Cancel, Clock } from '../clock.ts'
import type { StorageError } from '../errors.ts'
import { LARGEST_BODY_BYTES, sizeInBody } from './block.ts'

/** Called once, in the order of the records. */
export type Settle = (error?: StorageError) => void

interface Pending {
  readonly record: Uint8Array
  readonly settle: Settle | undefined
}

export interface GroupCommitOptions {
  readonly firstSeq: number
  readonly clock: Clock
  /** Writes one group; resolves when it is on disk, rejects with a StorageError when it may not be. */
  readonly write: (firstSeq: number, records: readonly Uint8Array[]) => Promise<void>
  readonly asError: (error: unknown) => StorageError
}

/** How long a record that nobody waits for may wait for company. */
const LAZY_MS = 50
/** Enough to be worth a write of its own. */
const LAZY_BYTES = 256 * 1024
/** What one group may hold, so that a packet that is waiting behind it does not wait long. */
const GROUP_BYTES = 1024 * 1024

export class GroupCommit {
  readonly #options: GroupCommitOptions
  #pending: Pending[] = []
  #pendingBytes = 0
  #nextSeq: number
  #settledSeq: number
  #isAwaited = false
  #cancelLazy: Cancel | undefined
  #writing: Promise<void> | undefined

  constructor(options: GroupCommitOptions) {
    this.#options = options
    this.#nextSeq = options.firstSeq
    this.#settledSeq = options.firstSeq - 1
  }

  get nextSeq(): number {
    return this.#nextSeq
  }

  /** The last record whose `settle` was called: those up to it are on disk, or have failed. */
  get settledSeq(): number {
    return this.#settledSeq
  }

  /** Takes a record; without `settle` nobody waits for it, and it goes with the next group. Answers its number. */
  add(record: Uint8Array, settle?: Settle): number {
    const seq = this.#nextSeq
    this.#nextSeq += 1
    this.#pending.push({ record, settle })
    this.#pendingBytes += sizeInBody(record)
    if (settle !== undefined || this.#pendingBytes >= LAZY_BYTES) this.#start()
    else this.#startLater()
    return seq
  }

  /** Resolves when everything taken so far has been written, or has failed. */
  async flush(): Promise<void> {
    while (this.#pending.length > 0 || this.#writing !== undefined) {
      this.#start()
      await this.#writing
    }
  }

  #start(): void {
    this.#isAwaited = true
    this.#writing ??= this.#run()
  }

  async #run(): Promise<void> {
    while (this.#isAwaited && this.#pending.length > 0) {
      // What comes in the same turn of the event loop, as the packets of one read do, goes in the same group.
      await new Promise(setImmediate)
      const firstSeq = this.#nextSeq - this.#pending.length
      const group = this.#takeGroup()
      this.#isAwaited = this.#pending.some(({ settle }) => settle !== undefined)
      let failure: StorageError | undefined
      try {
        await this.#options.write(
          firstSeq,
          group.map(({ record }) => record),
        )
      } catch (error) {
        failure = this.#options.asError(error)
      }
      for (const [index, { settle }] of group.entries()) {
        this.#settledSeq = firstSeq + index
        settle?.(failure)
      }
    }
    this.#writing = undefined
    this.#isAwaited = false
    if (this.#pending.length > 0) this.#startLater()
  }

  #startLater(): void {
    this.#cancelLazy ??= this.#options.clock.after(LAZY_MS, () => this.#start())
  }

  #takeGroup(): readonly Pending[] {
    this.#cancelLazy?.()
    this.#cancelLazy = undefined
    let count = 0
    let bytes = 0
    for (const { record } of this.#pending) {
      const size = sizeInBody(record)
      if (count > 0 && bytes + size > Math.min(GROUP_BYTES, LARGEST_BODY_BYTES)) break
      count += 1
      bytes += size
    }
    this.#pendingBytes -= bytes
    return this.#pending.splice(0, count)
  }
}
