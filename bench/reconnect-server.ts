/** The gateway of bench:reconnect: the ward part as it is shipped, in a process of its own. */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { openStore } from '../certs/store.ts'
import { systemClock } from '../gateway/clock.ts'
import { silentLog } from '../gateway/log.ts'
import { createEventSink } from '../gateway/security/event-sink.ts'
import { createCounters } from '../gateway/telemetry/counters.ts'
import { startWardGateway } from '../gateway/ward-gateway.ts'
import { answerParent, cpuMs } from './worker.ts'

const delay = monitorEventLoopDelay({ resolution: 1 })

answerParent({
  async start({ stateDir }: { stateDir: string }) {
    const clock = systemClock
    const ward = await startWardGateway({
      gateway: 'gw-bench',
      software: 'bench',
      state: stateDir,
      store: openStore(stateDir),
      broker: { listen: [{ host: '127.0.0.1', port: 0, tls: '1.3' }] },
      clock,
      log: silentLog,
      events: createEventSink('gw-bench', clock, silentLog),
      counters: createCounters(),
    })
    delay.enable()
    return ward.broker.addresses[0]?.port
  },
  cpuMs,
  longestTurnMs() {
    const longestMs = delay.max / 1e6
    delay.reset()
    return longestMs
  },
  residentKiB() {
    globalThis.gc?.()
    return process.memoryUsage().rss / 1024
  },
})
