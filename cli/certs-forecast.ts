/** `wardgate certs forecast`: what ends when, what happens by itself, and what a person must do. */

import { Command } from 'commander'
import { withinDays, type ForecastRow } from '../certs/forecast.ts'
import { openStore } from '../certs/store.ts'
import { systemClock } from '../gateway/clock.ts'
import { UsageError } from '../gateway/errors.ts'
import { dayOf } from './certs-options.ts'
import { printTable } from './print-table.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'

interface ForecastOptions {
  readonly state: string
  readonly days?: string
  readonly json?: boolean
}

const MOST_DAYS = 36_500

export function forecastCommand(): Command {
  return new Command('forecast')
    .description('what ends when, what happens by itself, and what a person must do; the most urgent first')
    .option('--days <n>', 'only what happens within so many days, and what is urgent already')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option('--json', 'print one JSON array')
    .action(forecast)
}

function forecast({ state, days, json }: ForecastOptions): void {
  const nowMs = systemClock.nowMs()
  const within = daysOf(days)
  const all = openStore(state).forecast(nowMs)
  const rows = within === undefined ? all : withinDays(all, within, nowMs)
  if (json === true) {
    process.stdout.write(`${JSON.stringify(rows)}\n`)
    return
  }
  if (rows.length === 0) {
    process.stdout.write(`nothing ends or renews itself within ${within} days\n`)
    return
  }
  printTable(
    ['LEVEL', 'WHAT', 'ROLE', 'ID', 'ENDS', 'RENEWED BY', 'WHAT HAPPENS OR IS TO BE DONE'],
    rows.map(cells),
  )
}

function cells({ level, what, role, id, expiresAtMs, renews, action }: ForecastRow): readonly string[] {
  return [level ?? '-', what, role, id, expiresAtMs === 0 ? 'missing' : dayOf(expiresAtMs), renews, action]
}

function daysOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const days = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (days <= MOST_DAYS) return days
  throw new UsageError(`--days ${text}: give whole days from 0 to ${MOST_DAYS}`)
}
