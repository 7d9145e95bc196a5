import { systemClock, type Clock, type Uptime } from '../../gateway/clock.ts'

/** The clock of the machine, so many milliseconds ahead or behind; all time that it is moved by has really passed. */
export class ShiftedClock implements Clock {
  offsetMs: number
  readonly uptime: Uptime = {
    sinceBootMs: () => 400 * 86_400_000 + performance.now() + this.offsetMs,
    bootId: 'the boot of this test',
  }
  readonly monotonicMs = systemClock.monotonicMs
  readonly after = systemClock.after
  readonly every = systemClock.every

  constructor(offsetMs = 0) {
    this.offsetMs = offsetMs
  }

  nowMs(): number {
    return systemClock.nowMs() + this.offsetMs
  }
}
