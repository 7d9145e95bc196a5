import type { Clock } from '../gateway/clock.ts'

/** Waits for SIGINT, SIGTERM or the end of a given time, whichever comes first. A second signal ends the process at once. */
export async function stopSignal(clock: Clock, forMs?: number): Promise<'signal' | 'time'> {
  return new Promise((resolve) => {
    const done = (why: 'signal' | 'time'): void => {
      cancel?.()
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
      resolve(why)
    }
    const onSignal = (): void => {
      done('signal')
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1))
    }
    const cancel =
      forMs === undefined
        ? undefined
        : clock.after(forMs, () => {
            done('time')
          })
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  })
}
