import type { Clock } from '../../gateway/clock.ts'
import type { TrustedTime } from '../../gateway/security/trusted-time.ts'

/** The time of a clock that is always believed. */
export function believed(clock: Pick<Clock, 'nowMs'>): TrustedTime {
  return { nowMs: () => clock.nowMs(), standing: 'trusted', reason: undefined }
}

/** A time that stands at `nowMs`, because the clock of the machine is not believed. */
export function doubted(nowMs: number): TrustedTime {
  return { nowMs: () => nowMs, standing: 'implausible', reason: 'clock: not believed' }
}
