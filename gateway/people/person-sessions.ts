/** Sessions of people who logged in with a password: short-lived, in memory, known by the hash of their token alone. */

import { createHash, randomBytes } from 'node:crypto'
import { Subject, type Observable } from 'rxjs'
import type { Identity } from '../ports.ts'
import { tokenOf } from './session-cookie.ts'

export interface SessionLimits {
  /** A session that nobody uses ends after this. */
  readonly idleMs: number
  /** A session ends after this, used or not. */
  readonly lifeMs: number
  /** Sessions of one person at once: some screens, and one that was forgotten. */
  readonly perPersonCount: number
  readonly totalCount: number
}

const LIMITS: SessionLimits = {
  idleMs: 15 * 60_000,
  lifeMs: 12 * 3_600_000,
  perPersonCount: 5,
  totalCount: 500,
}

type EndReason = 'idle' | 'expired' | 'logged-out' | 'replaced' | 'too-many' | 'person-changed'

export interface EndedSession {
  readonly identity: Identity
  readonly reason: EndReason
}

interface PersonSession {
  readonly identity: Identity
  /** When it ends if it is not used again. */
  readonly idleEndsAtMs: number
}

export interface PersonSessions {
  /** What ended, as it ends: whatever was opened with that identity is to be closed. */
  readonly onEnded$: Observable<EndedSession>
  /** Starts a session; the token is shown once and not kept. */
  start(id: string, nowMs: number): { readonly token: string; readonly identity: Identity }
  /** Who sent this Cookie header; looking counts as use. */
  sessionOf(cookieHeader: string | undefined, nowMs: number): Identity | undefined
  /** The open session of an identity, without counting as use. */
  find(identity: Identity): PersonSession | undefined
  /** False when there was none. */
  end(identity: Identity, reason: EndReason): boolean
  /** Ends every session of a person; the number of them. */
  endAll(id: string, reason: EndReason): number
  /** Ends what is over by time. */
  sweep(nowMs: number): void
  readonly count: number
}

// A clock that is set back further than this makes the end of a session unknowable, so the session ends.
const CLOCK_SLACK_MS = 5 * 60_000

interface OpenSession {
  readonly identity: Identity
  readonly startedAtMs: number
  usedAtMs: number
}

export function createPersonSessions(options: Partial<SessionLimits> = {}): PersonSessions {
  const limits = { ...LIMITS, ...options }
  // In the order of their last use: the first is the one unused for longest.
  const open = new Map<string, OpenSession>()
  const ended = new Subject<EndedSession>()

  const end = (identity: Identity, reason: EndReason): boolean => {
    if (!open.delete(identity.fingerprint)) return false
    ended.next({ identity, reason })
    return true
  }
  const ofPerson = (id: string): readonly Identity[] =>
    [...open.values()].map(({ identity }) => identity).filter((identity) => identity.id === id)
  const whyOver = (
    { identity, startedAtMs, usedAtMs }: OpenSession,
    nowMs: number,
  ): EndReason | undefined => {
    if (nowMs >= identity.notAfterMs || nowMs < startedAtMs - CLOCK_SLACK_MS) return 'expired'
    return nowMs >= usedAtMs + limits.idleMs ? 'idle' : undefined
  }
  const makeRoom = (id: string): void => {
    const [oldestOfPerson, ...others] = ofPerson(id)
    if (oldestOfPerson !== undefined && others.length + 1 >= limits.perPersonCount)
      end(oldestOfPerson, 'too-many')
    const [oldest] = open.values()
    if (oldest !== undefined && open.size >= limits.totalCount) end(oldest.identity, 'too-many')
  }

  return {
    onEnded$: ended.asObservable(),
    start(id, nowMs) {
      makeRoom(id)
      const token = randomBytes(32).toString('base64url')
      const identity: Identity = {
        role: 'operator',
        id,
        fingerprint: fingerprintOf(token),
        notAfterMs: nowMs + limits.lifeMs,
      }
      open.set(identity.fingerprint, { identity, startedAtMs: nowMs, usedAtMs: nowMs })
      return { token, identity }
    },
    sessionOf(cookieHeader, nowMs) {
      const token = tokenOf(cookieHeader)
      if (token === undefined) return undefined
      const fingerprint = fingerprintOf(token)
      const session = open.get(fingerprint)
      if (session === undefined) return undefined
      const reason = whyOver(session, nowMs)
      if (reason !== undefined) {
        end(session.identity, reason)
        return undefined
      }
      session.usedAtMs = nowMs
      open.delete(fingerprint)
      open.set(fingerprint, session)
      return session.identity
    },
    find({ fingerprint }) {
      const session = open.get(fingerprint)
      if (session === undefined) return undefined
      return { identity: session.identity, idleEndsAtMs: session.usedAtMs + limits.idleMs }
    },
    end,
    endAll(id, reason) {
      const held = ofPerson(id)
      for (const identity of held) end(identity, reason)
      return held.length
    },
    sweep(nowMs) {
      for (const session of open.values()) {
        const reason = whyOver(session, nowMs)
        if (reason !== undefined) end(session.identity, reason)
      }
    },
    get count() {
      return open.size
    },
  }
}

// Whoever reads the memory or a log of the gateway learns nothing that logs in.
function fingerprintOf(token: string): string {
  return `session:${createHash('sha256').update(token).digest('hex')}`
}
