/** Every kind of certificate that must not be let in, and the word with which each is refused. */

import { X509Certificate } from 'node:crypto'
import { initStore, type CertificateStore } from '../../certs/store.ts'
import type { TlsMaterial } from '../../gateway/broker/tls-options.ts'
import { makeOddCertificate, type OddCertificate, type OddRequest } from './odd-certificate.ts'
import { tempDir } from './temp-dir.ts'

interface BadCertificate {
  readonly name: string
  readonly reason: string
  /** Where TLS 1.2 ends the handshake by itself, before it can be said whose certificate it was. */
  readonly reasonOfTls12?: string
  readonly credentials: OddCertificate
}

export interface BadCertificates {
  readonly all: readonly BadCertificate[]
  /** Of the gateway; with lists of revoked certificates. */
  readonly material: TlsMaterial
  /** Also trusts a CA with an RSA key, and one that is bound to names; without lists, which those do not have. */
  readonly wider: TlsMaterial
  /** Rows that can only be tried where the wider material is in use. */
  readonly needsWider: ReadonlySet<string>
}

interface Makings {
  readonly site: string
  readonly store: CertificateStore
  readonly issuing: OddCertificate
  /** When all of this is made. */
  readonly nowMs: number
}

const DAY_MS = 86_400_000

export function makeBadCertificates({ site, store, issuing, nowMs }: Makings): BadCertificates {
  const uri = (role: string, id: string, of = site): string => `URI:spiffe://${of}/${role}/${id}`
  const good: OddRequest = {
    altName: uri('device', 'mon-1'),
    extendedKeyUsage: 'clientAuth',
    issuer: issuing,
    nowMs,
  }
  const odd = (change: OddRequest): OddCertificate => makeOddCertificate({ ...good, ...change })
  const authority = (request: OddRequest): OddCertificate =>
    makeOddCertificate({ isCa: true, nowMs, ...request })
  const { issuer: _ours, ...orphan } = good

  const root = authority({ subject: '/CN=odd root' })
  const rsa = authority({ subject: '/CN=odd rsa', key: 'rsa:2048', issuer: root, pathLength: 0 })
  const bound = authority({
    subject: '/CN=odd bound',
    issuer: root,
    extra: ['nameConstraints=critical,permitted;URI:elsewhere.test'],
  })
  const sub = authority({ subject: '/CN=odd sub', issuer: issuing })
  const leaf = odd({})

  const rows: readonly (readonly [name: string, reason: string, credentials: OddCertificate])[] = [
    ['expired', 'expired', stored(store, 'consumer', { nowMs: nowMs - 8 * DAY_MS, days: 1 })],
    ['not yet valid', 'not-yet-valid', stored(store, 'consumer', { nowMs: nowMs + 30 * DAY_MS })],
    ['of another authority with our names', 'other-authority', ofAnotherStore(site, nowMs)],
    ['self-signed', 'self-signed', makeOddCertificate(orphan)],
    ['forged in the name of our authority', 'false-signature', odd({ issuer: forgerOf(issuing, nowMs) })],
    ['revoked', 'revoked', revoked(store, nowMs)],
    ['for servers only', 'for-servers-only', odd({ extendedKeyUsage: 'serverAuth' })],
    ['the certificate of our own server', 'for-servers-only', ofServer(store)],
    [
      'without a purpose',
      'no-purpose',
      makeOddCertificate({ altName: uri('device', 'mon-1'), issuer: issuing, nowMs }),
    ],
    ['for any purpose', 'any-key-usage', odd({ extendedKeyUsage: 'anyExtendedKeyUsage' })],
    [
      'for clients and any purpose',
      'any-key-usage',
      odd({ extendedKeyUsage: 'clientAuth,anyExtendedKeyUsage' }),
    ],
    ['for signing code', 'not-for-clients', odd({ extendedKeyUsage: 'codeSigning' })],
    ['of another site', 'other-site', odd({ altName: uri('device', 'mon-1', 'elsewhere.test') })],
    [
      'with two identities',
      'several-uris',
      odd({ altName: `${uri('device', 'mon-1')},${uri('device', 'mon-2')}` }),
    ],
    ['without an identity', 'no-identity-uri', odd({ altName: 'DNS:mon-1', subject: '/CN=mon-1' })],
    ['with the role of a server', 'not-a-client-role', odd({ altName: uri('server', 'server') })],
    ['whose name says another identity', 'common-name-differs', odd({ subject: '/CN=mon-2' })],
    ['with two names', 'several-common-names', odd({ subject: '/CN=mon-1/CN=mon-2' })],
    ['with RSA of 1024 bits', 'weak-key', odd({ key: 'rsa:1024' })],
    ['signed with SHA-1', 'sha1-signature', odd({ digest: 'sha1' })],
    ['signed with MD5', 'md5-signature', odd({ digest: 'md5', issuer: rsa })],
    ['of a CA below ours', 'sub-authority', odd({ issuer: sub })],
    ['issued by a device', 'issued-by-a-leaf', odd({ issuer: leaf })],
    ['of a CA bound to other names', 'name-constraints', odd({ issuer: bound })],
    [
      'with an identity cut short',
      'malformed',
      odd({ altName: `DER:30208600${'61'.repeat(4)}`, subject: '/CN=mon-1' }),
    ],
    ['whose key may not sign', 'no-digital-signature', odd({ keyUsage: 'critical,keyEncipherment' })],
    ['without a key usage', 'no-digital-signature', odd({ keyUsage: 'none' })],
    ['of a CA', 'is-a-ca', authority({ ...good })],
    [
      'with a critical extension nobody knows',
      'unknown-critical-extension',
      odd({ extra: ['1.2.3.4=critical,ASN1:NULL'] }),
    ],
  ]
  const { key, cert, ca, crl } = store.serverMaterial()
  return {
    all: rows.map(([name, reason, credentials]) => ({
      name,
      reason,
      credentials,
      ...(reason === 'malformed' ? { reasonOfTls12: 'ERR_SSL_INVALID_CERTIFICATE' } : {}),
    })),
    material: { key, cert, ca, crl },
    wider: { key, cert, ca: [ca, root.cert, own(rsa), own(bound)].join('') },
    needsWider: new Set(['signed with MD5', 'of a CA bound to other names']),
  }
}

