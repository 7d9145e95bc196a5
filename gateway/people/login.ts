/** A login with a password: decided by what is known of account and address, answered with as little as possible. */

import type { Clock } from '../clock.ts'
import { isId } from '../contract/topics.ts'
import { errorMessage } from '../errors.ts'
import type { EventSink, Identity, OperatorEntry } from '../ports.ts'
import type { LoginFile } from './login-file.ts'
import { sourceOf, type LoginAttempt, type LoginRecord } from './login-record.ts'
import { PRESENT_COST, type PasswordHash, type PasswordHasher, type ScryptCost } from './password-hash.ts'
import type { Turnstile } from './turnstile.ts'
import type { UserRecord } from './user-file.ts'

type RefusalReason = 'unknown-user' | 'wrong-password' | 'no-password' | 'locked' | 'changed-meanwhile'

type LoginAnswer =
  /** The token goes to the person and is kept nowhere. */
  | { readonly kind: 'accepted'; readonly token: string; readonly identity: Identity }
  | { readonly kind: 'refused' }
  | { readonly kind: 'delayed'; readonly waitMs: number }
  /** Too many others are being checked; nothing was decided or counted. */
  | { readonly kind: 'busy' }

/** The people as they are now. */
export interface Directory {
  person(id: string): OperatorEntry | undefined
  user(id: string): UserRecord | undefined
  /** Costs of the hashes in use. */
  costs(): readonly ScryptCost[]
  /** Keeps a hash of the same password at today's cost. */
  rehashed(id: string, former: PasswordHash, hash: PasswordHash): void
}

export interface LoginOptions {
  readonly directory: Directory
  readonly hasher: PasswordHasher
  readonly record: LoginRecord
  readonly file: LoginFile
  readonly turnstile: Turnstile
  readonly startSession: (id: string) => { readonly token: string; readonly identity: Identity }
  readonly clock: Clock
  readonly events: EventSink
}

interface Credentials {
  readonly id: string
  readonly password: string
  /** 'address:port' */
  readonly address: string
}

export type Login = (credentials: Credentials) => Promise<LoginAnswer>

export function createLogin(options: LoginOptions): Login {
  return async (credentials) => {
    const delayed = delayOf(credentials, options)
    if (delayed !== undefined) return delayed
    const { record, directory, turnstile } = options
    const asked = attemptOf(credentials, directory)
    const entrant = { source: asked.source, isExpected: record.isFamiliar(asked) }
    // Asked again in its turn: what came before it in the line may have failed.
    const answer = await turnstile.pass(
      entrant,
      async () => delayOf(credentials, options) ?? (await attempt(credentials, options)),
    )
    if (answer !== 'busy') return answer
    options.events.emit('security', 'login-refused', { ...shown(credentials), reason: 'busy' })
    return { kind: 'busy' }
  }
}

function delayOf(
  credentials: Credentials,
  { directory, record, clock, events }: LoginOptions,
): LoginAnswer | undefined {
  const waitMs = record.waitMs(attemptOf(credentials, directory), clock.nowMs())
  if (waitMs === 0) return undefined
  events.emit('security', 'login-refused', { ...shown(credentials), reason: 'delayed', waitMs })
  return { kind: 'delayed', waitMs }
}

async function attempt(credentials: Credentials, options: LoginOptions): Promise<LoginAnswer> {
  const { directory, record, clock, events } = options
  const counted = attemptOf(credentials, directory)
  const user = directory.user(credentials.id)
  // Failed until it has succeeded: an answer that never comes, or a crash, is no free attempt.
  const counting = record.begun(counted, clock.nowMs())
  const [isRight] = await Promise.all([isRightPassword(credentials, user, options), save(options)])
  const reason = whyRefused(credentials.id, user, isRight, directory)
  if (reason !== undefined) {
    events.emit('security', 'login-refused', { ...shown(credentials), reason })
    return { kind: 'refused' }
  }
  // Nothing is awaited between the last look and the session, so a person who is locked meanwhile has no session left.
  const session = options.startSession(credentials.id)
  events.emit('security', 'logged-in', shown(credentials))
  counting.succeeded()
  await Promise.all([save(options), rehash(credentials, user, options)])
  return { kind: 'accepted', ...session }
}

/** Whoever is asked for, one scrypt is run, so that neither the time nor the answer says who exists. */
async function isRightPassword(
  { id, password }: Credentials,
  user: UserRecord | undefined,
  { directory, hasher }: LoginOptions,
): Promise<boolean> {
  return user === undefined
    ? hasher.decoy(password, decoyCost(id, directory.costs()))
    : hasher.matches(password, user.password)
}

/** Asked after the work: the person may have been locked, removed or given another password in the meantime. */
function whyRefused(
  id: string,
  user: UserRecord | undefined,
  isRight: boolean,
  directory: Directory,
): RefusalReason | undefined {
  const person = directory.person(id)
  if (person === undefined) return 'unknown-user'
  if (user === undefined) return 'no-password'
  if (!isRight) return 'wrong-password'
  if (person.locked === true) return 'locked'
  return directory.user(id)?.setAtMs === user.setAtMs ? undefined : 'changed-meanwhile'
}

async function rehash(
  { id, password }: Credentials,
  user: UserRecord | undefined,
  { directory, hasher, events }: LoginOptions,
): Promise<void> {
  if (user === undefined || !hasher.isOutdated(user.password)) return
  try {
    directory.rehashed(id, user.password, await hasher.hash(password))
  } catch (error) {
    // The former hash is as good as it was; the next login tries again.
    events.emit('technical', 'password-not-rehashed', { id, reason: errorMessage(error) })
  }
}

/** A name that has no password costs what one of the others costs, and the same each time. */
function decoyCost(id: string, costs: readonly ScryptCost[]): ScryptCost {
  const sum = Buffer.from(id).reduce((total, byte) => (total * 31 + byte) % 65_521, 7)
  return costs[sum % Math.max(1, costs.length)] ?? PRESENT_COST
}

async function save({ file, record, events }: LoginOptions): Promise<void> {
  try {
    await file.save(() => record.rows())
  } catch (error) {
    // The failure is counted in memory all the same; a full disk keeps nobody from a patient.
    events.emit('technical', 'logins-not-stored', { reason: errorMessage(error) })
  }
}

function attemptOf({ id, address }: Credentials, directory: Directory): LoginAttempt {
  const delaysEndedAtMs = directory.user(id)?.delaysEndedAtMs ?? 0
  // Whatever cannot be a name shares one row: nothing that was typed into the wrong field is kept.
  return { id: isId(id) ? id : NO_ID, source: sourceOf(address), delaysEndedAtMs }
}

const NO_ID = '(not a name)'

function shown({ id, address }: Credentials): { readonly id: string; readonly address: string } {
  return { id: isId(id) ? id : NO_ID, address }
}
