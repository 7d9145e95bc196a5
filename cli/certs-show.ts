/** `wardgate certs show`: all certificates of one identity or of one kind of authority, in full. */

import { Command } from 'commander'
import { openStore, type CertificateRow } from '../certs/store.ts'
import { systemClock } from '../gateway/clock.ts'
import { UsageError } from '../gateway/errors.ts'
import { print } from './certs-options.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'

interface ShowOptions {
  readonly state: string
  readonly json?: boolean
}

export function showCommand(): Command {
  return new Command('show')
    .description('the certificates of one identity, or of the authorities of one kind')
    .argument('<role>', 'role, root-ca or issuing-ca')
    .argument('[id]', 'id; not for authorities')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option('--json', 'print one JSON array')
    .action((role: string, id: string | undefined, options: ShowOptions) => {
      const rows = openStore(options.state)
        .list(systemClock.nowMs())
        .filter((row) => row.role === role && (row.id === id || (id === undefined && row.id === role)))
      if (rows.length === 0)
        throw new UsageError(
          `no certificate of ${role} '${id ?? ''}' was ever issued here; 'wardgate certs list' shows all`,
        )
      print(options.json, rows, rows.map(described).join('\n\n'))
    })
}

function described(row: CertificateRow): string {
  const { role, id, status, notBefore, notAfter, serial, fingerprint, issuer, revocation } = row
  const lines = {
    [role]: id,
    status:
      revocation === undefined
        ? status
        : `revoked ${new Date(revocation.atMs).toISOString()}: ${revocation.reason}`,
    'not before': notBefore,
    'not after': notAfter,
    serial,
    'issued by': issuer ?? 'unknown',
    'SHA-256': fingerprint,
  }
  return Object.entries(lines)
    .map(([name, value]) => `${name.padEnd(12)} ${value}`)
    .join('\n')
}
