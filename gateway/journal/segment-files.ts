/** The segments of a journal on disk: `<directory>/<first sequence number>.wgj`, written once from front to back. */

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { errorCode, errorMessage, StorageError } from '../errors.ts'

export interface Segment {
  readonly path: string
  readonly firstSeq: number
  readonly sizeBytes: number
  readonly modifiedAtMs: number
}

const NAME = /^(\d{16})\.wgj$/

export function segmentPath(directory: string, firstSeq: number): string {
  return join(directory, `${String(firstSeq).padStart(16, '0')}.wgj`)
}

/** Makes the directory where there is none, with mode 0700. */
export function makeJournalDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw storageError(`cannot make the journal directory ${directory}`, directory, error)
  }
}

/** All segments, oldest first. */
export function listSegments(directory: string): readonly Segment[] {
  let names: readonly string[]
  try {
    names = readdirSync(directory)
  } catch (error) {
    throw storageError(`cannot read the journal directory ${directory}`, directory, error)
  }
  return names
    .flatMap((name) => {
      const firstSeq = Number(NAME.exec(name)?.[1] ?? Number.NaN)
      if (!Number.isSafeInteger(firstSeq)) return []
      const path = join(directory, name)
      const stats = statSync(path, { throwIfNoEntry: false })
      return stats === undefined
        ? []
        : [{ path, firstSeq, sizeBytes: stats.size, modifiedAtMs: stats.mtimeMs }]
    })
    .toSorted((a, b) => a.firstSeq - b.firstSeq)
}

export function readSegment({ path }: Segment): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw storageError(`cannot read the journal segment ${path}`, path, error)
  }
}

export function removeSegment({ path }: Pick<Segment, 'path'>): void {
  try {
    rmSync(path, { force: true })
  } catch (error) {
    throw storageError(`cannot remove the journal segment ${path}`, path, error)
  }
}

/** After this the names in the directory are on disk too. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

const WHAT_TO_DO: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk: free some',
  EDQUOT: 'the disk quota is used up: free some',
  EROFS: 'the file system is read-only: remount it, and check the disk',
  EIO: 'the disk reports an error: replace it',
  EACCES: 'permission denied: run as the owner of the directory',
}

export function storageError(what: string, path: string, error: unknown): StorageError {
  const code = errorCode(error)
  return new StorageError(`${what}: ${WHAT_TO_DO[code ?? ''] ?? errorMessage(error)}`, { path, code }, error)
}
