/**
 * Whose handshake is next. One handshake costs as much time as many readings and shares an event loop with them: when
 * a whole ward comes back at once, a few handshakes are begun and brought to their end before the next few, and what
 * lies ready on the open sessions is read in between. Addresses take turns, so that a flood from one of them waits for
 * itself.
 */

import type { Cancel, Clock } from '../clock.ts'

export interface PacerOptions {
  /**
   * Handshakes that have begun, have not ended, and have not stalled. As many can come to their end, the costly part,
   * in one turn of the loop.
   */
  readonly underWay: number
  /**
   * Whose client takes longer than this gives up its place to the next, though not its handshake: slow devices do not
   * hold up quick ones, and places cannot be occupied.
   */
  readonly stallMs: number
  /** Handshakes of one address that have begun and not ended, also the stalled ones. */
  readonly underWayPerAddress: number
  /** Once so long was spent on beginning handshakes, everything else has its turn. */
  readonly turnMs: number
  /**
   * Turns that pass without a handshake as long as newcomers arrive. Node takes in one connection in a turn, and who is
   * still outside cannot take turns with the others.
   */
  readonly turnsForNewcomers: number
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>
  /** Runs a task when the input that is ready by now has been read. */
  readonly later: (task: () => void) => void
}

/** Leaves the queue, or says that the handshake has ended. Safe to call twice. */
export type Leave = () => void

export interface HandshakePacer {
  /** A connection was taken in; there may be more outside. */
  announce(): void
  enter(address: string, begin: () => void): Leave
}

interface Entry {
  readonly begin: () => void
  /** Gives up its place among those under way; undefined when it has none. */
  releasePlace: Cancel | undefined
}

interface Lane {
  readonly waiting: Set<Entry>
  underWayCount: number
}

export function createHandshakePacer(options: PacerOptions): HandshakePacer {
  const { underWay, stallMs, underWayPerAddress, turnMs, turnsForNewcomers, clock, later } = options
  const lanes = new Map<string, Lane>()
  /** The addresses that may begin one, in the order in which they are served. */
  const ring = new Set<string>()
  let takenPlaceCount = 0
  let isTurnDue = false
  let hasNewcomer = false
  let passedTurnCount = 0

  const mayBegin = (): boolean => ring.size > 0 && takenPlaceCount < underWay
  const requestTurn = (): void => {
    if (isTurnDue || !mayBegin()) return
    isTurnDue = true
    later(turn)
  }
  const turn = (): void => {
    isTurnDue = false
    if (hasNewcomer && passedTurnCount < turnsForNewcomers) passedTurnCount += 1
    else beginSome()
    hasNewcomer = false
    requestTurn()
  }
  const beginSome = (): void => {
    passedTurnCount = 0
    const startMs = clock.monotonicMs()
    while (mayBegin()) {
      beginNext()
      if (clock.monotonicMs() - startMs >= turnMs) break
    }
  }
  const beginNext = (): void => {
    const [address] = ring
    if (address === undefined) return
    ring.delete(address)
    const lane = lanes.get(address)
    const [entry] = lane?.waiting ?? []
    if (lane === undefined || entry === undefined) return
    lane.waiting.delete(entry)
    lane.underWayCount += 1
    entry.releasePlace = takePlace()
    // To the end of the ring, after every other address.
    review(address, lane)
    entry.begin()
  }
  const takePlace = (): Cancel => {
    let isTaken = true
    takenPlaceCount += 1
    const release = (): void => {
      cancelStall()
      if (!isTaken) return
      isTaken = false
      takenPlaceCount -= 1
      requestTurn()
    }
    const cancelStall = clock.after(stallMs, release)
    return release
  }
  const review = (address: string, lane: Lane): void => {
    if (lane.waiting.size > 0 && lane.underWayCount < underWayPerAddress) ring.add(address)
    else ring.delete(address)
    if (lane.waiting.size === 0 && lane.underWayCount === 0) lanes.delete(address)
  }

  return {
    announce() {
      hasNewcomer = true
    },
    enter(address, begin) {
      const lane = lanes.get(address) ?? { waiting: new Set(), underWayCount: 0 }
      const entry: Entry = { begin, releasePlace: undefined }
      let hasLeft = false
      lanes.set(address, lane)
      lane.waiting.add(entry)
      review(address, lane)
      requestTurn()
      return () => {
        if (hasLeft) return
        hasLeft = true
        if (!lane.waiting.delete(entry)) lane.underWayCount -= 1
        entry.releasePlace?.()
        review(address, lane)
        requestTurn()
      }
    },
  }
}
