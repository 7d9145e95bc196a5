/**
 * Notices what `wardgate certs` changes in the store from another process. Revocations are read from the index, which
 * knows of one before any list does. The rule when the index cannot be read: nobody new is admitted, because who is
 * revoked is unknown; sessions that are open stay; what was known to be revoked stays revoked.
 */

import type { CertificateStore } from '../../certs/store.ts'
import type { Cancel, Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { EventSink } from '../ports.ts'
import { LastingFault } from './lasting-fault.ts'

/** Well within the two seconds in which a revocation must bite; a look is a few calls of stat. */
const LOOK_MS = 500

export interface RevocationWatchOptions {
  readonly store: Pick<CertificateStore, 'stamp' | 'revokedFingerprints'>
  readonly clock: Clock
  readonly events: EventSink
  /** Something in the store has changed, or the index can be read again. */
  readonly onChange: () => void
}

export interface RevocationWatch {
  /** As of the last look; 'unknown' while the index cannot be read. */
  ask(fingerprint: string): 'not-revoked' | 'revoked' | 'unknown'
  /** Looks now instead of up to half a second later: for a handshake. */
  look(): void
  /** Why the index cannot be read, or undefined. */
  readonly fault: string | undefined
  stop(): void
}

/** Reads the index before it returns, without calling `onChange`. */
export function watchRevocations(options: RevocationWatchOptions): RevocationWatch {
  const { store, clock, events, onChange } = options
  const revoked = new Set<string>()
  const unreadable = new LastingFault({
    events,
    clock,
    event: 'revocations-unreadable',
    overEvent: 'revocations-readable',
  })
  let seenStamp: string | undefined

  const readIndex = (): void => {
    const listed = store.revokedFingerprints()
    const missingCount = [...revoked].filter((fingerprint) => !listed.has(fingerprint)).length
    // A certificate is revoked for good; an index from before is a restored or a forged one.
    if (missingCount > 0) events.emit('security', 'revocations-missing', { count: missingCount })
    for (const fingerprint of listed) revoked.add(fingerprint)
  }
  /** True when anything has changed since the last look. */
  const look = (): boolean => {
    try {
      // The stamp first: a change while the index is being read is then found at the next look.
      const stamp = store.stamp()
      if (stamp === seenStamp) return false
      readIndex()
      seenStamp = stamp
      unreadable.over()
      return true
    } catch (error) {
      // Read again at every look until it can be read.
      seenStamp = undefined
      unreadable.found(errorMessage(error))
      return false
    }
  }

  const lookAndTell = (): void => {
    if (look()) onChange()
  }
  look()
  const cancel: Cancel = clock.every(LOOK_MS, lookAndTell)
  return {
    ask(fingerprint) {
      if (revoked.has(fingerprint)) return 'revoked'
      return unreadable.reason === undefined ? 'not-revoked' : 'unknown'
    },
    look: lookAndTell,
    get fault() {
      return unreadable.reason
    },
    stop: cancel,
  }
}