/** The certificate without those above it. */
function own({ cert }: OddCertificate): string {
  return cert.slice(0, cert.indexOf('-----END CERTIFICATE-----') + '-----END CERTIFICATE-----\n'.length)
}

let lastNumber = 0

function stored(
  store: CertificateStore,
  role: 'consumer',
  when: { readonly nowMs: number; readonly days?: number },
): OddCertificate {
  lastNumber += 1
  store.issue({ role, id: `odd-${lastNumber}`, ...when })
  return store.clientMaterial(role, `odd-${lastNumber}`)
}

function revoked(store: CertificateStore, nowMs: number): OddCertificate {
  const made = store.issue({ role: 'uplink', id: 'stolen', nowMs })
  store.revoke(made.serial, 'keyCompromise', nowMs)
  return store.clientMaterial('uplink', 'stolen')
}

/** A CA with the very name of ours, and a key of its own. */
function forgerOf(issuing: OddCertificate, nowMs: number): OddCertificate {
  const lines = new X509Certificate(issuing.cert).subject.split('\n')
  return makeOddCertificate({ isCa: true, subject: `/${lines.join('/')}`, nowMs })
}

function ofServer(store: CertificateStore): OddCertificate {
  const { key, cert } = store.serverMaterial()
  return { key, cert }
}

function ofAnotherStore(site: string, nowMs: number): OddCertificate {
  const state = tempDir()
  try {
    const store = initStore({ stateDir: state.path, site, serverNames: ['localhost'], nowMs })
    store.issue({ role: 'device', id: 'mon-1', nowMs })
    return store.clientMaterial('device', 'mon-1')
  } finally {
    state.remove()
  }
}
