import type { Alert } from '../protocol.ts'

export type AlertCondition = Omit<Alert, 'kind' | 'phase' | 'priority'>

/**
 * Remembers which conditions a device shows, so that each is told once when it comes and once when it goes; also through
 * a reconnect, after which those that are still there are told again: nobody could know that they were.
 */
export class AlertConditions {
  #shown: ReadonlyMap<string, AlertCondition> = new Map()
  #isDoubted = false

  /** The link was opened anew. */
  reopened(): void {
    this.#isDoubted = true
  }

  /** What changed, given everything the device shows now. The profiles give no priority, so none is claimed. */
  update(conditions: readonly AlertCondition[]): readonly Alert[] {
    const before = this.#shown
    const now = new Map(conditions.map((condition) => [condition.code, condition]))
    this.#shown = now
    const ended = [...before.values()].filter(({ code }) => !now.has(code))
    const isDoubted = this.#isDoubted
    this.#isDoubted = false
    const changed = [...now.values()].filter(
      (condition) => isDoubted || !isSame(condition, before.get(condition.code)),
    )
    return [
      ...ended.map((condition) => alert(condition, 'ended')),
      ...changed.map((one) => alert(one, 'present')),
    ]
  }
}

function alert(condition: AlertCondition, phase: Alert['phase']): Alert {
  return { kind: 'alert', priority: 'unknown', phase, ...condition }
}

function isSame(a: AlertCondition, b: AlertCondition | undefined): boolean {
  return b !== undefined && a.flags.join() === b.flags.join()
}
