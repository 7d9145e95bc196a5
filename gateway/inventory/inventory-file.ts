/** The inventory on disk: `<state>/inventory.json`, mode 0600, replaced as a whole so that it is never half-written. */

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { ConfigError, errorCode, errorMessage, StorageError } from '../errors.ts'
import type { ClientRole, DeviceEntry, Inventory, InventoryEntry, OperatorEntry } from '../ports.ts'
import { withFileLock } from './file-lock.ts'
import { INVENTORY_SCHEMA } from './inventory.schema.ts'

type OperatorRow = Pick<OperatorEntry, 'role' | 'id'> & Partial<OperatorEntry>

interface InventoryDocument {
  readonly v: 1
  readonly entries: readonly (Exclude<InventoryEntry, OperatorEntry> | OperatorRow)[]
}

const validate = new Ajv2020({ discriminator: true, strict: true }).compile<InventoryDocument>(
  INVENTORY_SCHEMA,
)

export function inventoryPath(stateDir: string): string {
  return join(stateDir, 'inventory.json')
}

/** The rows of the state directory's inventory; none when the file does not exist. */
export function readInventory(stateDir: string): readonly InventoryEntry[] {
  const path = inventoryPath(stateDir)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw new StorageError(`cannot read the inventory ${path}: ${errorMessage(error)}`, { path }, error)
  }
  const entries = parse(text, path).entries.map(complete)
  const twice = entries.find((entry, index) => entries.findIndex((other) => isSame(other, entry)) !== index)
  if (twice !== undefined)
    throw new ConfigError(
      `${path}: ${twice.role} '${twice.id}' has two rows; one identity has one row, delete one`,
      { path },
    )
  return entries
}

/** Replaces the inventory; a crash leaves the old one or the new one. */
export function writeInventory(stateDir: string, entries: readonly InventoryEntry[]): void {
  const path = inventoryPath(stateDir)
  const fresh = `${path}.${process.pid}.new`
  const document: InventoryDocument = { v: 1, entries }
  try {
    const descriptor = openSync(fresh, 'wx', 0o600)
    try {
      writeFileSync(descriptor, `${JSON.stringify(document, undefined, 2)}\n`)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(fresh, path)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw new StorageError(
      `cannot write the inventory ${path}: ${errorMessage(error)}; nothing was changed`,
      { path },
      error,
    )
  }
}

/** Reads, changes and writes the rows while no other process of ours does; answers the new rows. */
export function changeInventory(
  stateDir: string,
  change: (entries: readonly InventoryEntry[]) => readonly InventoryEntry[],
): readonly InventoryEntry[] {
  const path = inventoryPath(stateDir)
  return withFileLock(`${path}.lock`, 'the inventory', () => {
    const entries = change(readInventory(stateDir))
    writeInventory(stateDir, entries)
    return entries
  })
}

/** Rows as the rules ask for them. */
export function inventoryOf(entries: readonly InventoryEntry[]): Inventory {
  const byIdentity = new Map(entries.map((entry) => [`${entry.role}/${entry.id}`, entry]))
  const devices = entries.filter((entry): entry is DeviceEntry => entry.role === 'device')
  const find = (role: ClientRole, id: string): InventoryEntry | undefined => byIdentity.get(`${role}/${id}`)
  return {
    find,
    device: (id) => devices.find((entry) => entry.id === id),
    devices: () => devices,
  }
}

/** The rows with `entry` added, or in the place of the row of the same identity. */
export function withEntry(
  entries: readonly InventoryEntry[],
  entry: InventoryEntry,
): readonly InventoryEntry[] {
  return [...entries.filter((other) => !isSame(other, entry)), entry]
}

// A row from before there were duties names none, and so allows nothing.
function complete(row: InventoryDocument['entries'][number]): InventoryEntry {
  return row.role === 'operator' ? { ...row, duties: row.duties ?? [], wards: row.wards ?? [] } : row
}

function isSame(a: InventoryEntry, b: InventoryEntry): boolean {
  return a.role === b.role && a.id === b.id
}

function parse(text: string, path: string): InventoryDocument {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw new ConfigError(
      `${path} is not JSON: ${errorMessage(error)}; restore it from a backup`,
      { path },
      error,
    )
  }
  if (validate(parsed)) return parsed
  const fault = validate.errors?.[0]
  throw new ConfigError(`${path}${fault?.instancePath ?? ''}: ${fault?.message ?? 'is not an inventory'}`, {
    path,
  })
}
