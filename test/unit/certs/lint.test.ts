import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createIssuing, createRoot, issueCertificate, validityOf } from '../../../certs/authority.ts'
import { CertificateError } from '../../../certs/errors.ts'
import { lintPlan, type LintContext } from '../../../certs/lint.ts'
import { planCa, planLeaf, type CertificatePlan } from '../../../certs/plan.ts'
import { CLIENT_ROLES, LEAF_ROLES, PROFILES } from '../../../certs/profile.ts'

const nowMs = Date.UTC(2026, 8, 20, 10, 15, 2, 120)
const DAY_MS = 86_400_000
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const root = createRoot({ site: 'wardgate', nowMs })
const issuing = createIssuing(root, { site: 'wardgate', nowMs })
const issuer = { ...validityOf(issuing.certificate), role: 'issuing-ca' } as const
const context: LintContext = { issuer, nowMs }

const device = planLeaf({
  role: 'device',
  id: 'mon-1',
  site: 'wardgate',
  publicKey,
  nowMs,
  issuer,
  dnsNames: [],
  ipAddresses: [],
})
const server = planLeaf({
  role: 'server',
  id: 'gw-1',
  site: 'wardgate',
  publicKey,
  nowMs,
  issuer,
  dnsNames: ['localhost'],
  ipAddresses: ['127.0.0.1'],
})

describe('the lint of a planned certificate', () => {
  it('finds nothing in a plan made from its profile', () => {
    expect(lintPlan(device, context)).toEqual([])
    expect(lintPlan(server, context)).toEqual([])
  })

  it('finds nothing in a CA planned from its profile', () => {
    const plan = planCa({
      role: 'issuing-ca',
      site: 'wardgate',
      publicKey,
      nowMs,
      issuer: validityOf(root.certificate),
    })
    expect(lintPlan(plan, { issuer: { ...validityOf(root.certificate), role: 'root-ca' }, nowMs })).toEqual(
      [],
    )
  })

  const cases: readonly { name: string; rule: string; plan: CertificatePlan }[] = [
    { name: 'a site that is no trust domain', rule: 'site', plan: { ...device, site: 'Ward Gate' } },
    {
      name: 'a list under a name of another',
      rule: 'crl-address',
      plan: { ...server, crlHost: 'elsewhere.test' },
    },
    {
      name: 'a client that says where lists are',
      rule: 'crl-address',
      plan: { ...device, crlHost: 'localhost' },
    },
    {
      name: 'a weak key',
      rule: 'key',
      plan: { ...device, publicKey: generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey },
    },
    { name: 'an id with a slash', rule: 'common-name', plan: { ...device, commonName: 'a/b' } },
    { name: 'no identity', rule: 'identity-uri', plan: { ...device, uris: [] } },
    {
      name: 'two identities',
      rule: 'identity-uri',
      plan: { ...device, uris: [...device.uris, 'spiffe://wardgate/device/mon-2'] },
    },
    {
      name: 'the identity of another id',
      rule: 'identity-uri',
      plan: { ...device, uris: ['spiffe://wardgate/device/mon-2'] },
    },
    {
      name: 'the identity of another role',
      rule: 'identity-uri',
      plan: { ...device, uris: ['spiffe://wardgate/operator/mon-1'] },
    },
    {
      name: 'the identity of another site',
      rule: 'identity-uri',
      plan: { ...device, uris: ['spiffe://elsewhere/device/mon-1'] },
    },
    {
      name: 'a URI that is no identity',
      rule: 'identity-uri',
      plan: { ...device, uris: ['https://mon-1/'] },
    },
    { name: 'a host name on a client', rule: 'host-names', plan: { ...device, dnsNames: ['mon-1.example'] } },
    { name: 'an address on a client', rule: 'host-names', plan: { ...device, ipAddresses: ['10.0.0.1'] } },
    {
      name: 'a server without names',
      rule: 'host-names',
      plan: { ...server, dnsNames: [], ipAddresses: [] },
    },
    { name: 'a wildcard', rule: 'host-names', plan: { ...server, dnsNames: ['*.example.org'] } },
    { name: 'an address as a DNS name', rule: 'host-names', plan: { ...server, dnsNames: ['10.0.0.1'] } },
    { name: 'a DNS name as an address', rule: 'host-names', plan: { ...server, ipAddresses: ['gw'] } },
    { name: 'a name twice', rule: 'host-names', plan: { ...server, dnsNames: ['gw', 'gw'] } },
    { name: 'a device that may sign', rule: 'key-usage', plan: { ...device, keyUsage: ['keyCertSign'] } },
    {
      name: 'one key usage too many',
      rule: 'key-usage',
      plan: { ...device, keyUsage: ['digitalSignature', 'cRLSign'] },
    },
    {
      name: 'a client that may serve',
      rule: 'extended-key-usage',
      plan: { ...device, extendedKeyUsage: ['clientAuth', 'serverAuth'] },
    },
    { name: 'no purpose at all', rule: 'extended-key-usage', plan: { ...device, extendedKeyUsage: [] } },
    { name: 'a device that is a CA', rule: 'basic-constraints', plan: { ...device, isCa: true } },
    { name: 'a path length on a leaf', rule: 'basic-constraints', plan: { ...device, pathLength: 0 } },
    { name: 'a short serial', rule: 'serial', plan: { ...device, serial: device.serial.subarray(0, 8) } },
    {
      name: 'a negative serial',
      rule: 'serial',
      plan: { ...device, serial: withFirst(device.serial, 0x80) },
    },
    {
      name: 'a serial that begins with zero',
      rule: 'serial',
      plan: { ...device, serial: withFirst(device.serial, 0) },
    },
    { name: 'a constant serial', rule: 'serial', plan: { ...device, serial: new Uint8Array(16).fill(0x41) } },
    {
      name: 'an end beyond the issuer',
      rule: 'validity',
      plan: { ...device, notAfterMs: issuer.notAfterMs + 1000 },
    },
    {
      name: 'a beginning before the issuer',
      rule: 'validity',
      plan: { ...device, notBeforeMs: issuer.notBeforeMs - 1000 },
    },
    {
      name: 'a beginning in the future',
      rule: 'validity',
      plan: { ...device, notBeforeMs: (Math.floor(nowMs / 1000) + 1) * 1000 },
    },
    { name: 'an end in the past', rule: 'validity', plan: { ...device, notAfterMs: device.notBeforeMs } },
    {
      name: 'more days than the profile allows',
      rule: 'validity',
      plan: { ...device, notAfterMs: device.notBeforeMs + 826 * DAY_MS },
    },
    { name: 'a time that is no number', rule: 'validity', plan: { ...device, notAfterMs: Number.NaN } },
    { name: 'half a second', rule: 'validity', plan: { ...device, notAfterMs: device.notAfterMs - 500 } },
  ]

  it.each(cases)('finds $name, and nothing is signed', ({ rule, plan }) => {
    expect(lintPlan(plan, context).map((finding) => finding.rule)).toContain(rule)
    expect(() => issueCertificate(issuing, plan, nowMs)).toThrow(CertificateError)
  })

  it('finds a leaf that the root would issue and a CA that the issuing CA would issue', () => {
    const byRoot: LintContext = { issuer: { ...issuer, role: 'root-ca' }, nowMs }
    expect(lintPlan(device, byRoot).map(({ rule }) => rule)).toEqual(['issuer'])
    const ca = planCa({ role: 'issuing-ca', site: 'wardgate', publicKey, nowMs, issuer })
    expect(lintPlan(ca, context).map(({ rule }) => rule)).toEqual(['issuer'])
    expect(
      lintPlan({ ...ca, uris: ['spiffe://wardgate/device/x'] }, context).map(({ rule }) => rule),
    ).toEqual(['issuer', 'identity-uri'])
  })

  it('names every rule that was broken in one error', () => {
    const plan = { ...device, uris: [], keyUsage: [] }
    expect(() => issueCertificate(issuing, plan, nowMs)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          /^no certificate for device 'mon-1': exactly one identity URI.*; key usage/,
        ),
        context: { role: 'device', id: 'mon-1', rules: 'identity-uri,key-usage' },
      }),
    )
  })
})

