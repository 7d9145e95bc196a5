/** What the certificate commands read from their command lines in the same way. */

import { LEAF_ROLES, PROFILES, type LeafRole } from '../certs/profile.ts'
import { isLeafRole } from '../certs/identity-uri.ts'
import { isId } from '../gateway/contract/topics.ts'
import { UsageError } from '../gateway/errors.ts'

export function leafRole(text: string): LeafRole {
  if (isLeafRole(text)) return text
  throw new UsageError(`unknown role '${text}'; known are ${LEAF_ROLES.join(', ')}`)
}

export function refuseBadId(id: string): void {
  if (!isId(id)) throw new UsageError(`id '${id}' is not an id: use 1 to 32 of a-z, 0-9 and '-'`)
}

export function wholeDays(role: LeafRole, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const { longestDays } = PROFILES[role]
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (days >= 1 && days <= longestDays) return days
  throw new UsageError(`--days ${text}: a ${role} certificate lasts 1 to ${longestDays} whole days`)
}

/** For a repeatable option. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value]
}

/** An option that names a file or directory and was given an empty name. */
export function refuseEmpty(option: string, value: string | undefined): void {
  if (value === '') throw new UsageError(`${option} needs a path`)
}

export function dayOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10)
}

export function print(isJson: boolean | undefined, value: unknown, text: string): void {
  process.stdout.write(isJson === true ? `${JSON.stringify(value)}\n` : `${text}\n`)
}
