/** Certificates that the product's own store would never issue, made with the openssl command. */

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from './temp-dir.ts'

export interface OddCertificate {
  readonly key: string
  readonly cert: string
}

export interface OddRequest {
  /** 'ec:prime256v1', 'ec:secp256k1', 'rsa:1024' */
  readonly key?: string
  /** 'URI:spiffe://...'; absent leaves the extension out. */
  readonly altName?: string
  /** A DNS name, letter for letter, also with commas in it. */
  readonly dnsName?: string
  /** Absent leaves the extension out. */
  readonly extendedKeyUsage?: string
  readonly isCa?: boolean
  /** Absent makes it self-signed. */
  readonly issuer?: OddCertificate
}

export function makeOddCertificate(request: OddRequest): OddCertificate {
  const directory = tempDir()
  const path = (name: string): string => join(directory.path, name)
  try {
    const [kind = 'ec', parameter = 'prime256v1'] = (request.key ?? 'ec:prime256v1').split(':')
    const option = kind === 'rsa' ? `rsa_keygen_bits:${parameter}` : `ec_paramgen_curve:${parameter}`
    const algorithm = kind === 'rsa' ? 'RSA' : 'EC'
    openssl('genpkey', '-algorithm', algorithm, '-pkeyopt', option, '-out', path('key'))
    const extensions = [
      '[x]',
      `basicConstraints=critical,CA:${request.isCa === true ? 'TRUE' : 'FALSE'}`,
      ...(request.extendedKeyUsage === undefined ? [] : [`extendedKeyUsage=${request.extendedKeyUsage}`]),
      ...(request.altName === undefined ? [] : [`subjectAltName=${request.altName}`]),
      ...(request.dnsName === undefined
        ? []
        : ['subjectAltName=@names', '[names]', `DNS.1=${request.dnsName}`]),
    ]
    writeFileSync(path('ext'), extensions.join('\n'))
    openssl('req', '-new', '-key', path('key'), '-subj', '/CN=odd', '-out', path('csr'))
    const signer = ['-in', path('csr'), '-extfile', path('ext'), '-extensions', 'x', '-days', '30']
    if (request.issuer === undefined) {
      openssl('x509', '-req', ...signer, '-signkey', path('key'), '-out', path('cert'))
    } else {
      writeFileSync(path('ca.pem'), request.issuer.cert)
      writeFileSync(path('ca.key'), request.issuer.key, { mode: 0o600 })
      const issuer = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial']
      openssl('x509', '-req', ...signer, ...issuer, '-out', path('cert'))
    }
    const cert = readFileSync(path('cert'), 'utf8') + (request.issuer?.cert ?? '')
    return { key: readFileSync(path('key'), 'utf8'), cert }
  } finally {
    directory.remove()
  }
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
