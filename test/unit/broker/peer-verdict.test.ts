import { describe, expect, it } from '@jest/globals'
import { judgePeer, type PeerQuestion } from '../../../gateway/broker/peer-verdict.ts'
import type { Identification } from '../../../gateway/security/identify.ts'

const identity = { role: 'device', id: 'mon-1', fingerprint: 'f', notAfterMs: 0 } as const
const verified: Identification = { kind: 'identified', identity, issuer: 'i' }
const named: Identification = { kind: 'identified', identity }
const refused: Identification = { kind: 'refused', reason: 'revoked' }

const GOOD: PeerQuestion = {
  identification: verified,
  isAuthorized: true,
  tlsFault: undefined,
  clock: 'trusted',
}

const rows: readonly (PeerQuestion & { readonly outcome: string })[] = [
  { ...GOOD, outcome: 'admitted' },
  { ...GOOD, clock: 'implausible', outcome: 'admitted' },
  { ...GOOD, identification: named, outcome: 'admitted' },
  { ...GOOD, identification: undefined, outcome: 'no-certificate' },
  { ...GOOD, identification: refused, outcome: 'revoked' },
  { ...GOOD, identification: refused, clock: 'implausible', outcome: 'revoked' },
  { ...GOOD, isAuthorized: false, outcome: 'not-verified' },
  { ...GOOD, isAuthorized: false, clock: 'implausible', outcome: 'not-verified' },
  ...['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'CRL_HAS_EXPIRED', 'CRL_NOT_YET_VALID'].flatMap(
    (tlsFault) => {
      const late = { ...GOOD, isAuthorized: false, tlsFault }
      return [
        { ...late, outcome: tlsFault },
        { ...late, clock: 'implausible' as const, outcome: 'admitted' },
        // The lab's way of identifying: nobody but OpenSSL has looked at the chain.
        { ...late, clock: 'implausible' as const, identification: named, outcome: tlsFault },
        { ...late, clock: 'implausible' as const, identification: refused, outcome: 'revoked' },
        { ...late, clock: 'implausible' as const, identification: undefined, outcome: 'no-certificate' },
      ]
    },
  ),
  ...['CERT_REVOKED', 'UNABLE_TO_GET_CRL', 'INVALID_PURPOSE', 'UNSPECIFIED', 'SELF_SIGNED_CERT_IN_CHAIN'].map(
    (tlsFault) => ({
      ...GOOD,
      isAuthorized: false,
      tlsFault,
      clock: 'implausible' as const,
      outcome: tlsFault,
    }),
  ),
]

describe('the verdict on a peer', () => {
  it.each(rows)('OpenSSL: $isAuthorized $tlsFault, own: $identification, clock $clock: $outcome', (row) => {
    const verdict = judgePeer(row)
    expect(verdict.kind === 'refused' ? verdict.reason : verdict.kind).toBe(row.outcome)
  })
})
