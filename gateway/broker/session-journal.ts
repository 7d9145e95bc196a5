/** The broker's state on disk: every change in the journal, and now and then all of it written down at once. */

import type { Log } from '../log.ts'
import { errorMessage } from '../errors.ts'
import type { EventSink } from '../ports.ts'
import type { Journal } from '../journal/journal.ts'
import { decodeChange, encodeChange } from './change-codec.ts'
import type { ChangeLog } from './session-change.ts'
import { readSnapshot, snapshotRecords } from './session-snapshot.ts'
import type { SessionStore } from './session-store.ts'

const SNAPSHOT = 'sessions.wgs'

export function createChangeLog(journal: Journal): ChangeLog {
  return {
    commit: (change, settle) => journal.commit(encodeChange(change), settle),
    note: (change) => {
      journal.note(encodeChange(change))
    },
  }
}

export interface RecoveryReport {
  readonly sessionCount: number
  readonly retainedCount: number
  readonly waitingCount: number
  readonly replayedCount: number
  /** Messages that sessions were still to have and that are not in the journal any more. */
  readonly lostCount: number
}

/** Brings the state to what it was when the last change was written. Damage is reported, and never keeps it from starting. */
export function recoverSessions(store: SessionStore, journal: Journal, events: EventSink): RecoveryReport {
  const { state } = store
  const records = journal.readAside(SNAPSHOT)
  const snapshot = records === undefined || records === 'damaged' ? undefined : readSnapshot(records)
  if (records !== undefined && snapshot === undefined)
    events.emit('technical', 'journal-snapshot-damaged', {
      file: SNAPSHOT,
      meaning: 'the sessions are read from the whole journal instead; what is older than it is gone',
    })
  for (const message of snapshot?.retained ?? []) state.apply({ kind: 'message', message }, 0)
  for (const session of snapshot?.sessions ?? []) state.restore(session)
  const waitingFor = new Set(
    (snapshot?.sessions ?? []).flatMap(({ waiting }) => waiting.map(({ seq }) => seq)),
  )
  const nextSeq = snapshot?.nextSeq ?? 0
  const publishedSeq = snapshot?.publishedSeq ?? 0
  let replayedCount = 0
  let unreadCount = 0
  journal.replay({ fromSeq: Math.min(nextSeq, publishedSeq + 1), also: waitingFor }, ({ seq, bytes }) => {
    const change = decodeChange(bytes)
    if (change === undefined) unreadCount += 1
    else if (change.kind === 'message') {
      if (waitingFor.has(seq)) state.fill(seq, change.message)
      if (seq > publishedSeq) state.apply(change, seq)
    } else if (seq >= nextSeq) state.apply(change, seq)
    replayedCount += 1
  })
  store.publishedUpTo(journal.nextSeq - 1)
  if (unreadCount > 0) events.emit('technical', 'journal-records-unknown', { count: unreadCount })
  const lostCount = state.dropUnfilled()
  if (lostCount > 0) events.emit('technical', 'queued-messages-lost', { count: lostCount })
  const sessions = state.sessions()
  return {
    sessionCount: sessions.length,
    retainedCount: state.retained('#').length,
    waitingCount: sessions.reduce((sum, { waiting }) => sum + waiting.length, 0),
    replayedCount,
    lostCount,
  }
}

export interface Snapshots {
  /** Writes the state down; resolves when it is on disk, or could not be, which is reported. */
  write(): Promise<void>
}

/** Writes the state down whenever a segment is full, so that a start has one segment to read and not all of them. */
export function keepSnapshots(store: SessionStore, journal: Journal, log: Log): Snapshots {
  let writing: Promise<void> | undefined
  const writeNow = async (): Promise<void> => {
    try {
      await journal.writeAside(SNAPSHOT, snapshotRecords(store, journal.settledSeq + 1))
    } catch (error) {
      // The journal itself is not shorter for it: the next start reads more of it.
      log.warn('sessions-not-written-down', { reason: errorMessage(error) })
    }
  }
  const write = async (): Promise<void> => {
    await writing
    writing = writeNow()
    await writing
  }
  journal.onSegment = () => void write()
  return { write }
}
