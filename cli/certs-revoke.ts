/** `wardgate certs revoke`: an identity, or one certificate, is let in no more. */

import { Command } from 'commander'
import { isLeafRole } from '../certs/identity-uri.ts'
import { REVOCATION_REASONS, type RevocationReason } from '../certs/revocation.ts'
import { openStore, type CertificateRow, type CertificateStore } from '../certs/store.ts'
import { systemClock } from '../gateway/clock.ts'
import { UsageError } from '../gateway/errors.ts'
import { print, refuseEmpty } from './certs-options.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'

interface RevokeOptions {
  readonly state: string
  readonly reason: string
  readonly serial?: string
  readonly offlineRoot?: string
  readonly json?: boolean
}

interface Target {
  readonly role: CertificateRow['role']
  readonly id: string
  /** One certificate; without it every one of the identity. */
  readonly serial?: string
}

/** How each reason is written on a command line. */
const REASON_WORDS: ReadonlyMap<string, RevocationReason> = new Map(
  reasons().map((reason) => [kebabCase(reason), reason]),
)

export function revokeCommand(): Command {
  return new Command('revoke')
    .description('let an identity in no more: its sessions end, its certificates are refused from now on')
    .argument('[identity...]', 'role and id, or the id alone where only one role has it')
    .requiredOption('--reason <reason>', [...REASON_WORDS.keys()].join(', '))
    .option('--serial <serial>', 'revoke this one certificate instead of all of an identity')
    .option('--offline-root <dir>', 'where the key of the root is; only to revoke an issuing CA')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option('--json', 'print one JSON object')
    .action(revoke)
}

function revoke(words: readonly string[], options: RevokeOptions): void {
  const { state, serial, offlineRoot, json } = options
  const reason = reasonOf(options.reason)
  refuseEmpty('--offline-root', offlineRoot)
  const nowMs = systemClock.nowMs()
  const store = openStore(state)
  const rows = store.list(nowMs)
  const target = serial === undefined ? targetOf(words, rows) : targetOfSerial(serial, words, rows)
  const serials = revokeTarget(store, target, { reason, nowMs, offlineRoot })
  const what = `${target.role} '${target.id}'`
  const text =
    serials.length === 0
      ? `${what} was revoked before; the lists are written again`
      : `${what} is revoked (${kebabCase(reason)}): serial ${serials.join(', ')}\n` +
        `gateways that run on ${state} notice within 2 seconds: its sessions end, and it connects no more`
  print(json, { ...target, reason, serials }, text)
}

function revokeTarget(
  store: CertificateStore,
  { role, id, serial }: Target,
  how: {
    readonly reason: RevocationReason
    readonly nowMs: number
    readonly offlineRoot: string | undefined
  },
): readonly string[] {
  const { reason, nowMs, offlineRoot } = how
  if (serial === undefined && isLeafRole(role)) return store.revokeIdentity(role, id, reason, nowMs)
  if (serial === undefined) return []
  const isNew = store.list(nowMs).some((row) => row.serial === serial && row.status !== 'revoked')
  store.revoke(serial, reason, nowMs, offlineRoot)
  return isNew ? [serial] : []
}

function targetOf(words: readonly string[], rows: readonly CertificateRow[]): Target {
  const [first, second, ...rest] = words
  if (first === undefined || rest.length > 0)
    throw new UsageError('say whom to revoke: a role and an id, an id alone, or --serial')
  const found = rows.filter((row) =>
    second === undefined ? row.id === first : row.role === first && row.id === second,
  )
  const roles = [...new Set(found.map(({ role }) => role))]
  const [role] = roles
  if (role === undefined)
    throw new UsageError(
      `no certificate was ever issued here to ${words.map((word) => `'${word}'`).join(' ')}; 'wardgate certs list' shows all`,
    )
  if (roles.length > 1)
    throw new UsageError(
      `'${first}' is the id of more than one identity; say which:\n${roles.map((each) => `  wardgate certs revoke ${each} ${first} --reason ...`).join('\n')}`,
    )
  const id = second ?? first
  return isLeafRole(role) ? { role, id } : authorityTarget(role, found)
}

/** There may be several authorities of a kind, and one alone is meant. */
function authorityTarget(role: CertificateRow['role'], rows: readonly CertificateRow[]): Target {
  const live = rows.filter(({ status }) => status !== 'expired' && status !== 'revoked')
  const [only] = live
  if (only !== undefined && live.length === 1) return { role, id: role, serial: only.serial }
  throw new UsageError(
    `say which ${role} with --serial:\n${rows.map(({ serial, status, notAfter }) => `  ${serial}  ${status}, until ${notAfter}`).join('\n')}`,
  )
}

function targetOfSerial(text: string, words: readonly string[], rows: readonly CertificateRow[]): Target {
  if (words.length > 0)
    throw new UsageError('--serial names one certificate: leave role and id out, or leave --serial out')
  const serial = text.replaceAll(':', '').toUpperCase()
  const row = rows.find((each) => each.serial === serial)
  if (row === undefined)
    throw new UsageError(
      `no certificate with serial ${text} was issued here; 'wardgate certs list' shows all`,
    )
  return { role: row.role, id: row.id, serial }
}

function reasonOf(text: string): RevocationReason {
  const reason = REASON_WORDS.get(text) ?? reasons().find((each) => each === text)
  if (reason !== undefined) return reason
  throw new UsageError(`unknown reason '${text}'; known are ${[...REASON_WORDS.keys()].join(', ')}`)
}

function reasons(): readonly RevocationReason[] {
  return Object.keys(REVOCATION_REASONS).filter(isReason)
}

function isReason(text: string): text is RevocationReason {
  return Object.hasOwn(REVOCATION_REASONS, text)
}

// 'cACompromise' of RFC 5280 is 'ca-compromise' to everybody else.
function kebabCase(reason: RevocationReason): string {
  return reason === 'cACompromise'
    ? 'ca-compromise'
    : reason.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
