/** A log of changes for tests of what stands before it: it keeps them, and answers as the journal does, never at once. */

import type { ChangeLog, SessionChange } from '../../gateway/broker/session-change.ts'

export class MemoryLog implements ChangeLog {
  readonly changes: SessionChange[] = []

  commit(change: SessionChange, settle: (error?: Error) => void): number {
    queueMicrotask(() => settle())
    return this.changes.push(change)
  }

  note(change: SessionChange): void {
    this.changes.push(change)
  }
}
