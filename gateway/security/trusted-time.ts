/**
 * The time by which certificates are judged. It is the wall clock while that may be believed; while it may not, it is the
 * last good time plus how long the machine has run since. The rule in words: docs/clock.md.
 */

import type { Clock, Uptime } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { EventSink } from '../ports.ts'
import { alarmDetail, alarmLine, type ClockAlarm } from './clock-alarm.ts'
import { judgeClock, STEP_MS, type ClockVerdict, type KnownMoment } from './judge-clock.ts'
import { momentOf, readTimeFile, recordOf, writeTimeFile, type TimeRecord } from './time-file.ts'

export interface TrustedTime {
  /** For every question about the dates of a certificate or a list. */
  nowMs(): number
  /** While `implausible`, no open session is ended because of a date. */
  readonly standing: 'trusted' | 'implausible'
  /** Why the wall clock is not believed, and what to do; undefined while it is. */
  readonly reason: string | undefined
}

export interface KeptTime extends TrustedTime {
  /** Remembers the time for the next start, and looks no more. */
  stop(): void
}

export interface TrustedTimeOptions {
  readonly clock: Clock
  readonly uptime: Uptime
  /** When the newest issuing CA begins to be valid; undefined where there is none. */
  readonly birthMs: () => number | undefined
  /** Where the last good time is kept. */
  readonly file: string
  readonly events: EventSink
}

const LOOK_MS = 10_000
const KEEP_MS = 10 * 60_000
const REPEAT_ALARM_MS = 3_600_000
/** A wrong time zone, a virtual machine frozen over night: steps of that size end nobody's certificate by surprise. */
const SMALL_STEP_MS = 26 * 3_600_000
const STEADY_MS = 4 * 3_600_000
/** So that small steps do not add up to a large one. */
const BETWEEN_SMALL_STEPS_MS = 30 * 86_400_000

interface Anchor {
  readonly atMs: number
  readonly uptimeMs: number
  readonly since: KnownMoment['since']
}

type TrustedAgainBy = 'agreement' | 'steadiness' | 'operator'

export function createTrustedTime(options: TrustedTimeOptions): KeptTime {
  const keeper = new TimeKeeper(options)
  const cancel = options.clock.every(LOOK_MS, () => keeper.look())
  return {
    nowMs: () => keeper.nowMs(),
    get standing() {
      keeper.judge()
      return keeper.alarm === undefined ? 'trusted' : 'implausible'
    },
    get reason() {
      keeper.judge()
      return keeper.alarm === undefined ? undefined : alarmLine(keeper.alarm)
    },
    stop() {
      cancel()
      keeper.judge()
      keeper.keep()
    },
  }
}

class TimeKeeper {
  readonly #options: TrustedTimeOptions
  /** What the clock is held against. It stays where it is, so that small steps add up instead of passing one by one. */
  #reference: Anchor | undefined
  /** The last moment at which the clock was believed. */
  #lastGood: Anchor | undefined
  #settledMs: number | undefined
  #record: TimeRecord | undefined
  #keptAtUptimeMs = -Infinity
  #alarmedAtUptimeMs = -Infinity
  #steady: { readonly offsetMs: number; readonly uptimeMs: number } | undefined
  alarm: ClockAlarm | undefined

  constructor(options: TrustedTimeOptions) {
    this.#options = options
    const found = readTimeFile(options.file)
    if (found.kind === 'known') {
      this.#record = found.record
      this.#settledMs = found.record.settledMs
      const { atMs, ranMs, since } = momentOf(found.record, options.uptime)
      this.#reference = { atMs, uptimeMs: this.#uptimeMs() - ranMs, since }
      this.#lastGood = this.#reference
    }
    if (found.kind === 'damaged') {
      const toDo = 'check the clock of this machine; the file is written anew'
      options.events.emit('security', 'time-file-damaged', { path: options.file, toDo })
    }
    this.look()
  }

  nowMs(): number {
    const { estimateMs, fault } = this.judge()
    return fault === undefined ? this.#options.clock.nowMs() : estimateMs
  }

