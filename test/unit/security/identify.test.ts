import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { createIdentify, identify } from '../../../gateway/security/identify.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { makeOddCertificate, type OddCertificate, type OddRequest } from '../../support/odd-certificate.ts'

const SITE = 'ward.test'
const uri = (role: string, id: string, site = SITE): string => `URI:spiffe://${site}/${role}/${id}`
const CLIENT = 'clientAuth'
const GOOD: OddRequest = { altName: uri('device', 'mon-1'), extendedKeyUsage: CLIENT }

let issuer: OddCertificate
beforeAll(() => {
  issuer = makeOddCertificate({ isCa: true })
})
const certificate = (request: OddRequest): X509Certificate =>
  new X509Certificate(makeOddCertificate({ issuer, ...request }).cert)
const DAY_MS = 86_400_000

describe('a certificate', () => {
  it('names role and id, its fingerprint in hexadecimal and its end', () => {
    const good = certificate(GOOD)
    expect(identify(good, SITE, Date.now())).toEqual({
      kind: 'identified',
      identity: {
        role: 'device',
        id: 'mon-1',
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        notBeforeMs: Date.parse(good.validFrom),
        notAfterMs: Date.parse(good.validTo),
      },
    })
  })

  it.each(['ec:secp384r1', 'rsa:2048', 'rsa:3072'])('with a key %s is accepted', (key) => {
    expect(identify(certificate({ ...GOOD, key }), SITE, Date.now())).toMatchObject({ kind: 'identified' })
  })

  it('may have names beside its identity', () => {
    const request = { ...GOOD, altName: `${uri('bedside', 'box-1')},DNS:box-1.ward.test,IP:10.1.2.3` }
    expect(identify(certificate(request), SITE, Date.now())).toMatchObject({ identity: { role: 'bedside' } })
  })

  it.each<{ name: string; request: OddRequest; reason: string }>([
    { name: 'is a CA', request: { isCa: true }, reason: 'is-a-ca' },
    { name: 'has RSA of 1024 bits', request: { key: 'rsa:1024' }, reason: 'weak-key' },
    { name: 'has a curve of no standing', request: { key: 'ec:secp256k1' }, reason: 'weak-key' },
    { name: 'is for servers', request: { extendedKeyUsage: 'serverAuth' }, reason: 'not-for-clients' },
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
      reason: 'no-identity-uri',
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
    expect(identify(certificate({ ...GOOD, ...request }), SITE, Date.now())).toEqual({
      kind: 'refused',
      reason,
    })
  })

  it('that hides an identity in a DNS name is refused', () => {
    const hiding = certificate({ dnsName: `x, ${uri('device', 'mon-1')}`, extendedKeyUsage: CLIENT })
    expect(hiding.subjectAltName).toContain('spiffe://')
    expect(identify(hiding, SITE, Date.now())).toEqual({ kind: 'refused', reason: 'no-identity-uri' })
  })

  it('without a purpose or without an identity is refused', () => {
    const altName = uri('device', 'mon-1')
    expect(identify(certificate({ altName }), SITE, Date.now())).toMatchObject({ reason: 'not-for-clients' })
    expect(identify(certificate({ extendedKeyUsage: CLIENT }), SITE, Date.now())).toMatchObject({
      reason: 'no-identity-uri',
    })
  })

  it('is valid from its first to its last second, by the clock it is given', () => {
    const good = certificate(GOOD)
    const firstMs = Date.parse(good.validFrom)
    const lastMs = Date.parse(good.validTo)
    const at = (nowMs: number): unknown => {
      const found = createIdentify(SITE, new FakeClock(nowMs))(good)
      return found.kind === 'refused' ? found.reason : found.kind
    }
    expect([firstMs - 1, firstMs, lastMs, lastMs + 1, lastMs + 30 * DAY_MS].map(at)).toEqual([
      'not-yet-valid',
      'identified',
      'identified',
      'expired',
      'expired',
    ])
  })
})
