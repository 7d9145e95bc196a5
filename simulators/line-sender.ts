/**
 * Puts bytes on a pseudo-terminal the way a UART does: in order, and lost when nobody reads. A kernel buffer full of
 * old bytes would otherwise reach the gateway after an outage and pass for the present.
 */

import { writeSync } from 'node:fs'
import type { Cancel, Clock } from '../gateway/clock.ts'
import type { TerminalPair } from './terminal-pair.ts'

export interface LineSender {
  /** True once the line has taken the bytes, false when they are lost. */
  readonly write: (bytes: Uint8Array) => Promise<boolean>
  readonly stop: () => void
}

// Less than the 4095 bytes of the terminal's own input queue: what lies there is discarded when a reader opens the
// port, what lies in the buffers behind it is not.
const UNREAD_LIMIT_BYTES = 2048
const RETRY_MS = 5
const GIVE_UP_MS = 500
const WAITING_LIMIT_BYTES = 64 * 1024

export function createLineSender(line: TerminalPair, clock: Clock): LineSender {
  let waiting: { rest: Uint8Array; settle: (isTaken: boolean) => void }[] = []
  let waitingBytes = 0
  let cancelRetry: Cancel | undefined
  let progressAtMs = 0
  let isStopped = false

  const pump = (): void => {
    cancelRetry = undefined
    for (let head = waiting[0]; head !== undefined; head = waiting[0]) {
      const takenBytes = writeSome(line, head.rest)
      waitingBytes -= takenBytes
      head.rest = head.rest.subarray(takenBytes)
      if (takenBytes > 0) progressAtMs = clock.monotonicMs()
      if (head.rest.length === 0) {
        waiting.shift()
        head.settle(true)
      } else if (clock.monotonicMs() - progressAtMs >= GIVE_UP_MS) {
        loseWaiting()
      } else {
        cancelRetry = clock.after(RETRY_MS, pump)
        return
      }
    }
  }

  const loseWaiting = (): void => {
    const lost = waiting
    waiting = []
    waitingBytes = 0
    for (const { settle } of lost) settle(false)
  }

  return {
    write: (bytes) => {
      if (isStopped || waitingBytes + bytes.length > WAITING_LIMIT_BYTES) return Promise.resolve(false)
      return new Promise((settle) => {
        if (waiting.length === 0) progressAtMs = clock.monotonicMs()
        // A copy: the caller may use its buffer again before the line has taken it.
        waiting.push({ rest: bytes.slice(), settle })
        waitingBytes += bytes.length
        if (cancelRetry === undefined) pump()
      })
    },
    stop: () => {
      isStopped = true
      cancelRetry?.()
      loseWaiting()
    },
  }
}

// libuv writes to the master of a pseudo-terminal in blocking mode, which freezes the process when nobody reads; so
// this writes by itself, on a descriptor that never blocks.
function writeSome(line: TerminalPair, bytes: Uint8Array): number {
  const roomBytes = UNREAD_LIMIT_BYTES - line.unreadBytes()
  if (roomBytes <= 0) return 0
  try {
    return writeSync(line.masterFd, bytes.subarray(0, roomBytes))
  } catch (error) {
    const isFull = typeof error === 'object' && error !== null && 'code' in error && error.code === 'EAGAIN'
    if (isFull) return 0
    throw error
  }
}
