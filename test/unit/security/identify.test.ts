import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { createIdentify, type Identification } from '../../../gateway/security/identify.ts'
import { makeOddCertificate, type OddCertificate, type OddRequest } from '../../support/odd-certificate.ts'

const SITE = 'ward.test'
const uri = (role: string, id: string, site = SITE): string => `URI:spiffe://${site}/${role}/${id}`
const CLIENT = 'clientAuth'
const GOOD: OddRequest = { altName: uri('device', 'mon-1'), extendedKeyUsage: CLIENT }

let issuer: OddCertificate
let other: OddCertificate
beforeAll(() => {
  issuer = makeOddCertificate({ isCa: true, key: 'rsa:2048', subject: '/CN=issuing' })
  other = makeOddCertificate({ isCa: true, subject: '/CN=elsewhere' })
})
const certificate = (request: OddRequest): X509Certificate =>
  new X509Certificate(makeOddCertificate({ issuer, ...request }).cert)
const identify = (
  subject: X509Certificate,
  change: { nowMs?: number; issuers?: readonly OddCertificate[]; revoked?: readonly string[] } = {},
): Identification =>
  createIdentify({
    site: SITE,
    time: { nowMs: () => change.nowMs ?? Date.now() },
    issuers: () => (change.issuers ?? [issuer]).map(({ cert }) => new X509Certificate(cert)),
    isRevoked: (fingerprint) => (change.revoked ?? []).includes(fingerprint),
  })(subject)
const reasonOf = (found: Identification): string => (found.kind === 'refused' ? found.reason : found.kind)
const DAY_MS = 86_400_000

