import { describe, expect, it } from '@jest/globals'
import { birthOf, readAuthorities } from '../../../gateway/security/verify-authority.ts'
import { makeOddCertificate, type OddCertificate, type OddRequest } from '../../support/odd-certificate.ts'

const DAY_MS = 86_400_000
const root = makeOddCertificate({ isCa: true, subject: '/CN=root' })

function under(issuer: OddCertificate, change: OddRequest = {}): string {
  const { cert } = makeOddCertificate({ isCa: true, subject: '/CN=issuing', issuer, ...change })
  return cert.slice(0, cert.length - issuer.cert.length)
}

describe('the authorities of a trust file', () => {
  it('are the issuing CAs under a root of the same file; the root itself issues to nobody', () => {
    const { issuing, refused } = readAuthorities(under(root) + root.cert)
    expect([issuing.map(({ subject }) => subject), refused]).toEqual([['CN=issuing'], []])
  })

  it('may be several, while one takes over from another; the youngest says since when it can be now', () => {
    const nowMs = Date.now()
    const young = under(root, { subject: '/CN=young', nowMs: nowMs + 5 * DAY_MS })
    const found = readAuthorities(young + under(root) + root.cert)
    expect(found.issuing.map(({ subject }) => subject)).toEqual(['CN=young', 'CN=issuing'])
    expect(birthOf(found)).toBeGreaterThan(nowMs + 4 * DAY_MS)
    expect(birthOf(readAuthorities(root.cert))).toBeUndefined()
  })

  const bad: readonly { name: string; change: OddRequest; reason: string }[] = [
    { name: 'is no CA', change: { isCa: false }, reason: 'not-a-ca' },
    { name: 'is signed with SHA-1', change: { digest: 'sha1' }, reason: 'weak-signature' },
    { name: 'has RSA of 1024 bits', change: { key: 'rsa:1024' }, reason: 'weak-key' },
    {
      name: 'may not sign certificates',
      change: { keyUsage: 'critical,cRLSign' },
      reason: 'not-a-ca',
    },
    {
      name: 'does not say what its key is for',
      change: { keyUsage: 'none' },
      reason: 'may-not-sign-certificates',
    },
    {
      name: 'has a critical extension that is not known',
      change: { extra: ['1.2.3.4=critical,ASN1:NULL'] },
      reason: 'unknown-critical-extension',
    },
  ]
  it.each(bad)('are without one that $name', ({ change, reason }) => {
    const { issuing, refused } = readAuthorities(under(root, change) + root.cert)
    expect([issuing, refused]).toEqual([[], [{ subject: 'CN=issuing', reason }]])
  })

  it('are without one whose root is not there, or that only has its name', () => {
    const namesake = makeOddCertificate({ isCa: true, subject: '/CN=root' })
    const reasons = [under(root), under(root) + namesake.cert].map((pem) => readAuthorities(pem).refused)
    expect(reasons).toEqual([
      [{ subject: 'CN=issuing', reason: 'no-root' }],
      [{ subject: 'CN=issuing', reason: 'no-root' }],
    ])
  })

  it('are without a certificate that cannot be read', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
    expect(readAuthorities(pem).refused).toEqual([{ subject: 'unknown', reason: 'unreadable' }])
  })
})
