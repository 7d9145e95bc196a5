/**
 * Which alarms the beds of a gateway show, so that each is told when it begins, changes and ends, and not at every
 * `continue`. It outlives a connection: an end that comes after it is still an end.
 */

import { slug } from '../framing/slug.ts'
import { cleanText } from '../framing/clean-text.ts'
import { AlertConditions } from '../gatt/alert-conditions.ts'
import type { Alert, FromPart } from '../protocol.ts'
import type { AlarmReport } from './alarm.ts'
import type { Obx } from './observation.ts'

/** More than a ward has at once; a sender that makes up codes must not fill the memory. */
const MAX_SHOWN = 1024
const MAX_PARTS = 256

/** Words for how it is reported, not for what it is. */
const REPORT_WORDS: ReadonlySet<string> = new Set(['start', 'continue', 'update', 'present', 'tpoint', 'end'])

export class ShownAlarms {
  readonly #shown = new Map<string, string>()
  readonly #inops = new Map<string, AlertConditions>()

  /** What is to be told of an alarm message: nothing of one that has not changed. */
  report(reports: readonly AlarmReport[]): readonly Alert[] {
    return reports.flatMap(({ alert, isTest }) => (isTest ? [] : this.#tell(alert)))
  }

  /** A Philips report carries every INOP that its bed has now: what is missing in the next one is over. */
  inops(observations: readonly Obx[], from: FromPart): readonly Alert[] {
    const part = from.part ?? ''
    const inops = observations.filter(({ code, text }) => code.kind === 'mdil-alert' && text !== '')
    const shown = this.#inops.get(part)
    const isPhilips = observations.some(({ code }) => code.kind === 'mdil' || code.kind === 'mdil-alert')
    if (!isPhilips || (shown === undefined && inops.length === 0)) return []
    const conditions = shown ?? new AlertConditions()
    this.#inops.set(part, conditions)
    dropOldest(this.#inops, MAX_PARTS)
    return conditions.update(inops.map((obx) => condition(obx, from)))
  }

  #tell(alert: Alert): readonly Alert[] {
    const key = `${alert.part ?? ''} ${alert.code}`
    const state = alert.flags.filter((flag) => !REPORT_WORDS.has(flag))
    const now = [alert.priority, alert.text, alert.inactivation?.join() ?? '', ...state].join('\n')
    if (alert.phase === 'ended') {
      this.#shown.delete(key)
      return [alert]
    }
    if (this.#shown.get(key) === now) return []
    this.#shown.set(key, now)
    dropOldest(this.#shown, MAX_SHOWN)
    return [alert]
  }
}

function condition({ code, text, flags }: Obx, from: FromPart) {
  const label = code.kind === 'mdc' ? code.ref : code.label
  return {
    ...from,
    code: slug(text) ?? 'inop',
    source: label.toLowerCase().includes('inop') ? ('technical' as const) : ('unknown' as const),
    text: cleanText(text),
    flags: [cleanText(label), ...flags],
  }
}

function dropOldest(map: Map<string, unknown>, limit: number): void {
  const [oldest] = map.keys()
  if (map.size > limit && oldest !== undefined) map.delete(oldest)
}
