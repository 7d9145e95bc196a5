/**
 * The life of a device's alerts as its ward sees them. A present alert is retained. It ends only when the device says so,
 * or when nobody has confirmed it for a while though the device delivers; a certainty that is lost is published as lost.
 * Time comes in with every call; what comes out are the messages to publish.
 */

import type { AlertMessage } from '../contract/alert.ts'
import { parseInstant, toInstant } from '../contract/instant.ts'
import { vitalsTopic, type Place } from '../contract/topics.ts'
import type { DeviceEntry, OutboundMessage } from '../ports.ts'

/** What the device says, with its place: an alert message without what the gateway adds. */
export type AlertReport = Omit<AlertMessage, 'phase' | 'reason' | 'since' | 'at' | 'seq' | 'boot'> & {
  readonly phase: 'present' | 'ended'
  readonly seq: number
  readonly boot: string
}

/** An uncertain alert that is not confirmed for this long after the device delivers again ends as unconfirmed. */
export const CONFIRM_WITHIN_MS = 60_000
/** More conditions than a device shows at a time. */
export const MAX_ALERTS = 64

interface Known {
  readonly report: AlertReport
  readonly since: string
  readonly phase: 'present' | 'unknown'
  /** When it is given up: as present without a repeat, or as unknown without a confirmation. */
  readonly dueAtMs: number
}

/** In place of the boot id of a report that a former run had decided on itself. */
const FORMER_RUN = 'former-run'
const NEVER = Number.POSITIVE_INFINITY

export class AlertLife {
  readonly #place: Place
  readonly #known = new Map<string, Known>()

  constructor(entry: DeviceEntry) {
    this.#place = { ward: entry.ward, bed: entry.bed, device: entry.id }
  }

  /** 'full': there are too many already, and this one is new. */
  report(report: AlertReport, nowMs: number): readonly OutboundMessage[] | 'full' {
    const known = this.#known.get(report.code)
    const since = known?.since ?? report.t
    if (report.phase === 'ended') {
      this.#known.delete(report.code)
      return ended({ ...report, since, at: toInstant(nowMs) }, this.#place)
    }
    if (known === undefined && this.#known.size >= MAX_ALERTS) return 'full'
    const dueAtMs = Math.min(parseInstant(report.t) ?? nowMs, nowMs) + report.ttl
    // It waited somewhere on its way: that it was present is certain, that it is present is not.
    if (dueAtMs <= nowMs) return this.#doubt({ report, since }, 'arrived after its lifetime', nowMs)
    this.#known.set(report.code, { report, since, phase: 'present', dueAtMs })
    this.delivered(nowMs)
    return [this.#retained({ ...report, since, at: toInstant(nowMs) })]
  }

  /** A former run of the gateway left it retained: it was present, and nobody knows whether it still is. */
  adopt(message: AlertMessage, nowMs: number): readonly OutboundMessage[] {
    const { since, reason: _reason, at: _at, seq = 0, boot = FORMER_RUN, ...content } = message
    const report: AlertReport = { ...content, phase: 'present', seq, boot }
    return this.#doubt({ report, since }, 'the gateway was restarted', nowMs)
  }

  /** The line, the bedside part or the session is gone: nobody knows what the device shows now. */
  lose(reason: string, nowMs: number): readonly OutboundMessage[] {
    return [...this.#known.values()].flatMap((known) => {
      if (known.phase === 'present') return this.#doubt(known, reason, nowMs)
      this.#known.set(known.report.code, { ...known, dueAtMs: NEVER })
      return []
    })
  }

  /** Something measured now has come from the device: from here on it could confirm what is uncertain. */
  delivered(nowMs: number): void {
    for (const [code, known] of this.#known)
      if (known.phase === 'unknown' && known.dueAtMs === NEVER)
        this.#known.set(code, { ...known, dueAtMs: nowMs + CONFIRM_WITHIN_MS })
  }

  tick(nowMs: number): readonly OutboundMessage[] {
    const due = [...this.#known.values()].filter(({ dueAtMs }) => dueAtMs <= nowMs)
    return due.flatMap((known) =>
      known.phase === 'present'
        ? this.#doubt(known, 'not repeated within its lifetime', nowMs)
        : this.#endUnsaid(known, 'unconfirmed', nowMs),
    )
  }

  /** The device stands somewhere else from now on, or nowhere. */
  close(nowMs: number): readonly OutboundMessage[] {
    return [...this.#known.values()].flatMap((known) => this.#endUnsaid(known, 'moved', nowMs))
  }

  /** When `tick` has something to do; undefined when nothing is due. */
  get wakeAtMs(): number | undefined {
    const next = Math.min(NEVER, ...[...this.#known.values()].map(({ dueAtMs }) => dueAtMs))
    return next === NEVER ? undefined : next
  }

  #doubt(
    { report, since }: Pick<Known, 'report' | 'since'>,
    reason: string,
    nowMs: number,
  ): readonly OutboundMessage[] {
    this.#known.set(report.code, { report, since, phase: 'unknown', dueAtMs: NEVER })
    return [this.#retained({ ...gatewaySays(report), phase: 'unknown', reason, since, at: toInstant(nowMs) })]
  }

  #endUnsaid({ report, since }: Known, reason: string, nowMs: number): readonly OutboundMessage[] {
    this.#known.delete(report.code)
    return endedUnsaid({ ...report, since, at: toInstant(nowMs) }, this.#place, reason, nowMs)
  }

  #retained(message: AlertMessage): OutboundMessage {
    return retained(this.#place, message.code, message)
  }
}

/** The device did not say so, but it is over: it stands elsewhere, or has not confirmed it. */
export function endedUnsaid(
  message: AlertMessage,
  place: Place,
  reason: string,
  nowMs: number,
): readonly OutboundMessage[] {
  return ended({ ...gatewaySays(message), phase: 'ended', reason, at: toInstant(nowMs) }, place)
}

/** The end is an event for those who listen; who joins later finds nothing. */
function ended(message: AlertMessage, place: Place): readonly OutboundMessage[] {
  return [
    { ...retained(place, message.code, message), retain: false },
    retained(place, message.code, undefined),
  ]
}

function retained(place: Place, code: string, message: AlertMessage | undefined): OutboundMessage {
  const payload = message === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(message))
  return { topic: vitalsTopic(place, `alert/${code}`), payload, qos: 1, retain: true }
}

/** What the gateway decides is news and no report: who drops repeats by `boot` and `seq` must not drop it. */
function gatewaySays<T extends Partial<Pick<AlertMessage, 'refresh' | 'seq' | 'boot'>>>(
  report: T,
): Omit<T, 'refresh' | 'seq' | 'boot'> {
  const { refresh: _refresh, seq: _seq, boot: _boot, ...rest } = report
  return rest
}
