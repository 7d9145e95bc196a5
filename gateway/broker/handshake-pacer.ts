/**
 * Whose handshake is next. One handshake costs as much time as many readings and shares an event loop with them: when
 * a whole ward comes back at once, a few handshakes begin in each turn of the loop, and what lies ready on the open
 * sessions is read before the next few. Addresses take turns, so that a flood from one of them waits for itself.
 */

import type { Clock } from '../clock.ts'

export interface PacerOptions {
  /**
   * Handshakes of one address that have begun and not ended; the others of that address wait. There is no such bound
   * for all addresses together: whoever holds its handshakes open would then hold up everybody else's.
   */
  readonly underWayPerAddress: number
  /** Once so long was spent on beginning handshakes, everything else has its turn. */
  readonly turnMs: number
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Runs a task when the input that is ready by now has been read. */
  readonly later: (task: () => void) => void
}

/** Leaves the queue, or says that the handshake has ended. Safe to call twice. */
export type Leave = () => void

export interface HandshakePacer {
  enter(address: string, begin: () => void): Leave
}

interface Lane {
  readonly waiting: Set<() => void>
  underWayCount: number
}

export function createHandshakePacer({
  underWayPerAddress,
  turnMs,
  clock,
  later,
}: PacerOptions): HandshakePacer {
  const lanes = new Map<string, Lane>()
  /** The addresses that may begin one, in the order in which they are served. */
  const ring = new Set<string>()
  let isTurnDue = false

  const invite = (address: string, lane: Lane): void => {
    if (lane.waiting.size > 0 && lane.underWayCount < underWayPerAddress) ring.add(address)
    if (lane.waiting.size === 0 && lane.underWayCount === 0) lanes.delete(address)
    requestTurn()
  }
  const requestTurn = (): void => {
    if (ring.size === 0 || isTurnDue) return
    isTurnDue = true
    later(turn)
  }
  const turn = (): void => {
    const startMs = clock.monotonicMs()
    do beginNext()
    while (ring.size > 0 && clock.monotonicMs() - startMs < turnMs)
    isTurnDue = false
    requestTurn()
  }
  const beginNext = (): void => {
    const [address] = ring
    if (address === undefined) return
    ring.delete(address)
    const lane = lanes.get(address)
    const [begin] = lane?.waiting ?? []
    if (lane === undefined || begin === undefined) return
    lane.waiting.delete(begin)
    lane.underWayCount += 1
    // Before it begins: at the end of the ring, after every other address.
    invite(address, lane)
    begin()
  }

  return {
    enter(address, begin) {
      const lane = lanes.get(address) ?? { waiting: new Set(), underWayCount: 0 }
      lanes.set(address, lane)
      let hasLeft = false
      // A function of its own for each entry: the same one may be handed in twice.
      const entry = (): void => begin()
      lane.waiting.add(entry)
      invite(address, lane)
      return () => {
        if (hasLeft) return
        hasLeft = true
        if (!lane.waiting.delete(entry)) lane.underWayCount -= 1
        if (lane.waiting.size === 0) ring.delete(address)
        invite(address, lane)
      }
    },
  }
}