describe('a plan', () => {
  it('begins five minutes early, but never before its issuer', () => {
    expect(device.notBeforeMs).toBe(Math.floor((nowMs - 300_000) / 1000) * 1000)
    const young = { notBeforeMs: Math.floor(nowMs / 1000) * 1000, notAfterMs: nowMs + DAY_MS }
    const plan = planLeaf({ ...request('device'), issuer: young })
    expect(plan.notBeforeMs).toBe(young.notBeforeMs)
  })

  it('never ends after its issuer', () => {
    const ending = { notBeforeMs: 0, notAfterMs: Math.floor(nowMs / 1000) * 1000 + 5000 }
    expect(planLeaf({ ...request('device'), issuer: ending }).notAfterMs).toBe(ending.notAfterMs)
  })

  it('never repeats a serial', () => {
    const serials = Array.from({ length: 200 }, () =>
      Buffer.from(planLeaf(request('device')).serial).toString('hex'),
    )
    expect(new Set(serials).size).toBe(200)
  })

  it.each(LEAF_ROLES)('of a %s lasts as its profile says', (role) => {
    const { notAfterMs } = planLeaf(request(role))
    expect(notAfterMs).toBe(Math.floor((nowMs + PROFILES[role].validityDays * DAY_MS) / 1000) * 1000)
  })
})

describe('the profiles', () => {
  it.each(CLIENT_ROLES)('let a %s be a client only', (role) => {
    expect(PROFILES[role]).toMatchObject({ extendedKeyUsage: ['clientAuth'], isCa: false, names: 'identity' })
  })

  it('let a server be a server only', () => {
    expect(PROFILES.server).toMatchObject({ extendedKeyUsage: ['serverAuth'], isCa: false })
  })

  it('let nobody but a CA sign certificates', () => {
    for (const profile of Object.values(PROFILES))
      expect(profile.keyUsage.includes('keyCertSign')).toBe(profile.isCa)
  })

  it('never last longer by default than they may', () => {
    for (const profile of Object.values(PROFILES))
      expect(profile.validityDays).toBeLessThanOrEqual(profile.longestDays)
  })
})

function request(role: (typeof LEAF_ROLES)[number]) {
  return { role, id: 'x', site: 'wardgate', publicKey, nowMs, issuer, dnsNames: [], ipAddresses: [] }
}

function withFirst(serial: Uint8Array, first: number): Uint8Array {
  return Uint8Array.of(first, ...serial.subarray(1))
}
