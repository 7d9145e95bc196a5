/** `wardgate certs approve`: the requests that wait for a decision, and the decision. A running gateway follows at the next request. */

import { Command } from 'commander'
import { openEnrolment, type PendingRequest } from '../certs/enrolment.ts'
import { keyCheck } from '../certs/enrolment-code.ts'
import { systemClock } from '../gateway/clock.ts'
import { toInstant } from '../gateway/contract/instant.ts'
import { UsageError } from '../gateway/errors.ts'
import { printTable } from './print-table.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'

interface ApproveOptions {
  readonly state: string
  readonly reject?: boolean
  readonly json?: boolean
}

export function approveCommand(): Command {
  return new Command('approve')
    .description(
      'list the requests that wait for approval, or approve one; compare its key with the device first',
    )
    .argument('[id]', '<id> or <role>/<id>; without it all that wait are listed')
    .option('--reject', 'say no: its code is void then')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option('--json', 'print JSON')
    .action(approve)
}

function approve(name: string | undefined, { state, reject, json }: ApproveOptions): void {
  const nowMs = systemClock.nowMs()
  const enrolment = openEnrolment(state)
  const waiting = enrolment.pending(nowMs)
  if (name === undefined) {
    if (reject === true) throw new UsageError('--reject needs the id of a request')
    return json === true ? printJson(waiting.map(shown)) : print(waiting)
  }
  const decision = reject === true ? 'rejected' : 'approved'
  const decided = enrolment.decide(pick(name, waiting, state), decision, nowMs)
  if (json === true) return printJson({ ...shown(decided), decision })
  const { role, id, publicKeySha256 } = decided
  process.stdout.write(
    `${role} '${id}' is ${decision}, for the key ${keyCheck(publicKeySha256)}${reject === true ? '' : ': it fetches its certificate when it asks next'}\n`,
  )
}

function pick(name: string, waiting: readonly PendingRequest[], state: string): PendingRequest {
  const [found, another] = waiting.filter(({ role, id }) => name === id || name === `${role}/${id}`)
  if (found === undefined)
    throw new UsageError(
      `no request of '${name}' waits in ${state}; 'wardgate certs approve' lists those that do`,
    )
  if (another !== undefined)
    throw new UsageError(`'${name}' are two: say ${found.role}/${found.id} or ${another.role}/${another.id}`)
  return found
}

function print(waiting: readonly PendingRequest[]): void {
  if (waiting.length === 0) {
    process.stdout.write('no request waits for approval\n')
    return
  }
  printTable(
    ['ROLE', 'ID', 'KEY', 'FROM', 'SINCE', 'UNTIL'],
    waiting.map(shown).map((row) => [row.role, row.id, row.keyCheck, row.address, row.since, row.until]),
  )
}

function shown({ role, id, publicKeySha256, address, atMs, expiresAtMs }: PendingRequest) {
  return {
    role,
    id,
    keyCheck: keyCheck(publicKeySha256),
    keySha256: publicKeySha256,
    address,
    since: toInstant(atMs),
    until: toInstant(expiresAtMs),
  }
}

function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
