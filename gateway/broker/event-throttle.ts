/** Keeps a flood of refusals from flooding the log: so many events of a kind in a while, the rest as one count. */

import type { Cancel, Clock } from '../clock.ts'
import type { EventSink } from '../ports.ts'

const WINDOW_MS = 10_000
const EVENTS_PER_WINDOW = 100

interface Window {
  emittedCount: number
  suppressedCount: number
  readonly cancel: Cancel
}

export interface EventThrottle extends EventSink {
  /** Reports what is still held back and keeps no more timers; the few events of closing pass as they come. */
  close(): void
}

export function throttleEvents(events: EventSink, clock: Clock): EventThrottle {
  const windows = new Map<string, Window>()
  let isClosed = false

  const closeWindow = (event: string): void => {
    const window = windows.get(event)
    windows.delete(event)
    window?.cancel()
    if (window === undefined || window.suppressedCount === 0) return
    events.emit('security', 'events-suppressed', { of: event, count: window.suppressedCount })
  }

  return {
    emit(eventClass, event, detail) {
      if (isClosed) {
        events.emit(eventClass, event, detail)
        return
      }
      let window = windows.get(event)
      if (window === undefined) {
        window = {
          emittedCount: 0,
          suppressedCount: 0,
          cancel: clock.after(WINDOW_MS, () => closeWindow(event)),
        }
        windows.set(event, window)
      }
      if (window.emittedCount >= EVENTS_PER_WINDOW) {
        window.suppressedCount += 1
        return
      }
      window.emittedCount += 1
      events.emit(eventClass, event, detail)
    },
    close() {
      isClosed = true
      for (const event of windows.keys()) closeWindow(event)
    },
  }
}
