/** Ends a connection that was given up, with its last word if that leaves in time. */

import type { Duplex } from 'node:stream'
import type { Cancel, Clock } from '../clock.ts'

/** How long the last bytes (a refusing CONNACK) may take to leave after the connection was given up. */
export const LINGER_MS = 1_000

export function closeSoon(socket: Duplex, clock: Clock): void {
  if (socket.destroyed) return
  let cancel: Cancel | undefined = clock.after(LINGER_MS, () => socket.destroy())
  socket.once('close', () => {
    cancel?.()
    cancel = undefined
  })
  socket.end(() => socket.destroy())
}
