/** The segment that is being written. What `write` has answered for is on disk. */

import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

export interface SegmentFile {
  /** Resolves when the bytes are on disk. After a rejection nothing more may be written to this file. */
  write(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

export type OpenSegmentFile = (path: string) => Promise<SegmentFile>

// O_DSYNC: a write answers when its data is on disk, in one call to the system instead of two. O_EXCL: a segment has one writer.
const FLAGS =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND | constants.O_DSYNC

export const openSegmentFile: OpenSegmentFile = async (path) => {
  const file = await open(path, FLAGS, 0o600)
  return { write: (bytes) => writeAll(file, bytes), close: () => file.close() }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done)
    done += bytesWritten
  }
}
