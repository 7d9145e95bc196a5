/** How late the event loop comes round: what everything else in the gateway waits for. */

import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface LoopDelay {
  /** The mean since it was last asked. */
  takeMs(): number
  stop(): void
}

const RESOLUTION_MS = 10

export function measureLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  return {
    takeMs() {
      // The histogram holds the time between two looks at the clock, which itself takes one resolution.
      const meanMs = histogram.mean / 1e6 - RESOLUTION_MS
      histogram.reset()
      return Number.isFinite(meanMs) ? Math.max(0, meanMs) : 0
    },
    stop: () => void histogram.disable(),
  }
}
