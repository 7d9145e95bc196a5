/**
 * Which alerts a device shows, for devices that list all of them each time: each is told when it comes, when it
 * changes and when it goes. The list outlives a connection, so that what ended meanwhile is told as ended.
 */

import type { Alert } from './protocol.ts'

export type ShownAlert = Omit<Alert, 'kind' | 'phase'>

export class AlertsShown {
  #shown: ReadonlyMap<string, ShownAlert> = new Map()

  /** What changed, given everything the device shows now. */
  update(alerts: readonly ShownAlert[]): readonly Alert[] {
    const before = this.#shown
    const now = new Map(alerts.map((alert) => [alert.code, alert]))
    this.#shown = now
    const ended = [...before.values()].filter(({ code }) => !now.has(code))
    const changed = [...now.values()].filter((alert) => !isSame(alert, before.get(alert.code)))
    return [
      ...ended.map((alert): Alert => ({ kind: 'alert', phase: 'ended', ...alert })),
      ...changed.map((alert): Alert => ({ kind: 'alert', phase: 'present', ...alert })),
    ]
  }
}

function isSame(a: ShownAlert, b: ShownAlert | undefined): boolean {
  return (
    b !== undefined &&
    a.text === b.text &&
    a.priority === b.priority &&
    a.flags.join() === b.flags.join() &&
    (a.inactivation ?? []).join() === (b.inactivation ?? []).join()
  )
}
