/** `wardgate users`: the people of a ward, what they may do, and their passwords. A running gateway follows within two seconds. */

import { Command } from 'commander'
import { systemClock, type Clock } from '../gateway/clock.ts'
import { toInstant } from '../gateway/contract/instant.ts'
import { inventoryOf, readInventory } from '../gateway/inventory/inventory-file.ts'
import { DUTIES, rightsOf, scopesOf } from '../gateway/people/duties.ts'
import { personOf } from '../gateway/people/may-do.ts'
import { createPasswordHasher, type PasswordHasher } from '../gateway/people/password-hash.ts'
import { changeUser, readUsers, type UserRecord } from '../gateway/people/user-file.ts'
import type { OperatorEntry } from '../gateway/ports.ts'
import { UsageError } from '../gateway/errors.ts'
import { printTable } from './print-table.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'
import { processInput, readNewPassword, type PasswordInput, type PasswordOptions } from './users-password.ts'
import {
  addPerson,
  allPeople,
  changePerson,
  findPerson,
  readPersonId,
  readRights,
  refuseKnown,
  removePerson,
  type RightsOptions,
} from './users-rows.ts'

interface StateOptions {
  readonly state: string
  readonly json?: boolean
}

type AddOptions = StateOptions & RightsOptions & PasswordOptions & { readonly certificateOnly?: boolean }

export interface UsersParts {
  readonly input: () => PasswordInput
  readonly hasher: PasswordHasher
  readonly clock: Clock
}

const PARTS: UsersParts = { input: processInput, hasher: createPasswordHasher(), clock: systemClock }

export function usersCommand(parts: UsersParts = PARTS): Command {
  const users = new Command('users').description(
    'the people of a ward: what they may do, and their passwords',
  )
  const command = (name: string, description: string): Command =>
    users
      .command(name)
      .description(description)
      .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
      .option('--json', 'print JSON')
  const ofPerson = (name: string, description: string): Command =>
    command(name, description).argument('<id>', 'lower-case letters, digits and dashes, at most 32')

  withPassword(withRights(ofPerson('add', 'add a person; asks twice for a password')))
    .option('--certificate-only', 'no password: this person logs in with a client certificate')
    .action(async (id: string, options: AddOptions) => add(readPersonId(id), options, parts))
  withRights(ofPerson('duties', 'give a person these duties and wards instead of the former')).action(
    (id: string, options: StateOptions & RightsOptions) => {
      const rights = readRights(options)
      print(
        changePerson(options.state, id, (person) => ({ ...person, ...rights })),
        options,
      )
    },
  )
  withPassword(ofPerson('password', 'give a person a new password; open sessions end')).action(
    async (id: string, options: StateOptions & PasswordOptions) => {
      const person = findPerson(options.state, id)
      await setPassword(id, options, parts)
      print(person, options)
    },
  )
  ofPerson('lock', 'keep a person out until unlocked; open sessions end').action(
    (id: string, options: StateOptions) => {
      print(
        changePerson(options.state, id, (person) => ({ ...person, locked: true })),
        options,
      )
    },
  )
  ofPerson('unlock', 'let a locked person in again, and end the delay after failed logins').action(
    (id: string, options: StateOptions) => unlock(id, options, parts.clock.nowMs()),
  )
  ofPerson('remove', 'take a person out, with the password; open sessions end').action(remove)
  command('list', 'everyone with their duties').action((options: StateOptions) => {
    const rows = allPeople(options.state).map((person) => shownOf(person, readUsers(options.state)))
    if (options.json === true) process.stdout.write(`${JSON.stringify(rows)}\n`)
    else
      printTable(
        ['ID', 'DUTIES', 'WARDS', 'PASSWORD', 'LOCKED'],
        rows.map(({ id, duties, wards, passwordSetAt, locked }) => [
          id,
          duties.join(' ') || '(none)',
          wards.join(' ') || '-',
          passwordSetAt ?? 'none',
          locked ? 'yes' : 'no',
        ]),
      )
  })
  ofPerson('show', 'one person, and everything that person may read and do').action(
    (id: string, options: StateOptions) => {
      const person = findPerson(options.state, id)
      const shown = {
        ...shownOf(person, readUsers(options.state)),
        reads: scopesOf(person),
        rights: rightsOf(person),
      }
      process.stdout.write(`${JSON.stringify(shown, undefined, options.json === true ? 0 : 2)}\n`)
    },
  )
  return users
}

