/** `wardgate clock`: is the clock of this machine believed, and a person's word that it is right. */

import { Command } from 'commander'
import { systemClock, systemUptime } from '../gateway/clock.ts'
import { toInstant } from '../gateway/contract/instant.ts'
import { UsageError } from '../gateway/errors.ts'
import { confirmClock } from '../gateway/security/confirm-clock.ts'
import { readTime } from '../gateway/security/keep-time.ts'
import { readTimeFile, timeFileOf } from '../gateway/security/time-file.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'

interface ClockOptions {
  readonly state: string
  readonly json?: boolean
}

// RFC 3339, to the minute or finer; the zone must be there, or nobody knows which hour is meant.
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/

export function clockCommand(): Command {
  const clock = new Command('clock').description('the clock by which certificates are judged')
  clock
    .command('show')
    .description('what the clock says, and whether it is believed')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option('--json', 'print one JSON object')
    .action(show)
  clock
    .command('accept')
    .description('say that the clock of this machine is right, after an alarm clock-implausible')
    .argument('<time>', 'the time now, from your own watch, such as 2026-09-20T10:15Z')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .action(accept)
  return clock
}

function show({ state, json }: ClockOptions): void {
  const time = readTime({ stateDir: state, clock: systemClock, uptime: systemUptime })
  const clock = toInstant(systemClock.nowMs())
  const { reason, standing } = time
  const found = readTimeFile(timeFileOf(state))
  const lastGood = found.kind === 'known' ? toInstant(found.record.goodMs) : undefined
  if (json === true) {
    const doubt = reason === undefined ? {} : { reason, estimate: toInstant(time.nowMs()) }
    process.stdout.write(`${JSON.stringify({ clock, standing, lastGood, ...doubt })}\n`)
    return
  }
  const record = found.kind === 'damaged' ? 'cannot be read' : (lastGood ?? 'none yet')
  process.stdout.write(`${reason ?? `clock: ${clock} is believed`}\nlast good time on record: ${record}\n`)
}

function accept(time: string, { state }: ClockOptions): void {
  const saidMs = INSTANT.test(time) ? Date.parse(time) : NaN
  if (!Number.isFinite(saidMs))
    throw new UsageError(`'${time}' is not a time with its zone: write it as 2026-09-20T10:15Z`)
  const wallMs = systemClock.nowMs()
  confirmClock({ stateDir: state, saidMs, wallMs, uptime: systemUptime })
  process.stdout.write(
    `accepted: it is ${toInstant(wallMs)}; a running gateway believes its clock again within ten seconds\n`,
  )
}
