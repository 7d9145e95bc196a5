/** `wardgate certs issue`: a first certificate, and the row of the inventory that belongs to it. */

import { Command } from 'commander'
import { CertificateError } from '../certs/errors.ts'
import { readText } from '../certs/guarded-file.ts'
import { LEAF_ROLES, type ClientRole, type LeafRole } from '../certs/profile.ts'
import { openStore } from '../certs/store.ts'
import { systemClock } from '../gateway/clock.ts'
import { isId } from '../gateway/contract/topics.ts'
import { errorMessage, UsageError } from '../gateway/errors.ts'
import { DUTIES, isDuty, needsWard } from '../gateway/people/duties.ts'
import { collect, leafRole, refuseBadId, refuseEmpty, wholeDays } from './certs-options.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'

export interface CertsHooks {
  /** Runs after a client certificate was issued; what it answers is shown to the operator. */
  readonly afterIssue: (issued: {
    readonly stateDir: string
    readonly role: ClientRole
    readonly id: string
    readonly wards: readonly string[]
    readonly duties: readonly string[]
  }) => string | undefined
}

interface IssueOptions {
  readonly state: string
  readonly publicKey?: string
  readonly days?: string
  readonly name: readonly string[]
  readonly ward: readonly string[]
  readonly duty: readonly string[]
  readonly json?: boolean
}

export function issueCommand(hooks: CertsHooks): Command {
  return new Command('issue')
    .description('issue a certificate, with a new key or for the public key of a device')
    .argument('<role>', LEAF_ROLES.join(', '))
    .argument('<id>', 'lower-case letters, digits and dashes, at most 32')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option('--public-key <file>', 'PEM public key of a device that keeps its private key to itself')
    .option('--days <n>', 'validity in days')
    .option('--name <dns-or-ip>', 'name that clients dial; repeatable; servers only', collect, [])
    .option('--ward <ward>', 'ward it may read; repeatable; consumers and nurses only', collect, [])
    .option(
      '--duty <duty>',
      `what a person is there for: ${DUTIES.join(', ')}; repeatable; operators only (default: engineer)`,
      collect,
      [],
    )
    .option('--json', 'print one JSON object')
    .action((role: string, id: string, options: IssueOptions) => issue(hooks, role, id, options))
}

function issue(hooks: CertsHooks, roleText: string, id: string, options: IssueOptions): void {
  const role = leafRole(roleText)
  const days = wholeDays(role, options.days)
  refuseMisplaced(role, options)
  refuseBadId(id)
  const publicKeyPem = options.publicKey === undefined ? undefined : readText(options.publicKey, 'public key')
  const nowMs = systemClock.nowMs()
  const store = openStore(options.state)
  const issued = store.issue({ role, id, days, publicKeyPem, names: options.name, nowMs })
  const { state: stateDir, ward: wards, duty: duties } = options
  const hint = role === 'server' ? undefined : recorded(hooks, { stateDir, role, id, wards, duties })
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

function refuseMisplaced(role: LeafRole, options: IssueOptions): void {
  const { name, ward, publicKey } = options
  if (role === 'server' && name.length === 0)
    throw new UsageError(
      'a server certificate needs --name with the DNS name or IP address that clients dial',
    )
  if (role !== 'server' && name.length > 0) throw new UsageError(`--name is for servers, not for a ${role}`)
  refuseMisplacedWards(role, options)
  refuseEmpty('--public-key', publicKey)
  const wrong = ward.find((text) => !isId(text))
  if (wrong !== undefined)
    throw new UsageError(`ward '${wrong}' is not an id: use 1 to 32 of a-z, 0-9 and '-'`)
}

function refuseMisplacedWards(role: LeafRole, { ward, duty }: IssueOptions): void {
  if (role === 'consumer' && ward.length === 0)
    throw new UsageError('a consumer reads nothing without --ward; name each ward it may read')
  if (role !== 'operator' && duty.length > 0)
    throw new UsageError(`--duty is for operators, not for a ${role}`)
  const unknown = duty.find((text) => !isDuty(text))
  if (unknown !== undefined) throw new UsageError(`unknown duty '${unknown}'; known are ${DUTIES.join(', ')}`)
  const inWards = duty.filter(isDuty).filter(needsWard)
  if (ward.length === 0 && inWards.length > 0)
    throw new UsageError(`the duty ${inWards.join(', ')} is done in a ward: name each with --ward`)
  if (ward.length > 0 && role !== 'consumer' && inWards.length === 0)
    throw new UsageError(
      `--ward is for consumers, and for operators with a duty in a ward, not for ${role === 'operator' ? 'this operator' : `a ${role}`}`,
    )
}
