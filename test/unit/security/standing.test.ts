import { describe, expect, it } from '@jest/globals'
import type { Identity } from '../../../gateway/ports.ts'
import { endingOf, standingOf, type StandingFacts } from '../../../gateway/security/standing.ts'

const who: Identity = { role: 'device', id: 'mon-1', fingerprint: 'f', notBeforeMs: 0, notAfterMs: 1_000 }
const FACTS: StandingFacts = { revocation: 'not-revoked', nowMs: 1_000, clock: 'trusted' }

describe('the standing of an identity', () => {
  it.each<{ facts: Partial<StandingFacts>; standing: string; ending: string | undefined }>([
    { facts: {}, standing: 'good', ending: undefined },
    { facts: { nowMs: 1_001 }, standing: 'certificate-expired', ending: 'certificate-expired' },
    { facts: { nowMs: Number.NaN }, standing: 'certificate-expired', ending: 'certificate-expired' },
    { facts: { nowMs: 1_001, clock: 'implausible' }, standing: 'good', ending: undefined },
    { facts: { revocation: 'revoked' }, standing: 'certificate-revoked', ending: 'certificate-revoked' },
    {
      facts: { revocation: 'revoked', clock: 'implausible' },
      standing: 'certificate-revoked',
      ending: 'certificate-revoked',
    },
    { facts: { revocation: 'unknown' }, standing: 'revocation-unknown', ending: undefined },
    {
      facts: { revocation: 'unknown', nowMs: 1_001 },
      standing: 'certificate-expired',
      ending: 'certificate-expired',
    },
  ])('is $standing for $facts, which ends a session as $ending', ({ facts, standing, ending }) => {
    const found = standingOf(who, { ...FACTS, ...facts })
    expect(found).toBe(standing)
    expect(endingOf(found)).toBe(ending)
  })

  it('of a person without a certificate ends with the log-in', () => {
    const { role, id, fingerprint, notAfterMs } = who
    expect(standingOf({ role, id, fingerprint, notAfterMs }, { ...FACTS, nowMs: 1_001 })).toBe(
      'log-in-expired',
    )
    expect(endingOf('log-in-expired')).toBe('log-in-expired')
  })
})