describe('a certificate', () => {
  it('names role and id, its fingerprint in hexadecimal and its end', () => {
    const good = certificate(GOOD)
    expect(identify(good)).toEqual({
      kind: 'identified',
      identity: {
        role: 'device',
        id: 'mon-1',
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        issuerFingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        notBeforeMs: Date.parse(good.validFrom),
        notAfterMs: Date.parse(good.validTo),
      },
      issuer: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  it.each(['ec:secp384r1', 'rsa:2048', 'rsa:3072'])('with a key %s is accepted', (key) => {
    expect(identify(certificate({ ...GOOD, key }))).toMatchObject({ kind: 'identified' })
  })

  it('may have names beside its identity', () => {
    const request = { ...GOOD, altName: `${uri('bedside', 'box-1')},DNS:box-1.ward.test,IP:10.1.2.3` }
    expect(identify(certificate(request))).toMatchObject({ identity: { role: 'bedside' } })
  })

  it.each<{ name: string; request: OddRequest; reason: string }>([
    { name: 'is a CA', request: { isCa: true }, reason: 'is-a-ca' },
    { name: 'has RSA of 1024 bits', request: { key: 'rsa:1024' }, reason: 'weak-key' },
    { name: 'has a curve of no standing', request: { key: 'ec:secp256k1' }, reason: 'weak-key' },
    { name: 'is for servers', request: { extendedKeyUsage: 'serverAuth' }, reason: 'for-servers-only' },
    { name: 'is for mail', request: { extendedKeyUsage: 'emailProtection' }, reason: 'not-for-clients' },
    { name: 'is signed with SHA-1', request: { digest: 'sha1' }, reason: 'sha1-signature' },
    { name: 'is signed with MD5', request: { digest: 'md5' }, reason: 'md5-signature' },
    { name: 'is signed with SHA-224', request: { digest: 'sha224' }, reason: 'weak-signature' },
    {
      name: 'has a key for encryption',
      request: { keyUsage: 'critical,keyEncipherment' },
      reason: 'no-digital-signature',
    },
    { name: 'has a key for anything', request: { keyUsage: 'none' }, reason: 'no-digital-signature' },
    {
      name: 'has a critical extension of its own',
      request: { extra: ['1.2.3.4=critical,ASN1:NULL'] },
      reason: 'unknown-critical-extension',
    },
    {
      name: 'has another name than its identity',
      request: { subject: '/CN=mon-2' },
      reason: 'common-name-differs',
    },
    { name: 'has no name', request: { subject: '/O=ward.test' }, reason: 'common-name-differs' },
    {
      name: 'has two names',
      request: { subject: '/CN=mon-1/CN=mon-2' },
      reason: 'several-common-names',
    },
    {
      name: 'has two names in one',
      request: { subject: '/CN=mon-1+CN=mon-2' },
      reason: 'common-name-differs',
    },
    {
      name: 'is for any purpose',
      request: { extendedKeyUsage: 'anyExtendedKeyUsage' },
      reason: 'any-key-usage',
    },
    {
      name: 'is for clients and any purpose',
      request: { extendedKeyUsage: 'clientAuth,anyExtendedKeyUsage' },
      reason: 'any-key-usage',
    },
    { name: 'has a DNS name only', request: { altName: 'DNS:mon-1' }, reason: 'no-identity-uri' },
    {
      name: 'has two identities',
      request: { altName: `${uri('device', 'mon-1')},${uri('device', 'mon-2')}` },
      reason: 'several-uris',
    },
    {
      name: 'has an id in capitals',
      request: { altName: uri('device', 'MON-1') },
      reason: 'no-identity-uri',
    },
    { name: 'has a role of no one', request: { altName: uri('admin', 'root') }, reason: 'no-identity-uri' },
    { name: 'has one level more', request: { altName: uri('device', 'a/b') }, reason: 'no-identity-uri' },
    {
      name: 'is of another site',
      request: { altName: uri('device', 'mon-1', 'x.test') },
      reason: 'other-site',
    },
    { name: 'is of a server', request: { altName: uri('server', 'server') }, reason: 'not-a-client-role' },
  ])('that $name is refused', ({ request, reason }) => {
    expect(identify(certificate({ ...GOOD, ...request }))).toEqual({
      kind: 'refused',
      reason,
    })
  })

  it('that hides an identity in a DNS name is refused', () => {
    const hiding = certificate({ dnsName: `x, ${uri('device', 'mon-1')}`, extendedKeyUsage: CLIENT })
    expect(hiding.subjectAltName).toContain('spiffe://')
    expect(identify(hiding)).toEqual({ kind: 'refused', reason: 'no-identity-uri' })
  })

  it('without a purpose or without an identity is refused', () => {
    const altName = uri('device', 'mon-1')
    expect(identify(certificate({ altName }))).toMatchObject({ reason: 'no-purpose' })
    expect(identify(certificate({ extendedKeyUsage: CLIENT }))).toMatchObject({
      reason: 'no-identity-uri',
    })
  })

  it('is valid from its first to its last second, by the clock it is given', () => {
    const good = certificate(GOOD)
    const firstMs = Date.parse(good.validFrom)
    const lastMs = Date.parse(good.validTo)
    const at = (nowMs: number): string => reasonOf(identify(good, { nowMs }))
    expect([firstMs - 1, firstMs, lastMs, lastMs + 1, lastMs + 30 * DAY_MS].map(at)).toEqual([
      'not-yet-valid',
      'identified',
      'identified',
      'expired',
      'expired',
    ])
  })
  it('that is revoked is refused, whatever else is wrong with it', () => {
    const stolen = certificate({ ...GOOD, key: 'rsa:1024' })
    const fingerprint = stolen.fingerprint256.replaceAll(':', '').toLowerCase()
    expect(reasonOf(identify(stolen, { revoked: [fingerprint] }))).toBe('revoked')
    expect(reasonOf(identify(stolen, { revoked: ['00'] }))).toBe('weak-key')
  })
})

describe('the issuer of a certificate', () => {
  it('must be one of ours, by name and by signature', () => {
    const forger = makeOddCertificate({ isCa: true, subject: '/CN=issuing' })
    const reasons = [
      certificate(GOOD),
      certificate({ ...GOOD, issuer: other }),
      // Without a key identifier nothing but the signature tells the two apart.
      certificate({ ...GOOD, issuer: forger }),
      new X509Certificate(makeOddCertificate(GOOD).cert),
    ].map((one) => reasonOf(identify(one)))
    expect(reasons).toEqual(['identified', 'other-authority', 'false-signature', 'self-signed'])
  })

  it('may be the former one while it lasts', () => {
    const old = certificate({ ...GOOD, issuer: other })
    expect(reasonOf(identify(old, { issuers: [issuer, other] }))).toBe('identified')
    expect(reasonOf(identify(old, { issuers: [] }))).toBe('other-authority')
  })

  it('must be within its own dates', () => {
    const nowMs = Date.now()
    const brief = makeOddCertificate({ isCa: true, subject: '/CN=brief', days: 10 })
    const late = certificate({ ...GOOD, issuer: brief })
    const at = (days: number): string =>
      reasonOf(identify(late, { nowMs: nowMs + days * DAY_MS, issuers: [brief] }))
    expect([at(9), at(11)]).toEqual(['identified', 'authority-expired'])
  })

  it('that is bound by name constraints vouches for nobody', () => {
    const bound = makeOddCertificate({
      isCa: true,
      subject: '/CN=bound',
      extra: [`nameConstraints=critical,permitted;URI:${SITE}`],
    })
    const under = certificate({ ...GOOD, issuer: bound })
    expect(reasonOf(identify(under, { issuers: [bound] }))).toBe('name-constraints')
  })
})
