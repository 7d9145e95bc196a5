/** `wardgate certs`: the authorities of a state directory and what they issue. */

import { hostname } from 'node:os'
import { Command } from 'commander'
import { CertificateError } from '../certs/errors.ts'
import { readText } from '../certs/guarded-file.ts'
import { readHostName } from '../certs/host-name.ts'
import { isLeafRole } from '../certs/identity-uri.ts'
import { LEAF_ROLES, PROFILES, type ClientRole, type LeafRole } from '../certs/profile.ts'
import { initStore, openStore } from '../certs/store.ts'
import { systemClock } from '../gateway/clock.ts'
import { isId } from '../gateway/contract/topics.ts'
import { errorMessage, UsageError } from '../gateway/errors.ts'
import { printTable } from './print-table.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'

export interface CertsHooks {
  /** Runs after a client certificate was issued; what it answers is shown to the operator. */
  readonly afterIssue: (issued: {
    readonly stateDir: string
    readonly role: ClientRole
    readonly id: string
    readonly wards: readonly string[]
  }) => string | undefined
}

interface InitOptions {
  readonly state: string
  readonly site: string
  readonly name: readonly string[]
}

interface IssueOptions {
  readonly state: string
  readonly publicKey?: string
  readonly days?: string
  readonly name: readonly string[]
  readonly ward: readonly string[]
  readonly json?: boolean
}

interface ListOptions {
  readonly state: string
  readonly json?: boolean
}

const DEFAULT_SITE = 'wardgate'
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1']

export function certsCommand(hooks: CertsHooks): Command {
  const certs = new Command('certs').description('the certificates of this gateway and of all who talk to it')
  certs
    .command('init')
    .description('make the authorities and the server certificate; refuses where there is a store')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option('--site <name>', 'site: the trust domain of every identity', DEFAULT_SITE)
    .option(
      '--name <dns-or-ip>',
      "name that clients dial; repeatable (default: loopback and this machine's name)",
      collect,
      [],
    )
    .action(init)
  certs
    .command('issue')
    .description('issue a certificate, with a new key or for the public key of a device')
    .argument('<role>', LEAF_ROLES.join(', '))
    .argument('<id>', 'lower-case letters, digits and dashes, at most 32')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option('--public-key <file>', 'PEM public key of a device that keeps its private key to itself')
    .option('--days <n>', 'validity in days')
    .option('--name <dns-or-ip>', 'name that clients dial; repeatable; servers only', collect, [])
    .option('--ward <ward>', 'ward it may read; repeatable; consumers only', collect, [])
    .option('--json', 'print one JSON object')
    .action((role: string, id: string, options: IssueOptions) => issue(hooks, role, id, options))
  certs
    .command('list')
    .description('every certificate with its state')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option('--json', 'print one JSON array')
    .action(list)
  return certs
}

function init({ state, site, name }: InitOptions): void {
  const serverNames = name.length > 0 ? name : defaultNames()
  initStore({ stateDir: state, site, serverNames, nowMs: systemClock.nowMs() })
  process.stdout.write(
    `certificate store made in ${state}/certs for site '${site}', server names ${serverNames.join(', ')}\n` +
      `clients trust ${state}/certs/ca.pem; keep ${state}/certs/ca in a safe backup: who has it can be anyone\n`,
  )
}

function issue(hooks: CertsHooks, roleText: string, id: string, options: IssueOptions): void {
  const role = leafRole(roleText)
  const days = wholeDays(role, options.days)
  refuseMisplaced(role, options)
  if (!isId(id)) throw new UsageError(`id '${id}' is not an id: use 1 to 32 of a-z, 0-9 and '-'`)
  const publicKeyPem = options.publicKey === undefined ? undefined : readText(options.publicKey, 'public key')
  const nowMs = systemClock.nowMs()
  const store = openStore(options.state)
  const issued = store.issue({ role, id, days, publicKeyPem, names: options.name, nowMs })
  const hint =
    role === 'server'
      ? undefined
      : recorded(hooks, { stateDir: options.state, role, id, wards: options.ward })
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ ...issued, ...(hint === undefined ? {} : { hint }) })}\n`)
    return
  }
  const key = issued.keyPath ?? 'stays on the device'
  process.stdout.write(
    `${role} '${id}' has a certificate until ${issued.notAfter}\n` +
      `certificate  ${issued.certificatePath}\nkey          ${key}\nserial       ${issued.serial}\n`,
  )
  if (hint !== undefined) process.stdout.write(`${hint}\n`)
}

function list({ state, json }: ListOptions): void {
  const rows = openStore(state).list(systemClock.nowMs())
  if (json === true) {
    process.stdout.write(`${JSON.stringify(rows)}\n`)
    return
  }
  printTable(
    ['ROLE', 'ID', 'STATUS', 'NOT AFTER', 'SERIAL'],
    rows.map((row) => [row.role, row.id, row.status, row.notAfter, row.serial]),
  )
}

// The certificate is out whether or not the record succeeds: the operator must hear of both.
function recorded(hooks: CertsHooks, issued: Parameters<CertsHooks['afterIssue']>[0]): string | undefined {
  try {
    return hooks.afterIssue(issued)
  } catch (error) {
    throw new CertificateError(
      `the certificate of ${issued.role} '${issued.id}' was issued, but its inventory row could not be written: ${errorMessage(error)}`,
      { role: issued.role, id: issued.id },
      error,
    )
  }
}

function leafRole(text: string): LeafRole {
  if (isLeafRole(text)) return text
  throw new UsageError(`unknown role '${text}'; known are ${LEAF_ROLES.join(', ')}`)
}

function wholeDays(role: LeafRole, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const { longestDays } = PROFILES[role]
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (days >= 1 && days <= longestDays) return days
  throw new UsageError(`--days ${text}: a ${role} certificate lasts 1 to ${longestDays} whole days`)
}

function refuseMisplaced(role: LeafRole, { name, ward, publicKey }: IssueOptions): void {
  if (role === 'server' && name.length === 0)
    throw new UsageError(
      'a server certificate needs --name with the DNS name or IP address that clients dial',
    )
  if (role !== 'server' && name.length > 0) throw new UsageError(`--name is for servers, not for a ${role}`)
  if (role === 'consumer' && ward.length === 0)
    throw new UsageError('a consumer reads nothing without --ward; name each ward it may read')
  if (role !== 'consumer' && ward.length > 0)
    throw new UsageError(`--ward is for consumers, not for a ${role}`)
  if (publicKey === '') throw new UsageError('--public-key needs a file')
  const wrong = ward.find((text) => !isId(text))
  if (wrong !== undefined)
    throw new UsageError(`ward '${wrong}' is not an id: use 1 to 32 of a-z, 0-9 and '-'`)
}

function defaultNames(): readonly string[] {
  const own = readHostName(hostname())
  return own.kind === 'refused' ? LOOPBACK_NAMES : [...new Set([...LOOPBACK_NAMES, own.name])]
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value]
}
