/** `wardgate certs list`: everything that was ever issued here. */

import { Command } from 'commander'
import { openStore, type CertificateRow } from '../certs/store.ts'
import { systemClock } from '../gateway/clock.ts'
import { printTable } from './print-table.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'

interface ListOptions {
  readonly state: string
  readonly json?: boolean
}

export function listCommand(): Command {
  return new Command('list')
    .description('every certificate with its state, authorities first')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option('--json', 'print one JSON array')
    .action(list)
}

function list({ state, json }: ListOptions): void {
  const store = openStore(state)
  const current = new Set(
    store
      .authorities()
      .filter(({ isCurrent }) => isCurrent)
      .map(({ certificate }) => certificate.serialNumber),
  )
  const rows = store.list(systemClock.nowMs())
  if (json === true) {
    process.stdout.write(`${JSON.stringify(rows.map((row) => withCurrency(row, current)))}\n`)
    return
  }
  const ordered = [...rows.filter(isAuthority), ...rows.filter((row) => !isAuthority(row))]
  printTable(
    ['ROLE', 'ID', 'STATUS', 'NOT AFTER', 'SERIAL'],
    ordered.map((row) => [row.role, row.id, statusText(row, current), row.notAfter, row.serial]),
  )
}

function isAuthority({ role }: CertificateRow): boolean {
  return role === 'root-ca' || role === 'issuing-ca'
}

function withCurrency(row: CertificateRow, current: ReadonlySet<string>) {
  return isAuthority(row) ? { ...row, isCurrent: current.has(row.serial) } : row
}

function statusText(row: CertificateRow, current: ReadonlySet<string>): string {
  return isAuthority(row) && row.status === 'valid' && !current.has(row.serial) ? 'replaced' : row.status
}
