/** One identity, one inventory row: what `certs issue` writes beside the certificate. */

import { inventoryOf, readInventory, withEntry, writeInventory } from '../gateway/inventory/inventory-file.ts'
import type { ClientRole, InventoryEntry } from '../gateway/ports.ts'

export interface Issued {
  readonly stateDir: string
  readonly role: ClientRole
  readonly id: string
  readonly wards: readonly string[]
}

/** Records the identity; answers a hint for the operator where something is left to do. */
export function recordIssued({ stateDir, role, id, wards }: Issued): string | undefined {
  const entries = readInventory(stateDir)
  if (role === 'device') {
    if (inventoryOf(entries).device(id) !== undefined) return undefined
    return `device '${id}' has no place yet and may not publish: run 'wardgate devices add ${id} --ward W --bed B --protocol P'`
  }
  const entry: InventoryEntry = role === 'consumer' ? { role, id, wards } : { role, id }
  writeInventory(stateDir, withEntry(entries, entry))
  return undefined
}
