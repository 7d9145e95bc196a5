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
  /** '/CN=a/CN=b'; absent: the last word of the identity URI, or 'odd'. */
  readonly subject?: string
  /** 'none' leaves the extension out; absent: what a leaf or a CA has. */
  readonly keyUsage?: string
  readonly pathLength?: number
  /** 'sha256', 'sha1', 'md5' (RSA only). */
  readonly digest?: string
  /** It begins a minute before; absent: now. */
  readonly nowMs?: number
  /** Absent: thirty for a leaf, four hundred for a CA. */
  readonly days?: number
  /** Further lines of openssl's configuration, such as 'nameConstraints=critical,permitted;URI:x.test'. */
  readonly extra?: readonly string[]
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

export function makeOddCertificate(request: OddRequest): OddCertificate {
  const directory = tempDir()
  const path = (name: string): string => join(directory.path, name)
  try {
    const [kind = 'ec', parameter = 'prime256v1'] = (request.key ?? 'ec:prime256v1').split(':')
    const option = kind === 'rsa' ? `rsa_keygen_bits:${parameter}` : `ec_paramgen_curve:${parameter}`
    const algorithm = kind === 'rsa' ? 'RSA' : 'EC'
    openssl('genpkey', '-algorithm', algorithm, '-pkeyopt', option, '-out', path('key'))
    writeFileSync(path('ext'), extensionsOf(request).join('\n'))
    writeFileSync(path('conf'), configuration(directory.path))
    writeFileSync(path('db'), '')
    const id = request.altName?.split(',')[0]?.split('/').at(-1) ?? 'odd'
    const subject = request.subject ?? `/CN=${id}`
    openssl('req', '-new', '-key', path('key'), '-subj', subject, '-out', path('csr'))
    if (request.issuer !== undefined) {
      writeFileSync(path('ca.pem'), request.issuer.cert)
      writeFileSync(path('ca.key'), request.issuer.key, { mode: 0o600 })
    }
    const nowMs = request.nowMs ?? Date.now()
    const days = request.days ?? (request.isCa === true ? 400 : 30)
    const files = ['-config', path('conf'), '-in', path('csr'), '-out', path('cert')]
    const dates = ['-startdate', dateOf(nowMs - MINUTE_MS), '-enddate', dateOf(nowMs + days * DAY_MS)]
    const content = ['-extfile', path('ext'), '-extensions', 'x', '-md', request.digest ?? 'sha256']
    const signer =
      request.issuer === undefined
        ? ['-selfsign', '-keyfile', path('key')]
        : ['-cert', path('ca.pem'), '-keyfile', path('ca.key')]
    openssl('ca', '-batch', '-notext', '-preserveDN', ...files, ...dates, ...content, ...signer)
    const cert = readFileSync(path('cert'), 'utf8') + (request.issuer?.cert ?? '')
    return { key: readFileSync(path('key'), 'utf8'), cert }
  } finally {
    directory.remove()
  }
}

function extensionsOf(request: OddRequest): readonly string[] {
  const isCa = request.isCa === true
  const pathLength = request.pathLength === undefined ? '' : `,pathlen:${request.pathLength}`
  const keyUsage = request.keyUsage ?? `critical,${isCa ? 'keyCertSign,cRLSign' : 'digitalSignature'}`
  return [
    '[x]',
    `basicConstraints=critical,CA:${isCa ? 'TRUE' : 'FALSE'}${pathLength}`,
    'subjectKeyIdentifier=hash',
    ...(request.issuer === undefined ? [] : ['authorityKeyIdentifier=keyid']),
    ...(keyUsage === 'none' ? [] : [`keyUsage=${keyUsage}`]),
    ...(request.extendedKeyUsage === undefined ? [] : [`extendedKeyUsage=${request.extendedKeyUsage}`]),
    ...(request.altName === undefined ? [] : [`subjectAltName=${request.altName}`]),
    ...(request.extra ?? []),
    ...(request.dnsName === undefined
      ? []
      : ['subjectAltName=@names', '[names]', `DNS.1=${request.dnsName}`]),
  ]
}

/** `openssl ca` alone can date a certificate; it wants to know where its books are. */
function configuration(directory: string): string {
  return `[ca]
default_ca=odd
[odd]
policy=any
unique_subject=no
email_in_dn=no
rand_serial=yes
database=${join(directory, 'db')}
new_certs_dir=${directory}
[any]
commonName=optional
organizationName=optional
`
}

/** YYYYMMDDHHMMSSZ */
function dateOf(atMs: number): string {
  return `${new Date(atMs).toISOString().replaceAll(/[-:T]|\.\d+Z$/g, '')}Z`
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
