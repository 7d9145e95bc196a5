/** Tells a line whose bytes nobody understands: it is up, bytes come, and not one good unit among them. */

import type { Command, DriverOutput } from '../../devices/protocol.ts'

export interface Comprehension {
  /** The line is open from now on. */
  opened(atMs: number): void
  /** Answers what has changed with these outputs. */
  note(outputs: readonly DriverOutput[], atMs: number): 'not-understood' | 'understood' | undefined
}

// Long enough for the start of a message that was cut by the opening, and for a device that begins with its banner.
const SHORTEST_PATIENCE_MS = 15_000

export function createComprehension(silenceMs: number): Comprehension {
  const patienceMs = Math.max(SHORTEST_PATIENCE_MS, silenceMs)
  let goodAtMs: number | undefined
  let isLost = false

  return {
    opened: (atMs) => {
      goodAtMs = atMs
    },
    note: (outputs, atMs) => {
      goodAtMs ??= atMs
      if (outputs.some(isGood)) {
        goodAtMs = atMs
        const before = isLost
        isLost = false
        return before ? 'understood' : undefined
      }
      if (isLost || atMs - goodAtMs < patienceMs || !outputs.some(isDiscarded)) return undefined
      isLost = true
      return 'not-understood'
    },
  }
}

function isDiscarded({ kind }: DriverOutput): boolean {
  return kind === 'discarded'
}

// What a driver asks proves nothing: it asks a deaf line as well.
const SAYS_NOTHING: ReadonlySet<string> = new Set<'discarded' | Command['kind']>([
  'discarded',
  'send',
  'read',
  'subscribe',
  'write',
])

function isGood({ kind }: DriverOutput): boolean {
  return !SAYS_NOTHING.has(kind)
}
