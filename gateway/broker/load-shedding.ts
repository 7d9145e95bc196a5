/** Watches the event loop, and leaves out waveforms and then history while the gateway cannot keep up. */

import type { Clock } from '../clock.ts'
import type { Counters, EventSink } from '../ports.ts'
import type { LoopDelay } from './loop-delay.ts'
import { isShed, NO_STRAIN, shedGroup, strainAfter, type ShedLevel } from './overload.ts'
import { TopicCache } from './topic-cache.ts'

const LOOK_MS = 500

export interface LoadSheddingOptions {
  readonly clock: Clock
  readonly events: EventSink
  readonly counters: Counters
  readonly loopDelay: LoopDelay
}

export interface LoadShedding {
  /** True for a message that is to be left out now; it is counted. */
  leavesOut(topic: string, qos: 0 | 1 | 2): boolean
  stop(): void
}

export function watchLoad({ clock, events, counters, loopDelay }: LoadSheddingOptions): LoadShedding {
  let strain = NO_STRAIN
  let begunAtMs = 0
  let left = { waveforms: 0, history: 0 }
  const groups = new TopicCache((topic) => ({ qos0: shedGroup(topic, 0), promised: shedGroup(topic, 1) }))

  const tell = (former: ShedLevel, delayMs: number): void => {
    const nowMs = clock.monotonicMs()
    if (former === 'nothing') begunAtMs = nowMs
    const phase = former === 'nothing' ? 'begin' : strain.level === 'nothing' ? 'end' : 'change'
    events.emit('technical', 'overload', {
      phase,
      leavingOut: strain.level,
      loopDelayMs: Math.round(delayMs),
      lastedMs: Math.round(nowMs - begunAtMs),
      waveformsLeftOut: left.waveforms,
      historyLeftOut: left.history,
    })
    if (strain.level === 'nothing') left = { waveforms: 0, history: 0 }
  }
  const look = (): void => {
    const delayMs = loopDelay.takeMs()
    counters.observeLoopDelayMs?.(delayMs)
    const former = strain.level
    strain = strainAfter(strain, delayMs)
    if (strain.level !== former) tell(former, delayMs)
  }
  const cancel = clock.every(LOOK_MS, look)

  return {
    leavesOut(topic, qos) {
      if (strain.level === 'nothing') return false
      const found = groups.get(topic)
      const group = qos === 0 ? found.qos0 : found.promised
      if (group === undefined || !isShed(group, strain.level)) return false
      left[group] += 1
      counters.count('dropped_total', { where: 'overload' })
      return true
    },
    stop() {
      cancel()
      loopDelay.stop()
    },
  }
}
