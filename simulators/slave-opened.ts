import { readdirSync, readlinkSync } from 'node:fs'
import type { Clock } from '../gateway/clock.ts'

const POLL_MS = 100
/** Opening a port sets it up and throws away what lies on it: bytes sent in that moment would be lost. */
const STEADY_POLLS = 2

export interface Awaited {
  readonly arrived: Promise<void>
  stop(): void
}

/**
 * Resolves when a process other than the simulator's own holder has a terminal open. A pseudo-terminal does not tell,
 * the list of open files does; where the system has no such list, or hides it, it counts as opened at once.
 */
export function slaveOpened(slavePath: string, clock: Clock): Awaited {
  const own = countHolders(slavePath)
  let steady = 0
  let cancel = (): void => undefined
  const arrived = new Promise<void>((resolve) => {
    if (own === 0) {
      resolve()
      return
    }
    cancel = clock.every(POLL_MS, () => {
      steady = countHolders(slavePath) > own ? steady + 1 : 0
      if (steady < STEADY_POLLS) return
      cancel()
      resolve()
    })
  })
  return { arrived, stop: () => cancel() }
}

function countHolders(slavePath: string): number {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => list(`/proc/${pid}/fd`).map((fd) => `/proc/${pid}/fd/${fd}`))
    .filter((path) => target(path) === slavePath).length
}

// Processes of others cannot be looked into, and any of them may end while it is looked at.
function list(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function target(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