async function add(id: string, options: AddOptions, parts: UsersParts): Promise<void> {
  const { state, certificateOnly } = options
  const rights = readRights(options)
  refuseKnown(personOf(id, inventoryOf(readInventory(state))))
  const person: OperatorEntry = { role: 'operator', id, ...rights }
  if (certificateOnly === true) {
    if (options.passwordFile !== undefined || options.passwordStdin === true)
      throw new UsageError('--certificate-only takes no password')
    // A password that is left from a person who had the same name before must not come to life again.
    changeUser(state, id, () => undefined)
  } else await setPassword(id, options, parts)
  // The row comes last: without it the password opens nothing.
  addPerson(state, person)
  print(person, options)
  if (certificateOnly === true && options.json !== true)
    process.stdout.write(`next: wardgate certs issue operator ${id} --state ${state}\n`)
}

async function setPassword(
  id: string,
  options: StateOptions & PasswordOptions,
  { input, hasher, clock }: UsersParts,
): Promise<void> {
  const password = await hasher.hash(await readNewPassword(id, options, input()))
  const setAtMs = clock.nowMs()
  changeUser(options.state, id, () => ({ id, password, setAtMs, delaysEndedAtMs: setAtMs }))
}

function unlock(id: string, options: StateOptions, nowMs: number): void {
  const person = changePerson(options.state, id, ({ locked: _locked, ...rest }) => rest)
  changeUser(options.state, id, (user) => (user === undefined ? user : { ...user, delaysEndedAtMs: nowMs }))
  print(person, options)
}

function remove(id: string, options: StateOptions): void {
  const { state } = options
  const isFound = removePerson(state, id)
  const hadPassword = readUsers(state).has(id)
  changeUser(state, id, () => undefined)
  // Half of a removal that was interrupted is finished by asking again.
  if (!isFound && !hadPassword) findPerson(state, id)
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ id, removed: true })}\n`
      : `${id} is removed; a certificate of this person opens nothing any more: revoke it all the same\n`,
  )
}

function shownOf(
  { id, duties, wards, locked }: OperatorEntry,
  users: ReadonlyMap<string, UserRecord>,
): Omit<OperatorEntry, 'role' | 'locked'> & { locked: boolean; passwordSetAt: string | undefined } {
  const setAtMs = users.get(id)?.setAtMs
  const passwordSetAt = setAtMs === undefined ? undefined : toInstant(setAtMs)
  return { id, duties, wards, locked: locked === true, passwordSetAt }
}

function print(person: OperatorEntry, { state, json }: StateOptions): void {
  const shown = shownOf(person, readUsers(state))
  const { id, duties, wards, locked, passwordSetAt } = shown
  process.stdout.write(
    json === true
      ? `${JSON.stringify(shown)}\n`
      : `${id}: ${duties.join(', ') || 'no duty'}${wards.length === 0 ? '' : ` in ${wards.join(', ')}`}, ` +
          `${passwordSetAt === undefined ? 'no password' : 'with a password'}${locked ? ', locked' : ''}\n`,
  )
}

function withRights(command: Command): Command {
  return command
    .option('--duty <duty>', `${DUTIES.join(', ')}; repeatable`, collect, [])
    .option('--ward <ward>', 'ward of a nurse; repeatable', collect, [])
}

function withPassword(command: Command): Command {
  return command
    .option('--password-file <file>', 'the password, in a file of mode 0600')
    .option('--password-stdin', 'the password comes on standard input')
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value]
}
