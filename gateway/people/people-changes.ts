/** What was changed about people between two readings of their files: whose sessions have to end, and why. */

import type { InventoryEntry, OperatorEntry } from '../ports.ts'
import type { UserRecord } from './user-file.ts'

type Change = 'added' | 'removed' | 'locked' | 'unlocked' | 'rights' | 'password'

export interface PersonChange {
  readonly id: string
  readonly what: Change
}

interface Between<Content> {
  readonly former: Content
  readonly next: Content
}

export type Changed =
  | { readonly rows: Between<readonly InventoryEntry[]> }
  | { readonly users: Between<ReadonlyMap<string, UserRecord>> }

export function changesOf(changed: Changed): readonly PersonChange[] {
  return 'rows' in changed
    ? differences(peopleOf(changed.rows.former), peopleOf(changed.rows.next), rowChange)
    : // A hash of the same password at a higher cost is no change of the person.
      differences(changed.users.former, changed.users.next, (former, next) =>
        former?.setAtMs === next?.setAtMs ? undefined : 'password',
      )
}

function differences<Row>(
  former: ReadonlyMap<string, Row>,
  next: ReadonlyMap<string, Row>,
  changeOf: (former: Row | undefined, next: Row | undefined) => Change | undefined,
): readonly PersonChange[] {
  return [...new Set([...former.keys(), ...next.keys()])].flatMap((id) => {
    const what = changeOf(former.get(id), next.get(id))
    return what === undefined ? [] : [{ id, what }]
  })
}

function rowChange(former: OperatorEntry | undefined, next: OperatorEntry | undefined): Change | undefined {
  if (next === undefined) return 'removed'
  if (former === undefined) return 'added'
  if (former.locked !== next.locked) return next.locked === true ? 'locked' : 'unlocked'
  return isSameSet(former.duties, next.duties) && isSameSet(former.wards, next.wards) ? undefined : 'rights'
}

function peopleOf(rows: readonly InventoryEntry[]): ReadonlyMap<string, OperatorEntry> {
  return new Map(rows.flatMap((row) => (row.role === 'operator' ? [[row.id, row] as const] : [])))
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word) => b.includes(word))
}
