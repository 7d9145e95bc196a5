/** Rows of people, and a hasher that counts instead of costing. */

import type { PasswordHash, PasswordHasher, ScryptCost } from '../../gateway/people/password-hash.ts'
import type { Duty, Identity, Inventory, InventoryEntry, OperatorEntry } from '../../gateway/ports.ts'

export function personRow(id: string, duties: readonly Duty[], wards: readonly string[] = []): OperatorEntry {
  return { role: 'operator', id, duties, wards }
}

export function inventoryWith(...rows: readonly InventoryEntry[]): Inventory {
  const devices = rows.filter((row) => row.role === 'device')
  return {
    find: (role, id) => rows.find((row) => row.role === role && row.id === id),
    device: (id) => devices.find((row) => row.id === id),
    devices: () => devices,
  }
}

export function identityOf(id: string, role: Identity['role'] = 'operator'): Identity {
  return { role, id, fingerprint: 'f', notAfterMs: 0 }
}

const COST: ScryptCost = { N: 2 ** 14, r: 8, p: 1 }

/** Keeps the password itself, so never outside a test; `calls` names the costs that would have been paid. */
export class CountingHasher implements PasswordHasher {
  readonly calls: ScryptCost[] = []
  cost = COST
  /** Awaited in each call, so that a test can do something meanwhile. */
  meanwhile: () => Promise<void> | void = () => undefined

  async hash(password: string): Promise<PasswordHash> {
    await this.#pay(this.cost)
    return { kind: 'scrypt', ...this.cost, salt: 'c2FsdHNhbHRzYWx0c2FsdA==', hash: encoded(password) }
  }

  async matches(password: string, { hash, N, r, p }: PasswordHash): Promise<boolean> {
    await this.#pay({ N, r, p })
    return hash === encoded(password)
  }

  async decoy(_password: string, { N, r, p }: ScryptCost): Promise<false> {
    await this.#pay({ N, r, p })
    return false
  }

  isOutdated({ N }: PasswordHash): boolean {
    return N < this.cost.N
  }

  async #pay(cost: ScryptCost): Promise<void> {
    this.calls.push(cost)
    await this.meanwhile()
  }
}

function encoded(password: string): string {
  return Buffer.from(password.padEnd(32)).toString('base64').slice(0, 128)
}
