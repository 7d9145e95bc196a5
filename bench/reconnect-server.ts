/** The gateway of bench:reconnect: as it is shipped, in a process of its own. */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { loadConfig } from '../gateway/config/load-config.ts'
import { systemClock } from '../gateway/clock.ts'
import { silentLog } from '../gateway/log.ts'
import { startGateway } from '../gateway/main.ts'
import { answerParent, cpuMs } from './worker.ts'

const delay = monitorEventLoopDelay({ resolution: 1 })

answerParent({
  async start({ configPath }: { configPath: string }) {
    const gateway = await startGateway(loadConfig(configPath, { environment: {} }), {
      software: 'bench',
      clock: systemClock,
      log: silentLog,
    })
    delay.enable()
    return gateway.addresses[0]?.port
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
