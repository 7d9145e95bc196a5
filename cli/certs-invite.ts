/** `wardgate certs invite`: a one-time code with which somebody fetches a certificate for a key of their own. */

import { Command } from 'commander'
import { CertificateError } from '../certs/errors.ts'
import { CLIENT_ROLES, type ClientRole } from '../certs/profile.ts'
import { systemClock } from '../gateway/clock.ts'
import { isId } from '../gateway/contract/topics.ts'
import { UsageError } from '../gateway/errors.ts'
import { certifiedUntil, invitationText, invite } from './invitation.ts'
import { readCodeOptions, withCodeOptions, type CodeOptions } from './invitation-options.ts'
import { recordIssued } from './record-issued.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'

interface InviteOptions extends CodeOptions {
  readonly state: string
  readonly ward: readonly string[]
  readonly duty: readonly string[]
  readonly json?: boolean
}

export function inviteCommand(): Command {
  const command = new Command('invite')
    .description(
      'make a one-time code for an identity that makes its own key; devices get theirs from devices add',
    )
    .argument('<role>', CLIENT_ROLES.join(', '))
    .argument('<id>', 'lower-case letters, digits and dashes, at most 32')
    .option('--ward <ward>', 'ward it may read; repeatable; consumers and operators', collect, [])
    .option('--duty <duty>', 'what a person is there for; repeatable; operators only', collect, [])
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option('--json', 'print one JSON object')
  return withCodeOptions(command).action(run)
}

function run(roleText: string, id: string, options: InviteOptions): void {
  const role = readRole(roleText)
  refuseMisplaced(role, id, options)
  const asked = {
    stateDir: options.state,
    role,
    id,
    nowMs: systemClock.nowMs(),
    ...readCodeOptions(options),
  }
  const until = certifiedUntil(asked)
  if (until !== undefined)
    throw new CertificateError(
      `${role} '${id}' has a certificate until ${until}: it renews it by itself; if its key is lost, revoke it first (wardgate certs revoke)`,
      { role, id },
    )
  const hint = recordIssued({ stateDir: options.state, role, id, wards: options.ward, duties: options.duty })
  const shown = invite(asked)
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ ...shown, ...(hint === undefined ? {} : { hint }) })}\n`
      : `${invitationText(shown)}${hint === undefined ? '' : `${hint}\n`}`,
  )
}

export function readRole(text: string): ClientRole {
  const role = CLIENT_ROLES.find((known) => known === text)
  if (role === undefined) throw new UsageError(`unknown role '${text}'; known are ${CLIENT_ROLES.join(', ')}`)
  return role
}

function refuseMisplaced(role: ClientRole, id: string, { ward, duty }: InviteOptions): void {
  if (!isId(id)) throw new UsageError(`id '${id}' is not an id: use 1 to 32 of a-z, 0-9 and '-'`)
  if (role === 'consumer' && ward.length === 0)
    throw new UsageError('a consumer reads nothing without --ward; name each ward it may read')
  if (role !== 'consumer' && role !== 'operator' && ward.length > 0)
    throw new UsageError(`--ward is for consumers and operators, not for a ${role}`)
  if (role !== 'operator' && duty.length > 0)
    throw new UsageError(`--duty is for operators, not for a ${role}`)
  const wrong = ward.find((text) => !isId(text))
  if (wrong !== undefined)
    throw new UsageError(`ward '${wrong}' is not an id: use 1 to 32 of a-z, 0-9 and '-'`)
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value]
}
