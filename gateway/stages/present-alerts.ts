/**
 * The alerts that one device shows, as its bedside part knows them: told when one begins, changes or ends, and told
 * again while it lasts. What a lost line has made uncertain is not told again before the device repeats it.
 */

import type { Alert } from '../../devices/protocol.ts'
import type { IngestAlert } from '../contract/alert.ts'
import { toInstant } from '../contract/instant.ts'
import { CONTRACT_VERSION } from '../contract/reading.ts'
import { toId } from './spell-id.ts'
import type { Origin } from './stamp.ts'

/** How long an alert holds after it was last told: the gateway takes it for uncertain then. */
export const ALERT_TTL_MS = 60_000
/** Three chances within the lifetime. */
export const ALERT_REFRESH_MS = 20_000
/** More conditions than a device shows at a time. */
const MAX_ALERTS = 64

const MAX_TEXT = 512
const MAX_WORD = 64
const MAX_FLAGS = 32

interface Known {
  readonly alert: Alert
  readonly receivedAtMs: number
  readonly toldAtMs: number
  /** The line has not been lost since the device said so. */
  readonly isCertain: boolean
}

export class PresentAlerts {
  readonly #origin: Origin
  readonly #known = new Map<string, Known>()
  #seq = 0

  constructor(origin: Origin) {
    this.#origin = origin
  }

  /** 'alert-limit': the device shows more conditions than are kept. */
  take(alert: Alert, atMs: number): readonly IngestAlert[] | 'alert-limit' {
    const code = toId(alert.code)
    const known = this.#known.get(code)
    if (alert.phase === 'ended') {
      this.#known.delete(code)
      return [this.#report(alert, { t: atMs, receivedAtMs: atMs })]
    }
    if (known === undefined && !this.#hasRoom()) return 'alert-limit'
    const isSame = known !== undefined && contentOf(known.alert) === contentOf(alert)
    if (isSame && known.isCertain && atMs - known.toldAtMs < ALERT_REFRESH_MS) {
      this.#known.set(code, { ...known, receivedAtMs: atMs })
      return []
    }
    this.#known.set(code, { alert, receivedAtMs: atMs, toldAtMs: atMs, isCertain: true })
    return [this.#report(alert, { t: atMs, receivedAtMs: atMs, isRefresh: isSame })]
  }

  /** The line is gone: nobody knows what the device shows from now on. */
  lose(): void {
    for (const [code, known] of this.#known) this.#known.set(code, { ...known, isCertain: false })
  }

  /** What is due to be told again. A device that tells only changes has been silent because nothing changed. */
  refresh(nowMs: number): readonly IngestAlert[] {
    const due = [...this.#known].filter(
      ([, { isCertain, toldAtMs }]) => isCertain && nowMs - toldAtMs >= ALERT_REFRESH_MS,
    )
    return due.map(([code, known]) => {
      this.#known.set(code, { ...known, toldAtMs: nowMs })
      return this.#report(known.alert, { t: nowMs, receivedAtMs: known.receivedAtMs, isRefresh: true })
    })
  }

  /** What a lost line has made uncertain makes room for what the device shows now. */
  #hasRoom(): boolean {
    if (this.#known.size < MAX_ALERTS) return true
    const uncertain = [...this.#known].find(([, { isCertain }]) => !isCertain)
    return uncertain !== undefined && this.#known.delete(uncertain[0])
  }

  #report(
    { code, phase, priority, source, text, flags, inactivation, about }: Alert,
    { t, receivedAtMs, isRefresh = false }: { t: number; receivedAtMs: number; isRefresh?: boolean },
  ): IngestAlert {
    const { device, protocol, linkName, bootId } = this.#origin
    this.#seq += 1
    return {
      v: CONTRACT_VERSION,
      device,
      code: toId(code),
      phase,
      priority,
      source,
      text: text.slice(0, MAX_TEXT),
      flags: wireFlags(text, flags),
      ...(inactivation !== undefined && { inactivation: [...new Set(inactivation)] }),
      ...(about !== undefined && { about: { mdc: about.mdc, ref: about.ref } }),
      seq: this.#seq,
      boot: bootId,
      t: toInstant(t),
      tr: toInstant(receivedAtMs),
      ttl: ALERT_TTL_MS,
      ...(isRefresh && { refresh: true }),
      src: { link: linkName, driver: `${protocol.id}@${protocol.version}` },
    }
  }
}

/** A text that had to be cut says so. */
function wireFlags(text: string, flags: readonly string[]): readonly string[] {
  const all = text.length > MAX_TEXT ? ['text_cut', ...flags] : flags
  return all.slice(0, MAX_FLAGS).map((flag) => flag.slice(0, MAX_WORD))
}

function contentOf({ priority, source, text, flags, inactivation, about }: Alert): string {
  return JSON.stringify([priority, source, text, flags, inactivation, about?.mdc])
}
