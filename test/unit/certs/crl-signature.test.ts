import { beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { createIssuing, createRoot, type Authority } from '../../../certs/authority.ts'
import { isCrlOf } from '../../../certs/crl-signature.ts'
import { pemBlocks } from '../../../certs/pem.ts'
import { buildCrl } from '../../../certs/revocation.ts'

const nowMs = Date.parse('2026-09-20T10:15:00.000Z')
let root: Authority
let issuing: Authority
let der: Uint8Array
beforeAll(() => {
  root = createRoot({ site: 'ward.test', nowMs })
  issuing = createIssuing(root, { site: 'ward.test', nowMs })
  der = derOf(buildCrl(issuing, { number: 1, nowMs, revoked: [] }))
})
const derOf = (pem: string): Uint8Array => pemBlocks(pem)[0]?.der ?? new Uint8Array()

describe('a revocation list', () => {
  it('is of the authority that signed it, and of no other', () => {
    expect([isCrlOf(der, issuing.certificate), isCrlOf(der, root.certificate)]).toEqual([true, false])
  })

  it('long enough for lengths of three octets is read as well', () => {
    const revoked = Array.from({ length: 3_000 }, (_, index) => ({
      serial: `4${String(index).padStart(31, '0')}`,
      revokedAtMs: nowMs,
      reason: 'superseded' as const,
    }))
    const long = derOf(buildCrl(issuing, { number: 2, nowMs, revoked }))
    expect(long.length).toBeGreaterThan(65_535)
    expect(isCrlOf(long, issuing.certificate)).toBe(true)
  })

  it('with any single bit changed is of nobody', () => {
    fc.assert(
      fc.property(fc.nat(der.length * 8 - 1), (bit) => {
        const changed = Uint8Array.from(der)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(isCrlOf(changed, issuing.certificate)).toBe(false)
      }),
    )
  })

  it('cut short or prolonged is of nobody, and neither are any other bytes', () => {
    for (let length = 0; length < der.length; length += 1)
      expect(isCrlOf(der.subarray(0, length), issuing.certificate)).toBe(false)
    expect(isCrlOf(Uint8Array.of(...der, 0), issuing.certificate)).toBe(false)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(isCrlOf(bytes, issuing.certificate)).toBe(false)
      }),
    )
  })
})