  /** Every ten seconds: what is too slow, or too rare, to be done at each question. */
  look(): void {
    this.judge()
    if (this.alarm !== undefined) this.#seekTrust(this.alarm)
    const uptimeMs = this.#uptimeMs()
    if (this.alarm !== undefined && uptimeMs - this.#alarmedAtUptimeMs >= REPEAT_ALARM_MS)
      this.#raise(this.alarm)
    if (uptimeMs - this.#keptAtUptimeMs >= KEEP_MS) this.keep()
  }

  judge(): ClockVerdict {
    const wallMs = this.#options.clock.nowMs()
    const birthMs = this.#options.birthMs()
    const uptimeMs = this.#uptimeMs()
    const { fault } = judgeClock({ wallMs, birthMs, known: seenFrom(uptimeMs, this.#reference) })
    const { estimateMs } = judgeClock({ wallMs, birthMs, known: seenFrom(uptimeMs, this.#lastGood) })
    if (fault === undefined) this.#believe({ atMs: wallMs, uptimeMs, since: 'running' }, 'agreement')
    else this.#doubt({ fault, wallMs, estimateMs })
    return { fault, estimateMs }
  }

  keep(): void {
    if (this.alarm !== undefined || this.#lastGood === undefined) return
    const { atMs, uptimeMs } = this.#lastGood
    this.#record = {
      ...recordOf(atMs, uptimeMs, this.#options.uptime),
      ...(this.#settledMs === undefined ? {} : { settledMs: this.#settledMs }),
    }
    this.#keptAtUptimeMs = this.#uptimeMs()
    try {
      writeTimeFile(this.#options.file, this.#record)
    } catch (error) {
      this.#options.events.emit('technical', 'time-not-kept', { reason: errorMessage(error) })
    }
  }

  #believe(now: Anchor, by: TrustedAgainBy): void {
    const wasDoubted = this.alarm !== undefined
    if (wasDoubted || this.#reference?.since !== 'running') this.#reference = now
    this.#lastGood = now
    this.alarm = undefined
    this.#steady = undefined
    if (wasDoubted) this.#options.events.emit('security', 'clock-trusted-again', { by })
  }

  #doubt(alarm: ClockAlarm): void {
    const isNew = this.alarm === undefined
    this.alarm = alarm
    if (isNew) this.#raise(alarm)
  }

  #raise(alarm: ClockAlarm): void {
    this.#alarmedAtUptimeMs = this.#uptimeMs()
    this.#options.events.emit('security', 'clock-implausible', alarmDetail(alarm))
  }

  #seekTrust(alarm: ClockAlarm): void {
    const by = this.#isConfirmed(alarm) ? 'operator' : this.#isSettled(alarm) ? 'steadiness' : undefined
    if (by === undefined) return
    this.#settledMs = by === 'steadiness' ? alarm.wallMs : undefined
    this.#believe({ atMs: alarm.wallMs, uptimeMs: this.#uptimeMs(), since: 'running' }, by)
    this.keep()
  }

  /** While the clock is in doubt nobody but `wardgate clock accept` writes the file. */
  #isConfirmed({ wallMs }: ClockAlarm): boolean {
    const found = readTimeFile(this.#options.file)
    if (found.kind !== 'known' || isSame(found.record, this.#record)) return false
    const known = momentOf(found.record, this.#options.uptime)
    return judgeClock({ wallMs, birthMs: this.#options.birthMs(), known }).fault === undefined
  }

  #isSettled({ fault, wallMs, estimateMs }: ClockAlarm): boolean {
    const offsetMs = wallMs - estimateMs
    if (fault === 'before-authority' || Math.abs(offsetMs) > SMALL_STEP_MS) return false
    if (this.#settledMs !== undefined && estimateMs - this.#settledMs < BETWEEN_SMALL_STEPS_MS) return false
    const uptimeMs = this.#uptimeMs()
    if (this.#steady === undefined || Math.abs(this.#steady.offsetMs - offsetMs) > STEP_MS)
      this.#steady = { offsetMs, uptimeMs }
    return uptimeMs - this.#steady.uptimeMs >= STEADY_MS
  }

  #uptimeMs(): number {
    return this.#options.uptime.sinceBootMs()
  }
}

function isSame(record: TimeRecord, own: TimeRecord | undefined): boolean {
  return own?.goodMs === record.goodMs && own.uptimeMs === record.uptimeMs && own.boot === record.boot
}

function seenFrom(uptimeMs: number, anchor: Anchor | undefined): KnownMoment | undefined {
  return anchor === undefined
    ? undefined
    : { atMs: anchor.atMs, ranMs: uptimeMs - anchor.uptimeMs, since: anchor.since }
}
