import { systemClock, type Cancel, type Clock, type Uptime } from '../../gateway/clock.ts'

/** The clock of the machine, so many milliseconds ahead or behind; all time that it is moved by has really passed. */
export class ShiftedClock implements Clock {
  offsetMs: number
  /** What the monotonic clock is ahead of that of the machine. */
  passedMs = 0
  readonly uptime: Uptime = {
    sinceBootMs: () => 400 * 86_400_000 + performance.now() + this.offsetMs,
    bootId: 'the boot of this test',
  }

  constructor(offsetMs = 0) {
    this.offsetMs = offsetMs
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.passedMs
  }

  after(delayMs: number, task: () => void): Cancel {
    return systemClock.after(delayMs, task)
  }

  every(periodMs: number, task: () => void): Cancel {
    return systemClock.every(periodMs, task)
  }

  nowMs(): number {
    return systemClock.nowMs() + this.offsetMs
  }
}
