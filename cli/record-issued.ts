/** One identity, one inventory row: what `certs issue` writes beside the certificate. */

import { UsageError } from '../gateway/errors.ts'
import {
  changeInventory,
  inventoryOf,
  readInventory,
  withEntry,
} from '../gateway/inventory/inventory-file.ts'
import { DUTIES, isDuty } from '../gateway/people/duties.ts'
import { personOf } from '../gateway/people/may-do.ts'
import type { ClientRole, Duty, InventoryEntry, OperatorEntry } from '../gateway/ports.ts'

export interface Issued {
  readonly stateDir: string
  readonly role: ClientRole
  readonly id: string
  readonly wards: readonly string[]
  /** What the person is there for; none leaves the row of a known person as it is. */
  readonly duties?: readonly string[]
}

/** Records the identity; answers a hint for the operator where something is left to do. */
export function recordIssued(issued: Issued): string | undefined {
  const { stateDir, role, id } = issued
  if (role === 'device') {
    if (inventoryOf(readInventory(stateDir)).device(id) !== undefined) return undefined
    return `device '${id}' has no place yet and may not publish: run 'wardgate devices add ${id} --ward W --bed B --protocol P'`
  }
  changeInventory(stateDir, (entries) => withEntry(entries, entryOf(role, issued, entries)))
  return undefined
}

function entryOf(
  role: Exclude<ClientRole, 'device'>,
  { id, wards, duties = [] }: Issued,
  entries: readonly InventoryEntry[],
): InventoryEntry {
  if (role === 'consumer') return { role, id, wards }
  if (role !== 'operator') return { role, id }
  const known = personOf(id, inventoryOf(entries))
  return person({ id, wards, duties: duties.map(readDuty) }, known)
}

/** A new certificate gives a person no new right: only duties that were asked for change those of the row. */
function person(
  { id, wards, duties }: Omit<OperatorEntry, 'role'>,
  known: OperatorEntry | undefined,
): OperatorEntry {
  if (known === undefined)
    return { role: 'operator', id, duties: duties.length === 0 ? ['engineer'] : duties, wards }
  return duties.length === 0 ? known : { ...known, duties, wards }
}

function readDuty(text: string): Duty {
  if (isDuty(text)) return text
  throw new UsageError(`unknown duty '${text}'; known are ${DUTIES.join(', ')}`)
}
