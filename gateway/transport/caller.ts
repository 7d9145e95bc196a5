/** One call to a listening port, from the first byte to the silence after the last. */

import type { Socket } from 'node:net'
import type { LinkEvent } from '../../devices/protocol.ts'
import type { Cancel, Clock } from '../clock.ts'
import { errorCode } from '../errors.ts'
import { writeBounded } from './write-bounded.ts'

export interface CallerOptions {
  readonly clock: Clock
  /** A caller that says nothing for this long is gone. */
  readonly silenceMs: number
  readonly emit: (event: LinkEvent) => void
  /** The call is over; may be told more than once. */
  readonly ended: (reason: string) => void
}

export interface Caller {
  /** Monotonic: when it was last heard. */
  readonly heardAtMs: number
  /** Reads from here on. */
  start(): void
  write(bytes: Uint8Array, failed: (reason: string) => void): void
  hangUp(): void
}

const RESET_CODES: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE'])

export function takeCaller(socket: Socket, { clock, silenceMs, emit, ended }: CallerOptions): Caller {
  let heardAtMs = clock.monotonicMs()
  let cancelWatch: Cancel = () => undefined
  // One timer that looks back, instead of one timer for every piece of data.
  const watch = (delayMs: number): void => {
    cancelWatch = clock.after(delayMs, () => {
      const leftMs = heardAtMs + silenceMs - clock.monotonicMs()
      if (leftMs > 0) watch(leftMs)
      else ended('silent')
    })
  }
  socket.on('data', (bytes: Buffer) => {
    heardAtMs = clock.monotonicMs()
    emit({ kind: 'bytes', bytes: new Uint8Array(bytes) })
  })
  socket.pause()
  socket.on('end', () => ended('ended'))
  socket.on('error', (error) => ended(RESET_CODES.has(errorCode(error) ?? '') ? 'reset' : 'failed'))
  return {
    get heardAtMs() {
      return heardAtMs
    },
    start: () => {
      watch(silenceMs)
      socket.resume()
    },
    write: (bytes, failed) => writeBounded(socket, bytes, failed),
    hangUp: () => {
      cancelWatch()
      socket.removeAllListeners()
      // What a destroyed socket still reports concerns nobody.
      socket.on('error', () => undefined)
      socket.destroy()
    },
  }
}
