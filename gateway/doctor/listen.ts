/** One look at a line: opened with given settings, listened to for a while, closed again. Nothing is sent. */

import type { Clock } from '../clock.ts'
import type { Link } from '../ports.ts'
import { createPauses } from './pauses.ts'

/** What the system counts on a port; undefined where it does not tell, as for most USB adapters. */
export interface LineErrors {
  readonly parity: number
  readonly framing: number
}

export interface Listening {
  readonly errors: LineErrors | undefined
  readonly bytes: Uint8Array
  readonly longestPauseMs: number
  /** Why the line could not be opened or closed by itself. */
  readonly fault: string | undefined
}

// Five seconds of the fastest line; enough to judge any protocol.
const MOST_BYTES = 64 * 1024

export interface Look {
  readonly link: Link
  readonly forMs: number
  readonly enoughBytes: number
  readonly clock: Clock
  readonly lineErrors: () => LineErrors | undefined
}

export function listen({ link, forMs, enoughBytes, clock, lineErrors }: Look): Promise<Listening> {
  const before = lineErrors()
  return new Promise((resolve) => {
    const pieces: Uint8Array[] = []
    const pauses = createPauses(clock)
    let sizeBytes = 0
    const end = (fault: string | undefined): void => {
      cancel()
      subscription.unsubscribe()
      resolve({
        bytes: joined(pieces, sizeBytes),
        errors: difference(before, lineErrors()),
        longestPauseMs: pauses.longestMs(),
        fault,
      })
    }
    const cancel = clock.after(forMs, () => end(undefined))
    const subscription = link.events$.subscribe((event) => {
      // The subscription is not there yet when a line fails at once.
      if (event.kind === 'closed') queueMicrotask(() => end(event.reason))
      if (event.kind !== 'bytes') return
      pauses.note()
      if (sizeBytes + event.bytes.length > MOST_BYTES) return
      pieces.push(event.bytes)
      sizeBytes += event.bytes.length
      if (sizeBytes >= enoughBytes) end(undefined)
    })
  })
}

function difference(before: LineErrors | undefined, after: LineErrors | undefined): LineErrors | undefined {
  if (before === undefined || after === undefined) return undefined
  return { parity: after.parity - before.parity, framing: after.framing - before.framing }
}

function joined(pieces: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}
