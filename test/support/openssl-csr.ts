/** Certificate requests made by the openssl command: by an implementation nobody here wrote. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from './temp-dir.ts'

export type CsrKey =
  | 'ec:P-256'
  | 'ec:P-256:explicit'
  | 'ec:P-384'
  | 'ec:secp256k1'
  | 'rsa:1024'
  | 'rsa:2048'
  | 'rsa:3072'
  | 'ed25519'

export interface OpensslCsr {
  readonly der: Buffer
  readonly keyPem: string
}

/** `more` is handed to `openssl req`: '-addext', '-sigopt', '-sha384', ... */
export function opensslCsr(key: CsrKey, subject = '/CN=mon-12', more: readonly string[] = []): OpensslCsr {
  const directory = tempDir()
  const keyPath = join(directory.path, 'key.pem')
  const csrPath = join(directory.path, 'csr.der')
  try {
    const [kind, parameter = '', encoding = 'named_curve'] = key.split(':')
    const options: Readonly<Record<string, readonly string[]>> = {
      ec: [
        '-algorithm',
        'EC',
        '-pkeyopt',
        `ec_paramgen_curve:${parameter}`,
        '-pkeyopt',
        `ec_param_enc:${encoding}`,
      ],
      rsa: ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${parameter}`],
      ed25519: ['-algorithm', 'ED25519'],
    }
    openssl('genpkey', ...(options[kind ?? ''] ?? []), '-out', keyPath)
    openssl('req', '-new', '-key', keyPath, '-subj', subject, '-outform', 'DER', '-out', csrPath, ...more)
    return { der: readFileSync(csrPath), keyPem: readFileSync(keyPath, 'utf8') }
  } finally {
    directory.remove()
  }
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
