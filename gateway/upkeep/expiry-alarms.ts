/** Who has to be told that something runs out: once for each level; daily while this process itself is about to be cut off. */

import type { ForecastLevel } from '../../certs/forecast-level.ts'
import type { Role } from '../../certs/profile.ts'

export interface ExpiryRow {
  readonly role: Role | 'crl' | 'trust'
  readonly id: string
  /** Names this very certificate or list: its successor begins anew. */
  readonly key: string
  readonly notAfterMs: number
  /** By when a person must have acted, where that is before the end. */
  readonly actByMs?: number | undefined
  /** Absent while everything goes its way. */
  readonly level: ForecastLevel | undefined
  /** What will happen by itself, or what a person has to do. */
  readonly advice: string
  /** This process cannot work without it. */
  readonly isOwn: boolean
}

interface ExpiryAlarm {
  readonly row: ExpiryRow
  readonly level: ForecastLevel
  readonly daysLeft: number
}

const DAY_MS = 86_400_000

export interface ExpiryAlarms {
  /** What is to be told now; it is then taken as told. */
  take(rows: readonly ExpiryRow[], nowMs: number): readonly ExpiryAlarm[]
}

export function createExpiryAlarms(): ExpiryAlarms {
  let told: ReadonlyMap<string, { readonly level: ForecastLevel; readonly atMs: number }> = new Map()
  return {
    take(rows, nowMs) {
      const next = new Map<string, { readonly level: ForecastLevel; readonly atMs: number }>()
      const alarms = rows.flatMap((row): readonly ExpiryAlarm[] => {
        const { level, key, notAfterMs } = row
        if (level === undefined) return []
        const before = told.get(key)
        if (before?.level === level && !isAgain(row, nowMs - before.atMs)) {
          next.set(key, before)
          return []
        }
        next.set(key, { level, atMs: nowMs })
        return [{ row, level, daysLeft: Math.floor((notAfterMs - nowMs) / DAY_MS) }]
      })
      told = next
      return alarms
    },
  }
}

/** What this process cannot work without, and will be or is without. */
export function isPressing({ level, isOwn }: ExpiryRow): boolean {
  return isOwn && (level === 'critical' || level === 'expired')
}

function isAgain(row: ExpiryRow, agoMs: number): boolean {
  // Daily on the last day of anybody; a device that was taken away long ago is told once to have ended.
  const isDaily = row.level === 'critical' || isPressing(row)
  // A clock that was set back must not keep an alarm silent.
  return isDaily && (agoMs >= DAY_MS || agoMs < 0)
}
