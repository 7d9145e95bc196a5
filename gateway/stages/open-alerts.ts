/** The alerts of a device that were told and have not ended, so that they can be ended when it is no longer there. */

import type { Alert } from '../../devices/protocol.ts'
import type { Received } from './run-driver.ts'

export interface OpenAlerts {
  note(received: Received): void
  /** The end of each, for a device that can no longer tell it. */
  end(atMs: number): readonly Received[]
}

const MOST_OPEN = 256

export function createOpenAlerts(): OpenAlerts {
  const open = new Map<string, Alert>()
  return {
    note: (received) => {
      if (received.kind !== 'measured' || received.output.kind !== 'alert') return
      const { output } = received
      const key = `${output.part ?? ''} ${output.code}`
      if (output.phase === 'ended') open.delete(key)
      else if (open.size < MOST_OPEN || open.has(key)) open.set(key, output)
    },
    end: (atMs) => {
      const ended = [...open.values()].map((alert): Received => ({
        kind: 'measured',
        output: { ...alert, phase: 'ended', flags: [] },
        receivedAtMs: atMs,
      }))
      open.clear()
      return ended
    },
  }
}
