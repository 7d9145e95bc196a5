/** Judges of certificates that nobody here wrote: the command lines of openssl and gnutls. */

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'

import { describe } from '@jest/globals'

import { pemBlocks } from '../../certs/pem.ts'

export interface Verdict {
  readonly ok: boolean
  readonly output: string
}

export interface VerifyOptions {
  readonly purpose: 'sslclient' | 'sslserver'
  readonly more?: readonly string[]
}

/** The first certificate of the file against trust and lists of a state directory, as strictly as openssl can. */
export function opensslVerify(
  stateDir: string,
  path: string,
  { purpose, more = [] }: VerifyOptions,
): Verdict {
  const ca = join(stateDir, 'certs/ca.pem')
  const crl = join(stateDir, 'certs/crl.pem')
  const strict = ['-x509_strict', '-crl_check_all', '-purpose', purpose, '-CAfile', ca, '-CRLfile', crl]
  return run('openssl', ['verify', ...strict, ...more, path])
}

/** The chain of the file, completed with the root that ends it, as gnutls sees it. */
export function certtoolVerifyChain(stateDir: string, path: string): Verdict {
  const chain = pemBlocks(readFileSync(path, 'utf8')).map(({ pem }) => pem)
  const last = new X509Certificate(chain.at(-1) ?? '')
  const root = pemBlocks(readFileSync(join(stateDir, 'certs/ca.pem'), 'utf8')).find(({ pem }) => {
    const candidate = new X509Certificate(pem)
    return candidate.subject === candidate.issuer && last.checkIssued(candidate)
  })
  const infile = `${path}.chain`
  writeFileSync(infile, [...chain, root?.pem ?? ''].join(''))
  const verdict = run('certtool', ['--verify-chain', '--infile', infile])
  return { ...verdict, ok: verdict.ok && verdict.output.includes('Verified. The certificate is trusted.') }
}

/** The first certificate of the file against trust and lists of a state directory, as gnutls sees it. */
export function certtoolVerify(stateDir: string, path: string): Verdict {
  return run('certtool', [
    '--verify',
    '--load-ca-certificate',
    join(stateDir, 'certs/ca.pem'),
    '--load-crl',
    join(stateDir, 'certs/crl.pem'),
    '--infile',
    path,
  ])
}

export function run(command: string, options: readonly string[], input?: string): Verdict {
  const { status, stdout, stderr } = spawnSync(command, options, { encoding: 'utf8', input })
  return { ok: status === 0, output: stdout + stderr }
}

/** The suite, or a skipped one that says so, where a tool is missing. */
export function suiteFor(...commands: readonly string[]): typeof describe | typeof describe.skip {
  const missing = commands.filter((command) => spawnSync(command, ['--help']).error !== undefined)
  if (missing.length === 0) return describe
  process.stderr.write(`\n*** SKIPPED: no ${missing.join(', ')}; nothing it would prove is proved ***\n\n`)
  return describe.skip
}
