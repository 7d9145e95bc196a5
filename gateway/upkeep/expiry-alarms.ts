/** Who has to be told that a certificate or a list runs out: at 30, 7 and 1 days, once each; daily from the last day on. */

import type { Role } from '../../certs/profile.ts'

export type ExpiryLevel = 'notice' | 'warning' | 'critical' | 'expired'

export interface ExpiryRow {
  readonly role: Role | 'crl'
  readonly id: string
  /** Names this very certificate or list: its successor begins anew. */
  readonly key: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** What will happen by itself, or what a person has to do. */
  readonly advice: string
  /** This process cannot work without it. */
  readonly isOwn: boolean
}

export interface ExpiryAlarm {
  readonly row: ExpiryRow
  readonly level: ExpiryLevel
  readonly daysLeft: number
}

const DAY_MS = 86_400_000
/** The most severe first. */
const LEVELS: readonly {
  readonly level: ExpiryLevel
  readonly withinMs: number
  readonly isDaily: boolean
}[] = [
  { level: 'expired', withinMs: 0, isDaily: true },
  { level: 'critical', withinMs: DAY_MS, isDaily: true },
  { level: 'warning', withinMs: 7 * DAY_MS, isDaily: false },
  { level: 'notice', withinMs: 30 * DAY_MS, isDaily: false },
]
// What lives thirty days is not news when it has thirty left: a level counts from when renewal should have been.
const NEWS_SHARE = 1 / 3

export function levelOf(
  { notBeforeMs, notAfterMs }: Pick<ExpiryRow, 'notBeforeMs' | 'notAfterMs'>,
  nowMs: number,
): ExpiryLevel | undefined {
  const leftMs = notAfterMs - nowMs
  const longestMs = (notAfterMs - notBeforeMs) * NEWS_SHARE
  return LEVELS.find(({ withinMs }) => leftMs < withinMs && withinMs <= longestMs)?.level
}

export interface ExpiryAlarms {
  /** What is to be told now; it is then taken as told. */
  take(rows: readonly ExpiryRow[], nowMs: number): readonly ExpiryAlarm[]
}

export function createExpiryAlarms(): ExpiryAlarms {
  let told: ReadonlyMap<string, { readonly level: ExpiryLevel; readonly atMs: number }> = new Map()
  return {
    take(rows, nowMs) {
      const next = new Map<string, { readonly level: ExpiryLevel; readonly atMs: number }>()
      const alarms = rows.flatMap((row): readonly ExpiryAlarm[] => {
        const level = levelOf(row, nowMs)
        if (level === undefined) return []
        const before = told.get(row.key)
        if (before?.level === level && !isAgain(level, nowMs - before.atMs)) {
          next.set(row.key, before)
          return []
        }
        next.set(row.key, { level, atMs: nowMs })
        return [{ row, level, daysLeft: Math.floor((row.notAfterMs - nowMs) / DAY_MS) }]
      })
      told = next
      return alarms
    },
  }
}

function isAgain(level: ExpiryLevel, agoMs: number): boolean {
  const isDaily = LEVELS.some((row) => row.level === level && row.isDaily)
  // A clock that was set back must not keep an alarm silent.
  return isDaily && (agoMs >= DAY_MS || agoMs < 0)
}
