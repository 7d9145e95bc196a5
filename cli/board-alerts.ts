/** The alerts of one device as a station shows them: word for word, and never as certain beyond their lifetime. */

import type { AlertMessage } from '../gateway/contract/alert.ts'
import { parseInstant } from '../gateway/contract/instant.ts'
import { readAlert } from '../gateway/contract/read-payload.ts'

export interface BoardAlert {
  readonly code: string
  readonly priority: AlertMessage['priority']
  readonly text: string
  readonly phase: 'present' | 'unknown'
  /** Why nobody knows whether it is still there. */
  readonly reason?: string
  /** Since it began. */
  readonly ageMs: number
}

/** What a message did to the board: `raised` and `ended` once each, whatever is repeated. */
type AlertChange = 'raised' | 'changed' | 'doubted' | 'ended' | 'cleared'

export type AlertApplied =
  | { readonly kind: 'alert'; readonly change: AlertChange; readonly alert?: AlertMessage }
  | { readonly kind: 'ignored'; readonly reason: string }

const PRIORITIES: readonly AlertMessage['priority'][] = ['high', 'medium', 'low', 'unknown']

export class BoardAlerts {
  readonly #present = new Map<string, AlertMessage>()

  apply(leaf: string, payload: Buffer): AlertApplied {
    if (payload.length === 0) {
      this.#present.delete(leaf)
      return { kind: 'alert', change: 'cleared' }
    }
    const read = readAlert(payload)
    if (!read.ok) return { kind: 'ignored', reason: read.reason }
    const alert = read.payload
    const known = this.#present.get(leaf)
    // A retained message may arrive after a newer live one.
    if (known !== undefined && isOlder(alert, known)) return { kind: 'ignored', reason: 'an older alert' }
    if (alert.phase === 'ended') {
      this.#present.delete(leaf)
      return { kind: 'alert', change: 'ended', alert }
    }
    this.#present.set(leaf, alert)
    if (known === undefined) return { kind: 'alert', change: 'raised', alert }
    return { kind: 'alert', change: alert.phase === 'unknown' ? 'doubted' : 'changed', alert }
  }

  /** The most urgent first. */
  rows(nowMs: number): readonly BoardAlert[] {
    return [...this.#present.values()]
      .map((alert) => boardAlert(alert, nowMs))
      .sort((a, b) => PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority) || b.ageMs - a.ageMs)
  }
}

function boardAlert(alert: AlertMessage, nowMs: number): BoardAlert {
  const { code, priority, text, phase, reason, since, t, ttl } = alert
  const shown = { code, priority, text, ageMs: Math.max(0, nowMs - (parseInstant(since) ?? nowMs)) }
  if (phase === 'unknown') return { ...shown, phase, reason: reason ?? 'no reason given' }
  const isCurrent = Math.min(parseInstant(t) ?? nowMs, nowMs) + ttl > nowMs
  return isCurrent
    ? { ...shown, phase: 'present' }
    : { ...shown, phase: 'unknown', reason: 'nothing heard within its lifetime' }
}

function isOlder(alert: AlertMessage, known: AlertMessage): boolean {
  return (parseInstant(alert.at) ?? 0) < (parseInstant(known.at) ?? 0)
}
