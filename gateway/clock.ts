/** The only place that asks the machine for the time. Everything else is given a Clock. */

import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'

/** Ends a timer. Safe to call twice. */
export type Cancel = () => void

export interface Clock {
  /** Wall clock, ms since 1970-01-01T00:00:00Z. Can step. */
  nowMs(): number
  /** Never steps back; only differences mean something. */
  monotonicMs(): number
  /** Runs `task` once after `delayMs`; delays beyond 2^31-1 ms are waited out in parts. */
  after(delayMs: number, task: () => void): Cancel
  /** Runs `task` every `periodMs` until cancelled. */
  every(periodMs: number, task: () => void): Cancel
}

// setTimeout and setInterval with a larger delay fire after 1 ms (Node documents the overflow of its 32-bit delay).
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, task) {
    let timer: NodeJS.Timeout
    const arm = (leftMs: number): void => {
      const partMs = Math.min(leftMs, LONGEST_TIMER_MS)
      timer = setTimeout(() => {
        if (leftMs > partMs) arm(leftMs - partMs)
        else task()
      }, partMs)
    }
    arm(Math.max(0, delayMs))
    return () => {
      clearTimeout(timer)
    }
  },
  every(periodMs, task) {
    if (periodMs > LONGEST_TIMER_MS) return everyLong(periodMs, task)
    const timer = setInterval(task, periodMs)
    return () => {
      clearInterval(timer)
    }
  },
}

/** Each turn starts from when the last one was meant to be, so that a period of months does not creep. */
function everyLong(periodMs: number, task: () => void): Cancel {
  const startedAtMs = systemClock.monotonicMs()
  let isOver = false
  let cancel: Cancel
  const arm = (turn: number): void => {
    cancel = systemClock.after(startedAtMs + turn * periodMs - systemClock.monotonicMs(), () => {
      task()
      if (!isOver) arm(turn + 1)
    })
  }
  arm(1)
  return () => {
    isOver = true
    cancel()
  }
}

/** How long the machine has been up, also while it slept: what the wall clock is held against. */
export interface Uptime {
  /** Never steps. Unlike the monotonic clock it goes on while the machine is suspended. */
  sinceBootMs(): number
  /** A word that is new with each boot; undefined where the system has none. */
  readonly bootId: string | undefined
}

// proc(5): /proc/uptime counts the time in suspend too, and boot_id is drawn at each boot. A container may be shown an
// uptime of its own, which starts anew with it; the kernel's monotonic clock is then the larger of the two.
export const systemUptime: Uptime = {
  sinceBootMs: () => Math.max(uptime() * 1000, Number(process.hrtime.bigint()) / 1e6),
  bootId: readBootId(),
}

function readBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // Not Linux: after a restart of the process nothing is known of the time in between.
    return undefined
  }
}
