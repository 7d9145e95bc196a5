/** The content of a file of the state directory as it is now, also when another process replaces the file. */

import { statSync } from 'node:fs'
import type { Cancel, Clock } from '../clock.ts'

// A change made by a command is in force within two seconds.
const LOOK_EVERY_MS = 1_000

export interface WatchedFile<Content> {
  readonly content: Content
  /** Looks now; true when there is new content. */
  refresh(): boolean
  stop(): void
}

export interface WatchOptions<Content> {
  readonly path: string
  readonly read: () => Content
  readonly clock: Clock
  readonly onChange?: (next: Content, former: Content) => void
  /** In force while the first content cannot be read; without it the fault is thrown to the caller. */
  readonly fallback?: Content
  /** The new content cannot be read; the former stays in force. Told once for each content. */
  readonly onFault: (error: unknown) => void
}

export function watchFile<Content>(options: WatchOptions<Content>): WatchedFile<Content> {
  const { path, read, clock, onChange, onFault } = options
  // Taken before reading: a change in between is then seen at the next look.
  let stamp = fileStamp(path)
  let content = readFirst(options)

  const refresh = (): boolean => {
    const found = fileStamp(path)
    if (found === stamp) return false
    stamp = found
    const former = content
    try {
      content = read()
    } catch (error) {
      onFault(error)
      return false
    }
    onChange?.(content, former)
    return true
  }
  const cancel: Cancel = clock.every(LOOK_EVERY_MS, refresh)
  return {
    get content() {
      return content
    },
    refresh,
    stop: cancel,
  }
}

function readFirst<Content>({ read, fallback, onFault }: WatchOptions<Content>): Content {
  if (fallback === undefined) return read()
  try {
    return read()
  } catch (error) {
    onFault(error)
    return fallback
  }
}

/** Files are replaced, never written into, so a new content is a new inode; mode and owner are part of what is refused. */
function fileStamp(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stats === undefined
    ? 'missing'
    : `${stats.ino}:${stats.mtimeNs}:${stats.size}:${stats.mode}:${stats.uid}`
}
