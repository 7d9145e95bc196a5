import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { initStore, type CertificateStore } from '../../certs/store.ts'
import { writeInventory } from '../../gateway/inventory/inventory-file.ts'
import type { InventoryEntry } from '../../gateway/ports.ts'

/** A state directory as `certs init`, `certs issue` and `devices add` would leave it, and a configuration beside it. */
export interface WardFiles {
  readonly stateDir: string
  readonly configFile: string
  readonly store: CertificateStore
}

interface WardOptions {
  /** Keys of the configuration beside those that every ward here has. */
  readonly config?: object
  /** When the certificates were made. */
  readonly nowMs?: number
  /** Validity by identity, where it is not the usual one. */
  readonly daysOf?: Readonly<Record<string, number>>
}

export function makeWardFiles(
  dir: string,
  entries: readonly InventoryEntry[],
  { config = {}, nowMs = Date.now(), daysOf = {} }: WardOptions = {},
): WardFiles {
  const stateDir = join(dir, 'state')
  const store = initStore({ stateDir, site: 'wardgate', serverNames: ['localhost', '127.0.0.1'], nowMs })
  for (const { role, id } of entries) store.issue({ role, id, days: daysOf[id], nowMs })
  writeInventory(stateDir, entries)
  const configFile = join(dir, 'wardgate.yaml')
  const whole = {
    gateway: 'gw-1',
    state: './state',
    broker: { listen: [{ host: '127.0.0.1', port: 0 }] },
    ...config,
  }
  writeFileSync(configFile, stringify(whole))
  return { stateDir, configFile, store }
}
