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
  /** Reports what is still held back, and stops its timers. */
  flush(): void
}

export function throttleEvents(events: EventSink, clock: Clock): EventThrottle {
  const windows = new Map<string, Window>()

  const close = (event: string): void => {
    const window = windows.get(event)
    windows.delete(event)
    window?.cancel()
    if (window === undefined || window.suppressedCount === 0) return
    events.emit('security', 'events-suppressed', { of: event, count: window.suppressedCount })
  }

  return {
    emit(eventClass, event, detail) {
      let window = windows.get(event)
      if (window === undefined) {
        window = { emittedCount: 0, suppressedCount: 0, cancel: clock.after(WINDOW_MS, () => close(event)) }
        windows.set(event, window)
      }
      if (window.emittedCount >= EVENTS_PER_WINDOW) {
        window.suppressedCount += 1
        return
      }
      window.emittedCount += 1
      events.emit(eventClass, event, detail)
    },
    flush() {
      for (const event of windows.keys()) close(event)
    },
  }
}
