/** What ends when, what will happen by itself, and what a person must do by when. Pure: facts in, rows out. */

import { authorityRows } from './forecast-authorities.ts'
import { certificateRow } from './forecast-certificates.ts'
import type { ForecastFacts } from './forecast-facts.ts'
import { listRow } from './forecast-lists.ts'
import { LEVELS } from './forecast-level.ts'
import type { ForecastRow } from './forecast-row.ts'
import { trustRows } from './forecast-trust.ts'

export type { ForecastRow } from './forecast-row.ts'

/** Every row, the most urgent first. */
export function forecast(facts: ForecastFacts): readonly ForecastRow[] {
  const rows = [
    ...facts.certificates.map((certificate) => certificateRow(certificate, facts)),
    ...authorityRows(facts),
    ...facts.lists.map((list) => listRow(list, facts)),
    ...trustRows(facts),
  ]
  return rows.sort((a, b) => urgency(a) - urgency(b) || nextMs(a) - nextMs(b) || compareNames(a, b))
}

/** Those that need somebody now, and those of which something ends, renews itself or falls due within the days. */
export function withinDays(
  rows: readonly ForecastRow[],
  days: number,
  nowMs: number,
): readonly ForecastRow[] {
  const untilMs = nowMs + days * 86_400_000
  return rows.filter(
    (row) =>
      row.level !== undefined || Math.min(nextMs(row), row.renewsAtMs ?? Number.POSITIVE_INFINITY) <= untilMs,
  )
}

function urgency({ level }: ForecastRow): number {
  return level === undefined ? LEVELS.length : LEVELS.indexOf(level)
}

function nextMs({ actByMs, expiresAtMs }: ForecastRow): number {
  return Math.min(actByMs ?? expiresAtMs, expiresAtMs)
}

function compareNames(a: ForecastRow, b: ForecastRow): number {
  return `${a.what} ${a.role} ${a.id}`.localeCompare(`${b.what} ${b.role} ${b.id}`, 'en')
}
